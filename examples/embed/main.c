/* main.c — a C program that trains a model with a wf script and reads the result.
 *
 *   make && ./embed summary.lua
 *
 * Builds with nothing but `pkg-config --cflags --libs wf`. */
#include <wf.h>

#include <stdio.h>
#include <string.h>

/* Everything the script prints comes here; the library itself prints nothing. */
static void on_print(void *context, const char *line) {
  const char *prefix = context;
  printf("%s%s\n", prefix, line);
}

static int fail(const wf_engine *engine, const wf_error *err) {
  fprintf(stderr, "failed (%s): %s\n", wf_status_name(err->status), err->message);
  if (engine) fprintf(stderr, "%s\n", wf_engine_traceback(engine));
  return 1;
}

/* Calls the script's function `describe` with a text and a number, and prints what it returns. */
static wf_status call_describe(wf_engine *engine, wf_error *err) {
  wf_value args[] = {
      {.kind = WF_VALUE_STRING, .string = "amount", .size = strlen("amount")},
      {.kind = WF_VALUE_INTEGER, .integer = 2},
  };
  wf_value result;
  wf_status status = wf_engine_call(engine, "describe", args, 2, &result, err);
  if (status == WF_OK) printf("describe: %s\n", result.string);
  return status;
}

int main(int argc, char **argv) {
  wf_error err = WF_ERROR_INIT;
  wf_engine *engine;
  wf_engine_options options = {.print = on_print, .context = "script: "};
  if (argc != 2) {
    fprintf(stderr, "usage: %s SCRIPT\n", argv[0]);
    return 2;
  }
  if (wf_engine_new(&engine, &options, &err) != WF_OK) return fail(NULL, &err);

  int outcome = 0;
  wf_value mean;
  wf_value threshold = {.kind = WF_VALUE_NUMBER, .number = 100};
  if (wf_engine_set(engine, "threshold", &threshold, &err) != WF_OK ||
      wf_engine_run_file(engine, argv[1], 0, NULL, &err) != WF_OK ||
      wf_engine_get(engine, "summary.mean", &mean, &err) != WF_OK ||
      call_describe(engine, &err) != WF_OK)
    outcome = fail(engine, &err);
  else
    printf("mean: %.2f\n", mean.number);

  wf_engine_free(engine);
  return outcome;
}
