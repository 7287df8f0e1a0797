/* parallel.c — regular text to columns: all threads at once, all columns of a block in one go.
 *
 * Types are guessed from the first stretch of text. So is the number of rows, from which memory is
 * reserved with room to spare: what is not written to costs nothing. A block knows its first row
 * when it is its turn, and puts values of a fixed width straight to their places in the final
 * columns; text waits until that of all blocks before has been appended, which whoever finishes the
 * block that was waited for does for all that are ready. Nothing is kept of a block but that.
 *
 * Columns for which the guess was too narrow anywhere are read once more with the type that holds
 * everything met; as every pass but the last widens, there are few. When there turn out to be more
 * rows than there is room for, the pass goes on counting, and the next has the exact number. */
#include "csv/plan.h"

#include "base/alloc.h"
#include "base/array.h"
#include "csv/fast.h"
#include "csv/gather.h"
#include "csv/records.h"

#include <pthread.h>
#include <string.h>

enum { SAMPLE = 1 << 19, MOST_WAITING = 16 /* parcels */ };

/* One column on its way through the passes. */
typedef struct progress {
  wf_csv_target target;
  wf_csv_gather gather; /* of this pass */
  bool pending;
  size_t text_width; /* string: about how long values are; 0: not known */
} progress;

/* The text of one block's string columns, by column. */
typedef struct parcel {
  struct parcel *next;
  size_t index; /* of the block */
  size_t row, n_rows;
  wf_bytes texts[];
} parcel;

/* Parcels on their way to the columns, in block order. */
typedef struct mail {
  pthread_mutex_t lock; /* guards what is below */
  parcel *waiting;      /* the earliest first */
  parcel *spare;        /* delivered: their memory is used again */
  size_t next;
  size_t n_waiting;
  bool delivering;     /* by one thread at a time, which does not hold the lock meanwhile */
  pthread_cond_t less; /* waits, or is delivered no more */
} mail;

typedef struct pass {
  const wf_csv_plan *plan;
  wf_csv_dialect dialect;
  wf_csv_front front;
  size_t limit, block; /* so many bytes, in steps of which size */
  size_t n_threads;
  size_t capacity, likely; /* rows there is room for, and about how many there are */
  size_t text_size;        /* about how many bytes there are */
  atomic_bool overflow;
  progress *columns;
  wf_csv_want *wanted;           /* by field */
  bool *settled;                 /* by column, after a pass */
  wf_csv_block *blocks;          /* by thread */
  wf_csv_sink *sinks;            /* by thread, then column */
  wf_csv_codes *codes;           /* by thread, then column */
  pthread_mutex_t lock;          /* guards the owners */
  WF_ARRAY(wf_csv_owner) owners; /* by block */
  bool has_strings;
  mail mail;
  wf_column **out;
} pass;

static bool is_category(const wf_csv_target *target) {
  return target->typed && target->type == WF_CATEGORY;
}

static bool is_string(const progress *column) {
  return column->pending && column->target.typed && column->target.type == WF_STRING;
}

/* ---- text in order ----------------------------------------------------------------------------
 */

static void free_parcels(parcel *first, size_t n_columns) {
  for (parcel *next; first; first = next) {
    next = first->next;
    for (size_t i = 0; i < n_columns; i++) wf_bytes_dispose(&first->texts[i]);
    wf_free(first);
  }
}

static wf_status deliver(pass *p, parcel *what, wf_error *err) {
  wf_status status = WF_OK;
  for (size_t i = 0; i < p->plan->n_columns && status == WF_OK; i++) {
    progress *column = &p->columns[i];
    if (!is_string(column)) continue;
    status = wf_csv_gather_text(&column->gather, &what->texts[i], what->row, what->n_rows, err);
  }
  return status;
}

static void enqueue(mail *m, parcel *what) {
  parcel **at = &m->waiting;
  while (*at && (*at)->index < what->index) at = &(*at)->next;
  what->next = *at;
  *at = what;
}

/* Delivers the parcel and what waited for it, or leaves it to wait. Who leaves one behind many
 * others waits a little too: text must not be read faster than it finds its place. */
