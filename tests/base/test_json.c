#include "check.h"
TEST(json) { CHECK(1); }
