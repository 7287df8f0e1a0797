#include "check.h"
TEST(error) { CHECK(1); }
