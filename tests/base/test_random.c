#include "check.h"
TEST(random) { CHECK(1); }
