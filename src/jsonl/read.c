/* read.c — chunks of lines, read side by side and put together.
 *
 * No JSON token holds a line end, so a text can be cut behind any of them. Chunks are read with
 * what each alone knows of its columns; then the kinds met by all decide the types, and the few
 * chunks whose numbers or truths turn out to be texts are read once more. The cuts depend on the
 * size of the text alone, and the outcome does not even depend on them.
 *
 * The bytes must end in '\n': where the caller's do not, the last line is read from a copy. */
#include "wf/jsonl.h"

#include "base/packed.h"
#include "base/pool.h"
#include "frame/rejects.h"
#include "jsonl/finish.h"

#include <limits.h>
#include <string.h>

enum { MIN_BLOCK = 1 << 18, MAX_BLOCK = 1 << 26, BLOCKS = 64 };

typedef struct reader {
  const char *path, *begin, *end; /* the text without its mark */
  char *tail;                     /* NULL, or a copy of the last line, ended */
  const char *tail_from;          /* the line of the text that the copy is of */
  size_t block;                   /* 0: by the size of the text */
  wf_jsonl_plan plan;
  WF_ARRAY(wf_jsonl_chunk) chunks;
  wf_map *names; /* of the columns, in the order of the frame */
  unsigned *kinds;
  wf_map *texts;
  wf_column **columns;
} reader;

static void dispose(reader *r) {
  for (size_t i = 0; i < r->chunks.count; i++) wf_jsonl_chunk_dispose(&r->chunks.items[i]);
  wf_free(r->chunks.items);
  size_t n = r->names ? wf_map_count(r->names) : 0;
  for (size_t i = 0; r->columns && i < n; i++) wf_column_release(r->columns[i]);
  wf_free(r->columns);
  wf_free(r->kinds);
  wf_free(r->tail);
  wf_map_free(r->names);
  wf_map_free(r->texts);
  wf_map_free(r->plan.wanted);
  wf_map_free(r->plan.typed);
}

/* ---- places -----------------------------------------------------------------------------------
 */

/* A place in the copy of the last line as one in the text. */
static const char *in_text(const reader *r, const char *at) {
  size_t size = r->tail ? (size_t)(r->end - r->tail_from) : 0;
  if (r->tail && at >= r->tail && at <= r->tail + size) return r->tail_from + (at - r->tail);
  return at;
}

static size_t count_lines(const char *from, const char *to) {
  size_t n = 0;
  while (from < to && (from = memchr(from, '\n', (size_t)(to - from)))) n++, from++;
  return n;
}

static wf_status raise(const reader *r, const wf_jsonl_fault *fault, wf_error *err) {
  if (fault->status == WF_NOMEM) return wf_fail_nomem(err);
  const char *at = in_text(r, fault->at), *line = at;
  while (line > r->begin && line[-1] != '\n') line--;
  size_t number = count_lines(r->begin, line) + 1, byte = (size_t)(at - line) + 1;
  int shown_line = number < INT_MAX ? (int)number : INT_MAX;
  int shown_byte = byte < INT_MAX ? (int)byte : INT_MAX;
  if (r->path) {
    return wf_fail_at(err, fault->status, shown_line, shown_byte, "%s:%zu:%zu: %s", r->path, number,
                      byte, fault->why);
  }
  return wf_fail_at(err, fault->status, shown_line, shown_byte, "line %zu, byte %zu: %s", number,
                    byte, fault->why);
}

/* ---- chunks -----------------------------------------------------------------------------------
 */

static wf_status add_chunk(reader *r, const char *begin, const char *end, wf_error *err) {
  if (begin == end) return WF_OK;
  if ((size_t)(end - begin) > UINT32_MAX && count_lines(begin, end) > UINT32_MAX) {
    return wf_fail(err, WF_LIMIT, "too many lines in one piece");
  }
  bool pushed = wf_array_push(&r->chunks, ((wf_jsonl_chunk){.begin = begin, .end = end}));
  return pushed ? WF_OK : wf_fail_nomem(err);
}

