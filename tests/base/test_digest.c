#include "check.h"
TEST(digest) { CHECK(1); }