static wf_status post(pass *p, parcel *what, wf_error *err) {
  mail *m = &p->mail;
  wf_status status = WF_OK;
  pthread_mutex_lock(&m->lock);
  enqueue(m, what);
  m->n_waiting++;
  bool mine = !m->delivering;
  m->delivering = true;
  while (mine && status == WF_OK && m->waiting && m->waiting->index == m->next) {
    parcel *next = m->waiting;
    m->waiting = next->next;
    m->next++;
    pthread_mutex_unlock(&m->lock);
    status = deliver(p, next, err);
    pthread_mutex_lock(&m->lock);
    m->n_waiting--;
    pthread_cond_broadcast(&m->less);
    next->next = m->spare;
    m->spare = next;
  }
  if (mine) {
    m->delivering = false;
    pthread_cond_broadcast(&m->less);
  }
  while (m->delivering && m->n_waiting > MOST_WAITING) pthread_cond_wait(&m->less, &m->lock);
  pthread_mutex_unlock(&m->lock);
  return status;
}

static parcel *new_parcel(pass *p) {
  mail *m = &p->mail;
  pthread_mutex_lock(&m->lock);
  parcel *spare = m->spare;
  if (spare) m->spare = spare->next;
  pthread_mutex_unlock(&m->lock);
  if (spare) return spare;
  return wf_alloc_zero(1, sizeof *spare + p->plan->n_columns * sizeof *spare->texts);
}

/* Exchanges the text of the thread's sinks for what is no longer needed. */
static wf_status post_texts(pass *p, size_t index, const wf_csv_block *block, wf_csv_sink *sinks,
                            wf_error *err) {
  size_t n = p->plan->n_columns;
  if (!p->has_strings) return WF_OK;
  parcel *what = new_parcel(p);
  if (!what) return wf_fail_nomem(err);
  what->index = index;
  what->row = block->row;
  what->n_rows = block->list.n_records;
  for (size_t i = 0; i < n; i++) {
    if (!is_string(&p->columns[i])) continue;
    wf_bytes used = what->texts[i];
    what->texts[i] = sinks[i].text;
    sinks[i].text = used;
  }
  return post(p, what, err);
}

/* ---- one block --------------------------------------------------------------------------------
 */

static wf_status take_fields(void *context, size_t field, const wf_csv_field *fields, size_t n,
                             wf_error *err) {
  const pass *p = ((void **)context)[0];
  wf_csv_sink *sinks = ((void **)context)[1];
  return wf_csv_sink_add(&sinks[p->plan->slots[field]], fields, n, err);
}

static wf_status begin_sinks(const pass *p, const wf_csv_block *block, wf_csv_sink *sinks,
                             wf_error *err) {
  for (size_t i = 0; i < p->plan->n_columns; i++) {
    const progress *column = &p->columns[i];
    if (!column->pending) continue;
    if (is_category(&column->target) && !sinks[i].codes->dictionary)
      WF_TRY(wf_csv_codes_init(sinks[i].codes, err));
    void *values = wf_csv_gather_place(&column->gather, &column->target, block->row);
    WF_TRY(wf_csv_sink_begin(&sinks[i], block->row, block->list.n_records, values, err));
    sinks[i].vectors = p->front.fast;
    sinks[i].in_text = true;
    sinks[i].quote = p->dialect.quote;
  }
  return WF_OK;
}

static wf_status note_owner(pass *p, size_t index, wf_csv_owner owner, wf_error *err) {
  bool done = true;
  pthread_mutex_lock(&p->lock);
  while (done && p->owners.count <= index) done = wf_array_push(&p->owners, owner);
  if (done) p->owners.items[index] = owner;
  pthread_mutex_unlock(&p->lock);
  return done ? WF_OK : wf_fail_nomem(err);
}

