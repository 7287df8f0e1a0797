#include "check.h"
TEST(bytes) { CHECK(1); }
