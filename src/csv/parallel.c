/* parallel.c — regular text to columns: all chunks at once, all columns of a chunk in one walk.
 *
 * Fixed-width values are written straight to their place in the final column, since every chunk
 * knows its first row; text and dictionaries are put together afterwards. Types are guessed from
 * the first stretch of text. Columns for which the guess was too narrow anywhere are walked once
 * more with the type that holds everything met; as every pass but the last widens, there are few.
 */
#include "csv/plan.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "csv/fast.h"
#include "csv/records.h"

#include <stdatomic.h>
#include <string.h>

/* ---- parts of the text ----------------------------------------------------------------------- */

wf_status wf_csv_pieces_new(wf_csv_pieces *out, const wf_csv_text *text, wf_error *err) {
  size_t n = wf_thread_count();
  wf_csv_piece *items = wf_alloc_zero(n, sizeof *items);
  if (!items) return wf_fail_nomem(err);
  *out = (wf_csv_pieces){text, items, n};
  return WF_OK;
}

void wf_csv_pieces_dispose(wf_csv_pieces *pieces) {
  for (size_t i = 0; i < pieces->n; i++) wf_free(pieces->items[i].data);
  wf_free(pieces->items);
  *pieces = (wf_csv_pieces){0};
}

wf_status wf_csv_pieces_get(const char **out, wf_csv_pieces *pieces, size_t worker, size_t begin,
                            size_t end, wf_error *err) {
  return wf_csv_piece_get(out, &pieces->items[worker], pieces->text, begin, end, err);
}

/* ---- passes ---------------------------------------------------------------------------------- */

/* One column on its way through the passes. */
typedef struct progress {
  wf_csv_target target;
  wf_buffer *values; /* of this pass */
  bool pending;
} progress;

typedef struct pass {
  const wf_csv_plan *plan;
  const wf_csv_chunks *chunks;
  progress *columns;
  bool *wanted;        /* by field */
  wf_csv_sink *sinks;  /* by chunk, then column */
  wf_csv_codes *codes; /* by thread, then column */
  wf_csv_pieces pieces;
  size_t max_bytes;
  atomic_bool regular;
  wf_column **out;
} pass;

/* The chunk being walked. */
typedef struct visit {
  const wf_csv_plan *plan;
  wf_csv_sink *sinks;
} visit;

static wf_status take_fields(void *context, size_t field, const wf_csv_field *fields, size_t n,
                             wf_error *err) {
  visit *v = context;
  return wf_csv_sink_add(&v->sinks[v->plan->slots[field]], fields, n, err);
}

static bool is_category(const wf_csv_target *target) {
  return target->typed && target->type == WF_CATEGORY;
}

static wf_status init_sinks(const pass *p, const wf_csv_chunk *chunk, wf_csv_sink *sinks,
                            size_t worker, wf_error *err) {
  for (size_t i = 0; i < p->plan->n_columns; i++) {
    const progress *column = &p->columns[i];
    if (!column->pending) continue;
    wf_csv_codes *codes = &p->codes[worker * p->plan->n_columns + i];
    if (is_category(&column->target) && !codes->dictionary) WF_TRY(wf_csv_codes_init(codes, err));
    uint8_t *values = column->values->data + chunk->row * wf_csv_sink_width(&column->target);
    WF_TRY(wf_csv_sink_init(&sinks[i], &column->target, chunk->n_rows, values, codes, err));
  }
  return WF_OK;
}

static wf_status walk_chunks(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  pass *p = context;
  wf_csv_dialect dialect = wf_csv_dialect_of(p->plan->options);
  (void)index;
  for (size_t k = begin; k < end && atomic_load(&p->regular); k++) {
    visit v = {p->plan, p->sinks + k * p->plan->n_columns};
    const wf_csv_chunk *chunk = &p->chunks->items[k];
    bool regular = true;
    WF_TRY(init_sinks(p, chunk, v.sinks, worker, err));
    WF_TRY(wf_csv_chunk_walk(&regular, &p->pieces, worker, chunk, &dialect, p->plan->n_fields,
                             p->wanted, p->max_bytes, take_fields, &v, err));
    if (!regular) atomic_store(&p->regular, false);
  }
  return WF_OK;
}

