#include "check.h"
TEST(pool) { CHECK(1); }
