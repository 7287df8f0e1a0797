#include "check.h"
TEST(map) { CHECK(1); }