static wf_status begin_pass(pass *p, size_t n_chunks, wf_error *err) {
  size_t n_columns = p->plan->n_columns, n_rows = p->chunks->n_rows, n_sinks, size;
  memset(p->wanted, 0, p->plan->n_fields * sizeof *p->wanted);
  if (__builtin_mul_overflow(n_chunks, n_columns, &n_sinks)) return wf_fail_nomem(err);
  p->sinks = wf_alloc_zero(n_sinks, sizeof *p->sinks);
  p->codes = wf_alloc_zero(p->pieces.n * n_columns, sizeof *p->codes);
  if (!p->sinks || !p->codes) return wf_fail_nomem(err);
  for (size_t i = 0; i < n_columns; i++) {
    progress *column = &p->columns[i];
    if (!column->pending) continue;
    p->wanted[p->plan->sources[i]] = true;
    if (__builtin_mul_overflow(n_rows, wf_csv_sink_width(&column->target), &size)) {
      return wf_fail_nomem(err);
    }
    WF_TRY(wf_buffer_new(&column->values, size, err));
  }
  return WF_OK;
}

static void end_pass(pass *p, size_t n_chunks) {
  for (size_t i = 0; p->sinks && i < n_chunks * p->plan->n_columns; i++) {
    wf_csv_sink_dispose(&p->sinks[i]);
  }
  wf_free(p->sinks);
  p->sinks = NULL;
  for (size_t i = 0; p->codes && i < p->pieces.n * p->plan->n_columns; i++) {
    wf_csv_codes_dispose(&p->codes[i]);
  }
  wf_free(p->codes);
  p->codes = NULL;
  for (size_t i = 0; i < p->plan->n_columns; i++) {
    wf_buffer_release(p->columns[i].values);
    p->columns[i].values = NULL;
  }
}

/* Widens the targets by what all chunks met; false when a given type does not fit. */
static bool judge(pass *p, size_t n_chunks, bool *settled) {
  size_t n_columns = p->plan->n_columns;
  for (size_t i = 0; i < n_columns; i++) {
    progress *column = &p->columns[i];
    unsigned kinds = 0;
    bool blank_text = false, misfit = false;
    for (size_t k = 0; column->pending && k < n_chunks; k++) {
      const wf_csv_sink *sink = &p->sinks[k * n_columns + i];
      kinds |= sink->kinds;
      blank_text |= sink->blank_text;
      misfit |= sink->misfit != SIZE_MAX;
    }
    settled[i] = false;
    if (!column->pending) continue;
    if (column->target.given && misfit) return false;
    settled[i] = !wf_csv_next_target(&column->target, kinds, blank_text, p->chunks->n_rows);
  }
  return true;
}

/* The sinks of one column, gathered and put together. */
static wf_status finish_column(pass *p, size_t column, wf_error *err) {
  size_t n = p->chunks->n;
  progress *c = &p->columns[column];
  wf_csv_sink *sinks = wf_alloc_array(n, sizeof *sinks);
  if (!sinks) return wf_fail_nomem(err);
  for (size_t k = 0; k < n; k++) sinks[k] = p->sinks[k * p->plan->n_columns + column];
  wf_buffer *values = c->values;
  c->values = NULL;
  wf_status status = wf_csv_sinks_finish(&p->out[column], sinks, n, &c->target, values, err);
  for (size_t k = 0; k < n; k++) p->sinks[k * p->plan->n_columns + column] = sinks[k];
  if (status == WF_OK) status = wf_csv_settle_text(&p->out[column], &c->target, err);
  wf_free(sinks);
  return status;
}

typedef struct finishing {
  pass *pass;
  const bool *settled;
} finishing;

static wf_status finish_columns(void *context, size_t index, size_t begin, size_t end,
                                size_t worker, wf_error *err) {
  finishing *f = context;
  (void)index, (void)worker;
  for (size_t i = begin; i < end; i++) {
    if (f->settled[i]) WF_TRY(finish_column(f->pass, i, err));
  }
  return WF_OK;
}

static wf_status walk_sample(pass *p, wf_error *err) {
  WF_TRY(begin_pass(p, 1, err));
  return walk_chunks(p, 0, 0, 1, 0, err);
}

/* Text that hardly repeats itself in the sample becomes a string at once: a dictionary would only
 * be filled and thrown away. Whether it deserves one is seen when all of it is there. */