static wf_status cut(reader *r, wf_error *err) {
  size_t size = (size_t)(r->end - r->begin), block = r->block ? r->block : size / BLOCKS;
  if (!r->block && block < MIN_BLOCK) block = MIN_BLOCK;
  if (block > MAX_BLOCK) block = MAX_BLOCK;
  const char *begin = r->begin;
  while (begin < r->end) {
    const char *from = (size_t)(r->end - begin) > block ? begin + block : r->end - 1;
    const char *end = memchr(from, '\n', (size_t)(r->end - from));
    if (!end) break;
    WF_TRY(add_chunk(r, begin, end + 1, err));
    begin = end + 1;
  }
  const char *last = begin; /* lines that are ended, then one that is not */
  for (const char *p = begin; (p = memchr(p, '\n', (size_t)(r->end - p)));) last = ++p;
  WF_TRY(add_chunk(r, begin, last, err));
  if (last == r->end) return WF_OK;
  size = (size_t)(r->end - last);
  if (!(r->tail = wf_alloc(size + 1))) return wf_fail_nomem(err);
  memcpy(r->tail, last, size);
  r->tail[size] = '\n';
  r->tail_from = last;
  return add_chunk(r, r->tail, r->tail + size + 1, err);
}

typedef struct job {
  reader *r;
  bool again; /* only chunks with numbers where there should be text */
} job;

static bool must_again(const reader *r, const wf_jsonl_chunk *chunk) {
  for (size_t i = 0; i < chunk->columns.count; i++) {
    const wf_jsonl_column *column = &chunk->columns.items[i];
    bool text = column->store == WF_JSONL_TEXTS || column->store == WF_JSONL_EMPTY ||
                column->store == WF_JSONL_UNWANTED;
    if (!text && wf_map_find(r->texts, wf_map_key(chunk->names, i)) >= 0) return true;
  }
  return false;
}

static wf_status read_chunk(void *context, size_t index, size_t begin, size_t end, size_t worker,
                            wf_error *err) {
  (void)begin, (void)end, (void)worker;
  const job *work = context;
  wf_jsonl_chunk *chunk = &work->r->chunks.items[index];
  if (work->again && !must_again(work->r, chunk)) return WF_OK;
  if (work->again) wf_jsonl_chunk_dispose(chunk);
  wf_jsonl_plan plan = work->r->plan;
  bool tail = chunk->begin == work->r->tail;
  plan.limit = tail ? chunk->end : work->r->end;
  wf_jsonl_fault fault = {WF_OK, NULL, ""};
  if (wf_jsonl_chunk_read(chunk, &plan, &fault) == WF_OK) return WF_OK;
  return raise(work->r, &fault, err);
}

static wf_status read_chunks(reader *r, bool again, wf_error *err) {
  job work = {r, again};
  return wf_parallel_for(r->chunks.count, 1, 0, read_chunk, &work, err);
}

/* ---- columns ----------------------------------------------------------------------------------
 */

static wf_status fail_absent(const reader *r, const char *name, wf_error *err) {
  if (r->path) return wf_fail(err, WF_NOTFOUND, "%s: no line has the key '%s'", r->path, name);
  return wf_fail(err, WF_NOTFOUND, "no line has the key '%s'", name);
}

static wf_status check_present(const reader *r, const char *const *names, size_t n, wf_error *err) {
  for (size_t i = 0; i < n; i++) {
    bool found = false;
    for (size_t c = 0; c < r->chunks.count && !found; c++) {
      const wf_jsonl_chunk *chunk = &r->chunks.items[c];
      ptrdiff_t index = wf_map_find(chunk->names, wf_view_of(names[i]));
      found = index >= 0 && chunk->columns.items[index].real;
    }
    if (!found) return fail_absent(r, names[i], err);
  }
  return WF_OK;
}

/* Names in the order of the frame. */
static wf_status gather_names(reader *r, wf_error *err) {
  const wf_jsonl_options *options = r->plan.options;
  WF_TRY(wf_map_new(&r->names, err));
  if (!options->absent_missing) {
    WF_TRY(check_present(r, options->columns, options->columns ? options->n_columns : 0, err));
    WF_TRY(check_present(r, options->typed, options->n_typed, err));
  }
  size_t index;
  for (size_t i = 0; options->columns && i < options->n_columns; i++) {
    WF_TRY(wf_map_add(r->names, wf_view_of(options->columns[i]), &index, NULL, err));
  }
  for (size_t c = 0; !options->columns && c < r->chunks.count; c++) {
    const wf_jsonl_chunk *chunk = &r->chunks.items[c];
    for (size_t i = 0; i < chunk->real.count; i++) {
      wf_view name = wf_map_key(chunk->names, chunk->real.items[i]);
      WF_TRY(wf_map_add(r->names, name, &index, NULL, err));
    }
  }
  return WF_OK;
}

