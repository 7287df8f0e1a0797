#include "check.h"

#include "base/alloc.h"
#include "wf/matrix.h"

TEST(matrix_shape_and_names) {
  wf_error err = WF_ERROR_INIT;
  wf_matrix *m;
  REQUIRE_OK(wf_matrix_new(&m, 5, 2, NULL, &err), err);
  CHECK_EQ_STR(wf_matrix_name_at(m, 1), "f1");
  CHECK_EQ_INT((uintptr_t)wf_matrix_column_at(m, 1) % WF_ALIGNMENT, 0);
  CHECK_SAME(wf_matrix_column_at(m, 1)[4], 0);
  wf_matrix_column_at(m, 1)[3] = 7;
  wf_features view = wf_matrix_features(m);
  CHECK_EQ_INT(view.n_rows, 5);
  CHECK_SAME(view.data[3 * view.row_stride + 1 * view.column_stride], 7);
  wf_matrix_release(m);
}

TEST(matrix_take) {
  wf_error err = WF_ERROR_INIT;
  wf_matrix *m, *t = NULL;
  REQUIRE_OK(wf_matrix_new(&m, 3, 2, (const char *[]){"a", "b"}, &err), err);
  for (int i = 0; i < 3; i++) {
    wf_matrix_column_at(m, 0)[i] = (float)i;
    wf_matrix_column_at(m, 1)[i] = (float)(10 + i);
  }
  REQUIRE_OK(wf_matrix_take(&t, m, (size_t[]){2, 0, 2, 2}, 4, &err), err);
  CHECK_EQ_INT(wf_matrix_row_count(t), 4);
  CHECK_EQ_STR(wf_matrix_name_at(t, 1), "b");
  CHECK_SAME(wf_matrix_column_at(t, 1)[0], 12);
  CHECK_SAME(wf_matrix_column_at(t, 0)[1], 0);
  CHECK_FAILS(wf_matrix_take(&t, m, (size_t[]){3}, 1, &err), err, WF_INVALID, "row 4");
  wf_matrix_release(m);
  wf_matrix_release(t);
}

TEST(matrix_too_large) {
  wf_error err = WF_ERROR_INIT;
  wf_matrix *m = NULL;
  CHECK_FAILS(wf_matrix_new(&m, SIZE_MAX / 8, 3, NULL, &err), err, WF_NOMEM, "memory");
  CHECK_FAILS(wf_matrix_new(&m, SIZE_MAX, 1, NULL, &err), err, WF_NOMEM, "memory");
  CHECK(m == NULL);
}

static bool new_and_take(void) {
  wf_matrix *m = NULL, *t = NULL;
  bool ok = wf_matrix_new(&m, 3, 2, NULL, NULL) == WF_OK &&
            wf_matrix_take(&t, m, (size_t[]){1}, 1, NULL) == WF_OK;
  wf_matrix_release(m);
  wf_matrix_release(t);
  return ok;
}

TEST(matrix_out_of_memory) { CHECK_OOM_SAFE(new_and_take()); }
