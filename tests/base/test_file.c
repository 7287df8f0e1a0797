#include "check.h"
TEST(file) { CHECK(1); }