static wf_status convert_block(pass *p, size_t index, size_t worker, wf_error *err) {
  wf_csv_block *block = &p->blocks[worker];
  wf_csv_sink *sinks = p->sinks + worker * p->plan->n_columns;
  WF_TRY(note_owner(p, index, (wf_csv_owner){block->row, worker}, err));
  if (block->row + block->list.n_records > p->capacity) atomic_store(&p->overflow, true);
  if (atomic_load(&p->overflow)) return WF_OK;
  WF_TRY(begin_sinks(p, block, sinks, err));
  void *context[2] = {p, sinks};
  WF_TRY(wf_csv_block_hand_over(block, &p->front, p->wanted, take_fields, context, err));
  for (size_t i = 0; i < p->plan->n_columns; i++) {
    if (p->columns[i].pending) wf_csv_gather_missing(&p->columns[i].gather, &sinks[i]);
  }
  return post_texts(p, index, block, sinks, err);
}

/* What one thread does: block after block, as long as there are any. */
static wf_status walk_blocks(void *context, size_t seat, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  pass *p = context;
  (void)seat, (void)begin, (void)end;
  for (bool mine = true; mine;) {
    size_t index;
    wf_status status = wf_csv_block_read(&mine, &p->blocks[worker], &p->front, &index, err);
    if (status == WF_OK && mine) status = convert_block(p, index, worker, err);
    if (status == WF_OK) continue;
    wf_csv_front_decline(&p->front);
    return status;
  }
  return WF_OK;
}

/* ---- one pass ---------------------------------------------------------------------------------
 */

static wf_status begin_columns(pass *p, wf_error *err) {
  size_t n = p->plan->n_columns;
  memset(p->wanted, 0, p->plan->n_fields * sizeof *p->wanted);
  p->has_strings = false;
  for (size_t i = 0; i < n; i++) {
    progress *column = &p->columns[i];
    if (!column->pending) continue;
    p->wanted[p->plan->sources[i]] = is_string(column) ? WF_CSV_RAW : WF_CSV_PLAIN;
    p->has_strings |= is_string(column);
    size_t text =
        column->text_width ? column->text_width * p->likely : p->text_size / p->plan->n_fields;
    WF_TRY(wf_csv_gather_init(&column->gather, &column->target, p->capacity, p->likely, text, err));
    for (size_t w = 0; w < p->n_threads; w++) {
      p->sinks[w * n + i].target = &column->target;
      p->sinks[w * n + i].codes = &p->codes[w * n + i];
    }
  }
  return WF_OK;
}

static wf_status begin_pass(pass *p, wf_error *err) {
  size_t n_sinks;
  if (__builtin_mul_overflow(p->n_threads, p->plan->n_columns, &n_sinks)) return wf_fail_nomem(err);
  atomic_init(&p->overflow, false);
  p->mail = (mail){.lock = PTHREAD_MUTEX_INITIALIZER, .less = PTHREAD_COND_INITIALIZER};
  p->blocks = wf_alloc_zero(p->n_threads, sizeof *p->blocks);
  p->sinks = wf_alloc_zero(n_sinks, sizeof *p->sinks);
  p->codes = wf_alloc_zero(n_sinks, sizeof *p->codes);
  WF_TRY(wf_csv_front_init(&p->front, p->plan->text, p->plan->begin, p->limit, p->block,
                           &p->dialect, p->plan->n_fields, err));
  if (!p->blocks || !p->sinks || !p->codes) return wf_fail_nomem(err);
  return begin_columns(p, err);
}

static void end_pass(pass *p) {
  size_t n_columns = p->plan->n_columns, n_sinks = p->n_threads * n_columns;
  wf_csv_front_dispose(&p->front);
  for (size_t i = 0; p->sinks && i < n_sinks; i++) wf_csv_sink_dispose(&p->sinks[i]);
  for (size_t i = 0; p->codes && i < n_sinks; i++) wf_csv_codes_dispose(&p->codes[i]);
  for (size_t i = 0; p->blocks && i < p->n_threads; i++) wf_csv_block_dispose(&p->blocks[i]);
  free_parcels(p->mail.waiting, n_columns);
  free_parcels(p->mail.spare, n_columns);
  for (size_t i = 0; i < n_columns; i++) wf_csv_gather_dispose(&p->columns[i].gather);
  wf_free(p->sinks);
  wf_free(p->codes);
  wf_free(p->blocks);
  wf_free(p->owners.items);
  p->sinks = NULL;
  p->codes = NULL;
  p->blocks = NULL;
  p->owners.items = NULL;
  p->owners.count = p->owners.capacity = 0;
  p->mail = (mail){0};
}