static void doubt(pass *p) {
  for (size_t i = 0; i < p->plan->n_columns; i++) {
    const wf_csv_sink *sink = &p->sinks[i];
    wf_csv_target *target = &p->columns[i].target;
    if (!p->columns[i].pending || !p->codes[i].dictionary) continue;
    size_t n_present = sink->n - sink->n_missing;
    if (wf_map_count(p->codes[i].dictionary) * 5 <= n_present * 4) continue;
    target->type = WF_STRING;
    target->doubtful = true;
  }
}

/* Guesses types from the first stretches of text. A column without values there stays without a
 * type, and the first pass finds its kinds. */
static wf_status sample_types(pass *p, wf_error *err) {
  enum { SAMPLE = 1 << 19 };
  size_t n_columns = p->plan->n_columns;
  for (size_t i = 0; i < n_columns; i++) p->columns[i].pending = !p->columns[i].target.given;
  p->max_bytes = SAMPLE;
  wf_status status = walk_sample(p, err);
  for (size_t i = 0; status == WF_OK && i < n_columns; i++) {
    wf_csv_target *target = &p->columns[i].target;
    if (target->given) continue;
    target->typed = wf_csv_type_of(p->sinks[i].kinds, &target->type);
    p->columns[i].pending = is_category(target);
  }
  end_pass(p, 1);
  if (status == WF_OK) status = walk_sample(p, err);
  if (status == WF_OK) doubt(p);
  end_pass(p, 1);
  p->max_bytes = SIZE_MAX;
  for (size_t i = 0; i < n_columns; i++) p->columns[i].pending = true;
  return status;
}

/* One pass over all chunks for the pending columns. */
static wf_status run_pass(pass *p, bool *settled, wf_error *err) {
  size_t n_chunks = p->chunks->n;
  wf_status status = begin_pass(p, n_chunks, err);
  if (status == WF_OK) status = wf_parallel_for(n_chunks, 1, p->pieces.n, walk_chunks, p, err);
  if (status == WF_OK && atomic_load(&p->regular) && !judge(p, n_chunks, settled)) {
    atomic_store(&p->regular, false);
  }
  if (status == WF_OK && atomic_load(&p->regular)) {
    finishing f = {p, settled};
    status = wf_parallel_for(p->plan->n_columns, 1, 0, finish_columns, &f, err);
  }
  end_pass(p, n_chunks);
  for (size_t i = 0; i < p->plan->n_columns; i++) {
    if (settled[i]) p->columns[i].pending = false;
  }
  return status;
}

static bool any_pending(const pass *p) {
  for (size_t i = 0; i < p->plan->n_columns; i++) {
    if (p->columns[i].pending) return true;
  }
  return false;
}

static wf_status run_passes(pass *p, wf_error *err) {
  size_t n_columns = p->plan->n_columns;
  p->columns = wf_alloc_zero(n_columns, sizeof *p->columns);
  p->wanted = wf_alloc_zero(p->plan->n_fields, sizeof *p->wanted);
  bool *settled = wf_alloc_zero(n_columns, sizeof *settled);
  wf_status status = p->columns && p->wanted && settled ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n_columns; i++) {
    p->columns[i].target = p->plan->targets[i];
  }
  if (status == WF_OK) status = sample_types(p, err);
  while (status == WF_OK && atomic_load(&p->regular) && any_pending(p)) {
    status = run_pass(p, settled, err);
  }
  wf_free(settled);
  wf_free(p->wanted);
  wf_free(p->columns);
  return status;
}

wf_status wf_csv_read_chunks(wf_column **columns, bool *done, const wf_csv_plan *plan, size_t block,
                             wf_csv_report *report, wf_error *err) {
  wf_csv_dialect dialect = wf_csv_dialect_of(plan->options);
  wf_csv_chunks chunks = {0};
  bool regular = false;
  pass p = {.plan = plan, .chunks = &chunks, .out = columns};
  WF_TRY(wf_csv_pieces_new(&p.pieces, plan->text, err));
  wf_status status =
      wf_csv_chunks_find(&chunks, &regular, &p.pieces, plan->begin, &dialect, block, err);
  atomic_init(&p.regular, regular);
  if (status == WF_OK && regular) status = run_passes(&p, err);
  *done = status == WF_OK && atomic_load(&p.regular);
  if (*done) report->n_rows = chunks.n_rows;
  for (size_t i = 0; !*done && i < plan->n_columns; i++) {
    wf_column_release(columns[i]);
    columns[i] = NULL;
  }
  wf_csv_pieces_dispose(&p.pieces);
  wf_free(chunks.items);
  return status;
}