static bool is_text(unsigned kinds) {
  unsigned truth = 1u << WF_JSONL_TRUTH, number = 1u << WF_JSONL_INTEGER | 1u << WF_JSONL_NUMBER;
  return kinds & ~(truth | number) || (kinds & truth && kinds & number);
}

static wf_type type_of(unsigned kinds) {
  if (kinds == 0) return WF_F64;
  if (is_text(kinds)) return WF_CATEGORY;
  if (kinds == 1u << WF_JSONL_TRUTH) return WF_BOOL;
  return kinds == 1u << WF_JSONL_INTEGER ? WF_I64 : WF_F64;
}

/* The kinds of every column, and which are text. */
static wf_status gather_kinds(reader *r, wf_error *err) {
  size_t n = wf_map_count(r->names);
  r->kinds = wf_alloc_zero(n, sizeof *r->kinds);
  if (!r->kinds) return wf_fail_nomem(err);
  WF_TRY(wf_map_new(&r->texts, err));
  for (size_t c = 0; c < r->chunks.count; c++) {
    const wf_jsonl_chunk *chunk = &r->chunks.items[c];
    for (size_t i = 0; i < chunk->columns.count; i++) {
      ptrdiff_t index = wf_map_find(r->names, wf_map_key(chunk->names, i));
      if (index >= 0) r->kinds[index] |= chunk->columns.items[i].kinds;
    }
  }
  for (size_t i = 0; i < n; i++) {
    wf_view name = wf_map_key(r->names, i);
    bool given = r->plan.typed && wf_map_find(r->plan.typed, name) >= 0;
    size_t index;
    if (!given && is_text(r->kinds[i])) WF_TRY(wf_map_add(r->texts, name, &index, NULL, err));
  }
  r->plan.texts = r->texts;
  return WF_OK;
}

static wf_status finish_column(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  (void)begin, (void)end, (void)worker;
  reader *r = context;
  wf_view name = wf_map_key(r->names, index);
  wf_jsonl_part *parts = wf_alloc_array(r->chunks.count, sizeof *parts);
  if (!parts) return wf_fail_nomem(err);
  size_t row = 0;
  for (size_t c = 0; c < r->chunks.count; c++) {
    wf_jsonl_chunk *chunk = &r->chunks.items[c];
    ptrdiff_t at = wf_map_find(chunk->names, name);
    parts[c] = (wf_jsonl_part){at < 0 ? NULL : &chunk->columns.items[at], row};
    row += chunk->n_rows;
  }
  ptrdiff_t given = r->plan.typed ? wf_map_find(r->plan.typed, name) : -1;
  wf_type type = given < 0 ? type_of(r->kinds[index]) : r->plan.options->types[given];
  wf_status status =
      wf_jsonl_finish(&r->columns[index], parts, r->chunks.count, row, type, given >= 0, err);
  wf_free(parts);
  return status;
}

static wf_status make_frame(wf_frame **out, reader *r, wf_error *err) {
  size_t n = wf_map_count(r->names);
  r->columns = wf_alloc_zero(n, sizeof *r->columns);
  if (!r->columns) return wf_fail_nomem(err);
  size_t n_threads = r->chunks.count > 1 ? 0 : 1;
  WF_TRY(wf_parallel_for(n, 1, n_threads, finish_column, r, err));
  char **names = wf_alloc_zero(n, sizeof *names);
  wf_status status = names ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    wf_view name = wf_map_key(r->names, i);
    if (!(names[i] = wf_strndup(name.data, name.size))) status = wf_fail_nomem(err);
  }
  if (status == WF_OK) {
    status = wf_frame_new(out, (const char *const *)names, r->columns, n, err);
  }
  for (size_t i = 0; names && i < n; i++) wf_free(names[i]);
  wf_free(names);
  return status;
}

/* ---- rejected lines ---------------------------------------------------------------------------
 */

