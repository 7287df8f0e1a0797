#include "check.h"
TEST(number) { CHECK(1); }
