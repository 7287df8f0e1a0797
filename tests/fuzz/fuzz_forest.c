/* fuzz_forest.c — model documents: parse, and if one is accepted, predict with it and explain it.
 */
#include "use_model.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (use_model(data, size) == USE_BROKEN) abort();
  return 0;
}