/* Widens the targets by what all threads met; false when a given type does not fit. */
static bool judge(pass *p) {
  size_t n_columns = p->plan->n_columns;
  for (size_t i = 0; i < n_columns; i++) {
    progress *column = &p->columns[i];
    unsigned kinds = 0;
    bool blank_text = false, misfit = false;
    for (size_t w = 0; column->pending && w < p->n_threads; w++) {
      const wf_csv_sink *sink = &p->sinks[w * n_columns + i];
      kinds |= sink->kinds;
      blank_text |= sink->blank_text;
      misfit |= sink->misfit;
    }
    p->settled[i] = false;
    if (!column->pending) continue;
    if (column->target.given && misfit) return false;
    p->settled[i] = !wf_csv_next_target(&column->target, kinds, blank_text, p->front.n_rows);
  }
  return true;
}

static wf_status finish_columns(void *context, size_t index, size_t begin, size_t end,
                                size_t worker, wf_error *err) {
  pass *p = context;
  (void)index, (void)worker;
  for (size_t i = begin; i < end; i++) {
    progress *column = &p->columns[i];
    if (!p->settled[i]) continue;
    WF_TRY(wf_csv_gather_finish(&p->out[i], &column->gather, &column->target, p->front.n_rows,
                                &p->codes[i], p->n_threads, p->plan->n_columns, p->owners.items,
                                p->owners.count, err));
    WF_TRY(wf_csv_settle_text(&p->out[i], &column->target, err));
  }
  return WF_OK;
}

static bool is_regular(pass *p) { return atomic_load(&p->front.regular); }

/* Reads what is pending; *again when there were more rows than room. */
static wf_status read_blocks(pass *p, bool *again, wf_error *err) {
  WF_TRY(begin_pass(p, err));
  WF_TRY(wf_parallel_for(p->n_threads, 1, p->n_threads, walk_blocks, p, err));
  *again = atomic_load(&p->overflow);
  if (*again && is_regular(p)) p->capacity = p->likely = p->front.n_rows;
  return WF_OK;
}

static wf_status run_pass(pass *p, bool *regular, wf_error *err) {
  bool again = false;
  wf_status status = read_blocks(p, &again, err);
  *regular = status == WF_OK && is_regular(p);
  if (*regular && !again) {
    *regular = judge(p);
    p->capacity = p->likely = p->front.n_rows;
    if (*regular) status = wf_parallel_for(p->plan->n_columns, 1, 0, finish_columns, p, err);
    for (size_t i = 0; *regular && i < p->plan->n_columns; i++) {
      if (p->settled[i]) p->columns[i].pending = false;
    }
  }
  end_pass(p);
  return status;
}

/* ---- guessing ---------------------------------------------------------------------------------
 */

/* The mean size of a dictionary's texts, rounded up. */
static size_t mean_width(const wf_map *texts) {
  size_t n = wf_map_count(texts), sum = 0;
  for (size_t i = 0; i < n; i++) sum += wf_map_key(texts, i).size;
  return sum / n + 1;
}

/* Text that hardly repeats itself in the sample becomes a string at once: a dictionary would only
 * be filled and thrown away. Whether it deserves one is seen when all of it is there. */
static void doubt(pass *p) {
  for (size_t i = 0; i < p->plan->n_columns; i++) {
    progress *column = &p->columns[i];
    const wf_map *texts = p->codes[i].dictionary;
    if (!column->pending || !texts) continue;
    size_t n_present =
        p->front.n_rows - wf_bitmap_count(column->gather.missing->data, p->front.n_rows);
    if (wf_map_count(texts) * 5 <= n_present * 4) continue;
    column->target.type = WF_STRING;
    column->target.doubtful = true;
    column->text_width = mean_width(texts);
  }
}

