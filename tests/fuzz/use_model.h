/* tests/fuzz/use_model.h — what is done with a model document of unknown origin. */
#ifndef WF_TESTS_FUZZ_USE_MODEL_H
#define WF_TESTS_FUZZ_USE_MODEL_H

#include <stdbool.h>
#include <stddef.h>

typedef enum use_outcome {
  USE_REFUSED,   /* by the loader */
  USE_ACCEPTED,  /* but not explainable, or too wide to be predicted with here */
  USE_EXPLAINED, /* predicted and explained */
  USE_BROKEN     /* accepted, but it predicts or explains what it must not */
} use_outcome;

/* Loads the bytes and, when they are accepted, predicts and explains a few rows. */
use_outcome use_model(const void *bytes, size_t size);

#endif