static wf_status add_all_rejected(wf_rejects *to, const reader *r, wf_jsonl_report *report,
                                  wf_error *err) {
  const char *counted = r->begin;
  size_t line = 1;
  for (size_t c = 0; c < r->chunks.count; c++) {
    const wf_jsonl_chunk *chunk = &r->chunks.items[c];
    for (size_t i = 0; i < chunk->rejected.count; i++) {
      const wf_jsonl_rejected *rejected = &chunk->rejected.items[i];
      const char *at = in_text(r, rejected->line);
      line += count_lines(counted, at);
      counted = at;
      if (report->n_skipped++ == 0) report->first_skipped_line = line;
      wf_view text = {rejected->line, rejected->size};
      if (text.size && text.data[text.size - 1] == '\r') text.size--;
      WF_TRY(wf_rejects_add(to, line, rejected->why, text, err));
    }
  }
  return WF_OK;
}

static wf_status report_rejected(wf_jsonl_report *report, const reader *r, wf_error *err) {
  wf_rejects to;
  wf_status status = wf_rejects_init(&to, false, err);
  if (status == WF_OK) status = add_all_rejected(&to, r, report, err);
  if (status == WF_OK) status = wf_rejects_finish(&report->rejected, &to, err);
  wf_rejects_dispose(&to);
  return status;
}

void wf_jsonl_report_dispose(wf_jsonl_report *report) {
  wf_frame_release(report->rejected);
  *report = (wf_jsonl_report){0};
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static wf_status map_names(wf_map **out, const char *const *names, size_t n, const char *what,
                           wf_error *err) {
  WF_TRY(wf_map_new(out, err));
  for (size_t i = 0; i < n; i++) {
    size_t index;
    bool added;
    WF_TRY(wf_map_add(*out, wf_view_of(names[i]), &index, &added, err));
    if (!added) return wf_fail(err, WF_INVALID, "column '%s' is %s twice", names[i], what);
  }
  return WF_OK;
}

static wf_status read_all(wf_frame **out, reader *r, wf_jsonl_report *report, wf_error *err) {
  const wf_jsonl_options *options = r->plan.options;
  if (options->columns) {
    WF_TRY(map_names(&r->plan.wanted, options->columns, options->n_columns, "asked for", err));
  }
  if (options->n_typed) {
    WF_TRY(map_names(&r->plan.typed, options->typed, options->n_typed, "given a type", err));
  }
  WF_TRY(cut(r, err));
  WF_TRY(read_chunks(r, false, err));
  WF_TRY(gather_names(r, err));
  WF_TRY(gather_kinds(r, err));
  if (wf_map_count(r->texts)) WF_TRY(read_chunks(r, true, err));
  for (size_t c = 0; c < r->chunks.count; c++) report->n_rows += r->chunks.items[c].n_rows;
  WF_TRY(report_rejected(report, r, err));
  return make_frame(out, r, err);
}

static wf_status read_text(wf_frame **out, const char *path, wf_view text, size_t block,
                           const wf_jsonl_options *options, wf_jsonl_report *report,
                           wf_error *err) {
  static const wf_jsonl_options defaults = {0};
  if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) text.data += 3, text.size -= 3;
  reader r = {.path = path, .begin = text.data, .end = text.data + text.size, .block = block};
  r.plan.options = options ? options : &defaults;
  wf_jsonl_report met = {0};
  wf_status status = read_all(out, &r, &met, err);
  dispose(&r);
  if (status == WF_OK && report)
    *report = met;
  else
    wf_jsonl_report_dispose(&met);
  return status;
}

wf_status wf_jsonl_read(wf_frame **out, const char *path, const wf_jsonl_options *options,
                        wf_jsonl_report *report, wf_error *err) {
  char *data;
  size_t size;
  WF_TRY(wf_packed_read(path, &data, &size, err));
  wf_status status = read_text(out, path, (wf_view){data, size}, 0, options, report, err);
  wf_free(data);
  return status;
}

wf_status wf_jsonl_parse(wf_frame **out, const char *text, size_t size,
                         const wf_jsonl_options *options, wf_jsonl_report *report, wf_error *err) {
  return wf_jsonl_parse_by(out, (wf_view){size ? text : "", size}, options, 0, report, err);
}

wf_status wf_jsonl_parse_by(wf_frame **out, wf_view text, const wf_jsonl_options *options,
                            size_t block, wf_jsonl_report *report, wf_error *err) {
  return read_text(out, NULL, text, block, options, report, err);
}