/* Reads the first stretch of text for the pending columns. *enough false: it holds no whole block
 * of records, or they are not regular; the passes will see. */
static wf_status read_sample(pass *p, bool *enough, wf_error *err) {
  bool again = true;
  wf_status status = WF_OK;
  p->capacity = SAMPLE / p->plan->n_fields + 1; /* a field takes at least a byte */
  p->likely = 0;
  status = read_blocks(p, &again, err);
  *enough = status == WF_OK && is_regular(p) && !again;
  return status;
}

/* About how many rows and bytes there are, from what the sample has. */
static void guess_size(pass *p) {
  const wf_csv_front *front = &p->front;
  p->text_size = wf_csv_pieces_guess(&front->pieces) - p->plan->begin;
  p->likely = front->n_rows;
  if (!front->ended && front->n_bytes)
    p->likely = (size_t)((double)front->n_rows / (double)front->n_bytes * (double)p->text_size);
}

/* Guesses types. A column without values in the sample stays without one, and the first pass finds
 * its kinds. */
static wf_status sample_types(pass *p, wf_error *err) {
  size_t n_columns = p->plan->n_columns, n_threads = p->n_threads, n_rows = 0;
  bool enough;
  for (size_t i = 0; i < n_columns; i++) p->columns[i].pending = !p->columns[i].target.given;
  p->n_threads = 1;
  p->limit = SAMPLE;
  wf_status status = read_sample(p, &enough, err);
  if (enough) {
    guess_size(p);
    n_rows = p->likely;
  }
  for (size_t i = 0; enough && i < n_columns; i++) {
    wf_csv_target *target = &p->columns[i].target;
    if (target->given) continue;
    target->typed = wf_csv_type_of(p->sinks[i].kinds, &target->type);
    p->columns[i].pending = is_category(target);
  }
  end_pass(p);
  if (enough) {
    status = read_sample(p, &enough, err);
    if (enough) doubt(p);
    end_pass(p);
  }
  p->n_threads = n_threads;
  p->limit = SIZE_MAX;
  p->likely = n_rows;
  p->capacity = n_rows + n_rows / 4 + 1024;
  for (size_t i = 0; i < n_columns; i++) p->columns[i].pending = true;
  return status;
}

/* ---- all --------------------------------------------------------------------------------------
 */

static bool any_pending(const pass *p) {
  for (size_t i = 0; i < p->plan->n_columns; i++) {
    if (p->columns[i].pending) return true;
  }
  return false;
}

static wf_status run_passes(pass *p, bool *regular, wf_error *err) {
  for (size_t i = 0; i < p->plan->n_columns; i++) p->columns[i].target = p->plan->targets[i];
  WF_TRY(sample_types(p, err));
  *regular = true;
  while (*regular && any_pending(p)) WF_TRY(run_pass(p, regular, err));
  return WF_OK;
}

wf_status wf_csv_read_blocks(wf_column **columns, bool *done, const wf_csv_plan *plan, size_t block,
                             wf_csv_report *report, wf_error *err) {
  pass p = {.plan = plan,
            .dialect = wf_csv_dialect_of(plan->options),
            .block = block,
            .n_threads = wf_thread_count(),
            .text_size = plan->text->size,
            .lock = PTHREAD_MUTEX_INITIALIZER,
            .out = columns};
  p.columns = wf_alloc_zero(plan->n_columns, sizeof *p.columns);
  p.wanted = wf_alloc_zero(plan->n_fields, sizeof *p.wanted);
  p.settled = wf_alloc_zero(plan->n_columns, sizeof *p.settled);
  bool regular = false;
  wf_status status =
      p.columns && p.wanted && p.settled ? run_passes(&p, &regular, err) : wf_fail_nomem(err);
  *done = status == WF_OK && regular;
  if (*done) report->n_rows = p.capacity;
  for (size_t i = 0; !*done && i < plan->n_columns; i++) {
    wf_column_release(columns[i]);
    columns[i] = NULL;
  }
  wf_free(p.columns);
  wf_free(p.wanted);
  wf_free(p.settled);
  return status;
}
