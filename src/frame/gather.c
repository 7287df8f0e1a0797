/* gather.c — many columns' rows in another order, all columns at once.
 *
 * Taking rows in random order column by column waits for memory once per value. So eight words of
 * every row are first written side by side, in the order of the rows (a cache line, the row's
 * record), and then records are fetched in the order wanted: one wait for eight words. A word is a
 * 64-bit value, two 32-bit ones, where a text begins or how long it is, or one bit each of up to 64
 * bitmaps; a bitmap's 64 rows and a record's 64 bitmaps are each other's transpose, so both ways
 * work on tiles of 64 rows.
 *
 * Records are written past the caches, as are the results: neither is read again soon. Pages of the
 * results are touched before, one column a thread, so that two threads never wait for the same
 * page. */
#include "frame/gather.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "frame/frame.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { TILE = 64, WORDS = 8, AHEAD = 16, CHUNK = 1 << 14, NONE = -1 };

typedef enum kind { UNUSED, WORD, HALVES, BITS, TEXT_START, TEXT_SIZE } kind;

/* A bitmap of column `column`: its validity, or the values of a bool. */
typedef struct bitmap {
  size_t column;
  bool values;
} bitmap;

/* What one word of a record holds. */
typedef struct field {
  kind kind;
  ptrdiff_t columns[2]; /* HALVES: the low and the high half, the second may be NONE */
  const bitmap *maps;   /* BITS */
  size_t n_maps;
} field;

/* What becomes of one column in one part. */
typedef struct target {
  wf_buffer *validity, *data, *offsets;
  uint64_t *starts; /* of texts: where each comes from */
} target;

/* Rows [begin, end) of one part. */
typedef struct chunk {
  size_t part, begin, end;
} chunk;

typedef struct gathering {
  const wf_frame *frame;
  size_t n_columns, n_source, n_parts;
  const size_t *rows, *starts;
  bool absent; /* some row is WF_NO_ROW */
  field *fields;
  size_t n_fields;
  bitmap *maps;
  target *targets; /* [part * n_columns + column] */
  chunk *chunks;
  size_t n_chunks;
  uint64_t *records;   /* of all rows, the fields from `first` on */
  size_t first, width; /* words of a record: WORDS or half of it */
} gathering;

typedef uint64_t lanes[WORDS][TILE];

static const wf_column *column_of(const gathering *g, size_t index) {
  return wf_frame_column_at(g->frame, index);
}

static size_t part_size(const gathering *g, size_t part) {
  return g->starts[part + 1] - g->starts[part];
}

/* ---- what a record holds --------------------------------------------------------------------- */

static bool has_gaps(const gathering *g, const wf_column *column) {
  return column->validity || g->absent;
}

static void add_field(gathering *g, kind what, size_t column) {
  g->fields[g->n_fields++] = (field){.kind = what, .columns = {(ptrdiff_t)column, NONE}};
}

/* Bitmaps stand in g->maps in the order of columns, 64 to a field. */
static void add_bitmap(gathering *g, size_t *n_maps, size_t column, bool values) {
  g->maps[*n_maps] = (bitmap){column, values};
  if (*n_maps % TILE == 0) {
    add_field(g, BITS, column);
    g->fields[g->n_fields - 1].maps = g->maps + *n_maps;
  }
  ++*n_maps;
}

static void add_values(gathering *g, size_t index, ptrdiff_t *half) {
  const wf_column *column = column_of(g, index);
  if (column->type == WF_STRING) {
    add_field(g, TEXT_START, index);
    add_field(g, TEXT_SIZE, index);
  } else if (wf_type_width(column->type) == 8) {
    add_field(g, WORD, index);
  } else if (*half != NONE) {
    g->fields[*half].columns[1] = (ptrdiff_t)index;
    *half = NONE;
  } else {
    *half = (ptrdiff_t)g->n_fields;
    add_field(g, HALVES, index);
  }
}

static wf_status plan_fields(gathering *g, wf_error *err) {
  size_t n_maps = 0, n = g->n_columns;
  ptrdiff_t half = NONE;
  g->fields = wf_alloc_array(n, 4 * sizeof *g->fields);
  g->maps = wf_alloc_array(n, 2 * sizeof *g->maps);
  if (!g->fields || !g->maps) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) {
    if (column_of(g, i)->type != WF_BOOL) add_values(g, i, &half);
  }
  size_t first = g->n_fields;
  for (size_t i = 0; i < n; i++) {
    if (column_of(g, i)->type == WF_BOOL) add_bitmap(g, &n_maps, i, true);
    if (has_gaps(g, column_of(g, i))) add_bitmap(g, &n_maps, i, false);
  }
  for (size_t i = first; i < g->n_fields; i++) {
    size_t before = (i - first) * TILE;
    g->fields[i].n_maps = n_maps - before < TILE ? n_maps - before : TILE;
  }
  return WF_OK;
}

/* ---- tiles ----------------------------------------------------------------------------------- */

/* Bit c of word r becomes bit r of word c: blocks of 32, 16, … 1 change places. */
static void transpose_bits(uint64_t m[TILE]) {
  uint64_t mask = 0xffffffffu;
  for (unsigned j = 32; j; j >>= 1, mask ^= mask << j) {
    for (unsigned k = 0; k < TILE; k = ((k | j) + 1) & ~j) {
      uint64_t other = (m[k] >> j ^ m[k | j]) & mask;
      m[k] ^= other << j;
      m[k | j] ^= other;
    }
  }
}

/* 16 bytes, past the caches where `to` allows it. */
static void put_two(uint64_t *to, uint64_t a, uint64_t b) {
#ifdef __SSE2__
  _mm_stream_si128((__m128i *)(void *)to, _mm_set_epi64x((long long)b, (long long)a));
#else
  to[0] = a;
  to[1] = b;
#endif
}

/* What was put past the caches is seen by other threads after this. */
static void finish_puts(void) {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

static const uint8_t *bits_of(const gathering *g, const bitmap *map) {
  const wf_column *column = column_of(g, map->column);
  if (map->values) return column->data->data;
  return column->validity ? column->validity->data : NULL;
}

static void load_bits(uint64_t lane[TILE], const gathering *g, const field *f, size_t begin) {
  size_t left = wf_bitmap_size(g->n_source) - begin / 8;
  memset(lane, 0, TILE * sizeof *lane);
  for (size_t k = 0; k < f->n_maps; k++) {
    const uint8_t *bits = bits_of(g, &f->maps[k]);
    lane[k] = ~UINT64_C(0);
    if (!bits) continue;
    lane[k] = 0;
    memcpy(&lane[k], bits + begin / 8, left < sizeof *lane ? left : sizeof *lane);
  }
  transpose_bits(lane);
}

static void load_halves(uint64_t lane[TILE], const gathering *g, const field *f, size_t begin,
                        size_t n) {
  const uint32_t *low = (const uint32_t *)wf_column_i32(column_of(g, (size_t)f->columns[0]));
  const uint32_t *high = low;
  if (f->columns[1] != NONE) {
    high = (const uint32_t *)wf_column_i32(column_of(g, (size_t)f->columns[1]));
  }
  for (size_t i = 0; i < n; i++) lane[i] = low[begin + i] | (uint64_t)high[begin + i] << 32;
}

/* Source rows [begin, begin + n), `begin` a multiple of TILE. */
static void load_field(uint64_t lane[TILE], const gathering *g, const field *f, size_t begin,
                       size_t n) {
  const wf_column *column = column_of(g, (size_t)f->columns[0]);
  const int64_t *ends = column->offsets ? wf_column_offsets(column) + begin : NULL;
  switch (f->kind) {
  case WORD: memcpy(lane, wf_column_i64(column) + begin, n * sizeof *lane); return;
  case HALVES: load_halves(lane, g, f, begin, n); return;
  case BITS: load_bits(lane, g, f, begin); return;
  case TEXT_START: memcpy(lane, ends, n * sizeof *lane); return;
  case TEXT_SIZE:
    for (size_t i = 0; i < n; i++) lane[i] = (uint64_t)(ends[i + 1] - ends[i]);
    return;
  case UNUSED: return;
  }
}

static void store_words(uint64_t *to, const uint64_t lane[TILE], size_t n) {
  if (n < TILE || ((uintptr_t)to & 15) != 0) {
    memcpy(to, lane, n * sizeof *to);
    return;
  }
  for (size_t i = 0; i < TILE; i += 2) put_two(to + i, lane[i], lane[i + 1]);
}

static void store_halves(uint32_t *to, const uint64_t lane[TILE], unsigned shift, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = (uint32_t)(lane[i] >> shift);
}

/* Bits past the last row are 0 in the lane, as records of no row are. */
static void store_bits(target *targets, const field *f, uint64_t lane[TILE], size_t begin,
                       size_t n) {
  transpose_bits(lane);
  for (size_t k = 0; k < f->n_maps; k++) {
    target *to = &targets[f->maps[k].column];
    uint8_t *bits = f->maps[k].values ? to->data->data : to->validity->data;
    memcpy(bits + begin / 8, &lane[k], wf_bitmap_size(n));
  }
}

/* Rows [begin, begin + n) of a part whose targets these are. */
static void store_field(target *targets, const field *f, uint64_t lane[TILE], size_t begin,
                        size_t n) {
  target *to = &targets[f->columns[0]];
  switch (f->kind) {
  case WORD: store_words((uint64_t *)(void *)to->data->data + begin, lane, n); return;
  case HALVES:
    store_halves((uint32_t *)(void *)to->data->data + begin, lane, 0, n);
    if (f->columns[1] == NONE) return;
    store_halves((uint32_t *)(void *)targets[f->columns[1]].data->data + begin, lane, 32, n);
    return;
  case BITS: store_bits(targets, f, lane, begin, n); return;
  case TEXT_START: store_words(to->starts + begin, lane, n); return;
  case TEXT_SIZE: store_words((uint64_t *)(void *)to->offsets->data + 1 + begin, lane, n); return;
  case UNUSED: return;
  }
}

/* ---- records --------------------------------------------------------------------------------- */

static const field *field_at(const gathering *g, size_t lane) {
  static const field none = {.kind = UNUSED};
  return g->first + lane < g->n_fields ? &g->fields[g->first + lane] : &none;
}

/* `width` is a constant where these two are called. */
static inline void put_tile(uint64_t *records, size_t width, lanes tile, size_t n) {
  for (size_t i = 0; i < n; i++) {
#pragma GCC unroll 4
    for (size_t w = 0; w < width; w += 2) {
      put_two(records + i * width + w, tile[w][i], tile[w + 1][i]);
    }
  }
}

static inline void fetch_tile(lanes tile, const uint64_t *records, size_t width, const size_t *rows,
                              size_t n, size_t n_after) {
  static const uint64_t nothing[WORDS];
  for (size_t i = 0; i < n; i++) {
    size_t ahead = i + AHEAD < n + n_after ? rows[i + AHEAD] : WF_NO_ROW, row = rows[i];
    if (ahead != WF_NO_ROW) __builtin_prefetch(records + ahead * width);
    const uint64_t *record = row == WF_NO_ROW ? nothing : records + row * width;
#pragma GCC unroll 8
    for (size_t w = 0; w < width; w++) tile[w][i] = record[w];
  }
}

static wf_status write_records(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  const gathering *g = context;
  lanes tile;
  (void)index, (void)worker, (void)err;
  memset(tile, 0, sizeof tile);
  for (size_t at = begin; at < end; at += TILE) {
    size_t n = end - at < TILE ? end - at : TILE;
    for (size_t w = 0; w < g->width; w++) load_field(tile[w], g, field_at(g, w), at, n);
    if (g->width == WORDS)
      put_tile(g->records + at * WORDS, WORDS, tile, n);
    else
      put_tile(g->records + at * (WORDS / 2), WORDS / 2, tile, n);
  }
  finish_puts();
  return WF_OK;
}

static wf_status read_records(void *context, size_t index, size_t begin, size_t end, size_t worker,
                              wf_error *err) {
  const gathering *g = context;
  lanes tile;
  (void)begin, (void)end, (void)worker, (void)err;
  const chunk *c = &g->chunks[index];
  target *targets = g->targets + c->part * g->n_columns;
  const size_t *rows = g->rows + g->starts[c->part];
  for (size_t at = c->begin; at < c->end; at += TILE) {
    size_t n = c->end - at < TILE ? c->end - at : TILE, after = c->end - at - n;
    if (n < TILE) memset(tile, 0, sizeof tile);
    if (g->width == WORDS)
      fetch_tile(tile, g->records, WORDS, rows + at, n, after);
    else
      fetch_tile(tile, g->records, WORDS / 2, rows + at, n, after);
    for (size_t w = 0; w < g->width; w++) store_field(targets, field_at(g, w), tile[w], at, n);
  }
  finish_puts();
  return WF_OK;
}

/* ---- targets --------------------------------------------------------------------------------- */

static void touch(wf_buffer *buffer) {
  enum { PAGE = 4096 };
  for (size_t i = 0; i < buffer->size; i += PAGE) buffer->data[i] = 0;
}

static wf_status new_target(target *to, const gathering *g, const wf_column *column, size_t n,
                            wf_error *err) {
  size_t width = wf_type_width(column->type);
  bool text = column->type == WF_STRING;
  if (has_gaps(g, column)) WF_TRY(wf_buffer_new(&to->validity, wf_bitmap_size(n), err));
  if (text) {
    WF_TRY(wf_buffer_new(&to->offsets, (n + 1) * sizeof(int64_t), err));
    to->starts = wf_alloc_aligned(n * sizeof *to->starts);
    if (!to->starts) return wf_fail_nomem(err);
    touch(to->offsets);
    *(int64_t *)(void *)to->offsets->data = 0;
    return WF_OK;
  }
  WF_TRY(wf_buffer_new(&to->data, width ? n * width : wf_bitmap_size(n), err));
  touch(to->data);
  return WF_OK;
}

static wf_status new_targets(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  gathering *g = context;
  (void)index, (void)worker;
  for (size_t i = begin; i < end; i++) {
    size_t part = i / g->n_columns, column = i % g->n_columns;
    WF_TRY(new_target(&g->targets[i], g, column_of(g, column), part_size(g, part), err));
  }
  return WF_OK;
}

/* Sizes to ends, and room for the bytes. */
static wf_status place_texts(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  gathering *g = context;
  (void)index, (void)worker;
  for (size_t i = begin; i < end; i++) {
    target *to = &g->targets[i];
    if (!to->offsets) continue;
    size_t n = part_size(g, i / g->n_columns);
    int64_t *ends = (int64_t *)(void *)to->offsets->data;
    bool overflow = false;
    for (size_t k = 0; k < n; k++) {
      overflow |= __builtin_add_overflow(ends[k], ends[k + 1], &ends[k + 1]);
    }
    if (overflow) return wf_fail_nomem(err);
    WF_TRY(wf_buffer_new(&to->data, (size_t)ends[n], err));
    touch(to->data);
  }
  return WF_OK;
}

/* Short texts are copied as 32 bytes where that stays within what this chunk writes: what is too
 * much is written over by the next one. */
static void copy_texts(const target *to, const wf_buffer *from, size_t begin, size_t end) {
  enum { SHORT = 32 };
  const int64_t *ends = (const int64_t *)(const void *)to->offsets->data;
  for (size_t i = begin; i < end; i++) {
    size_t size = (size_t)(ends[i + 1] - ends[i]), room = (size_t)(ends[end] - ends[i]);
    const uint8_t *source = from->data + to->starts[i];
    uint8_t *place = to->data->data + ends[i];
    if (i + AHEAD < end) __builtin_prefetch(from->data + to->starts[i + AHEAD]);
    if (size <= SHORT && room >= SHORT && from->size - to->starts[i] >= SHORT)
      memcpy(place, source, SHORT);
    else if (size)
      memcpy(place, source, size);
  }
}

static wf_status copy_chunk(void *context, size_t index, size_t begin, size_t end, size_t worker,
                            wf_error *err) {
  const gathering *g = context;
  (void)begin, (void)end, (void)worker, (void)err;
  const chunk *c = &g->chunks[index];
  for (size_t i = 0; i < g->n_columns; i++) {
    const target *to = &g->targets[c->part * g->n_columns + i];
    if (to->offsets) copy_texts(to, column_of(g, i)->data, c->begin, c->end);
  }
  return WF_OK;
}

/* ---- all together ---------------------------------------------------------------------------- */

/* Chunks begin at multiples of TILE, so that no two share a byte of a bitmap. */
static wf_status plan_chunks(gathering *g, wf_error *err) {
  size_t n = 0;
  for (size_t p = 0; p < g->n_parts; p++) n += (part_size(g, p) + CHUNK - 1) / CHUNK;
  g->chunks = wf_alloc_array(n, sizeof *g->chunks);
  if (!g->chunks) return wf_fail_nomem(err);
  for (size_t p = 0; p < g->n_parts; p++) {
    size_t size = part_size(g, p);
    for (size_t at = 0; at < size; at += CHUNK) {
      size_t end = size - at < CHUNK ? size : at + CHUNK;
      g->chunks[g->n_chunks++] = (chunk){p, at, end};
    }
  }
  return WF_OK;
}

static wf_status move_rows(gathering *g, wf_error *err) {
  size_t bytes, n_targets = g->n_parts * g->n_columns;
  if (__builtin_mul_overflow(g->n_source, WORDS * sizeof *g->records, &bytes)) {
    return wf_fail_nomem(err);
  }
  g->records = wf_alloc_aligned(bytes);
  if (!g->records) return wf_fail_nomem(err);
  WF_TRY(wf_parallel_for(n_targets, 1, 0, new_targets, g, err));
  for (g->first = 0; g->first < g->n_fields; g->first += g->width) {
    g->width = g->n_fields - g->first > WORDS / 2 ? WORDS : WORDS / 2;
    WF_TRY(wf_parallel_for(g->n_source, CHUNK, 0, write_records, g, err));
    WF_TRY(wf_parallel_for(g->n_chunks, 1, 0, read_records, g, err));
  }
  WF_TRY(wf_parallel_for(n_targets, 1, 0, place_texts, g, err));
  return wf_parallel_for(g->n_chunks, 1, 0, copy_chunk, g, err);
}

/* The column of a target, which gives its buffers away. */
static wf_status finish_column(wf_column **out, target *to, const wf_column *source, size_t n,
                               wf_error *err) {
  target taken = *to;
  size_t n_missing = taken.validity ? n - wf_bitmap_count(taken.validity->data, n) : 0;
  wf_free(taken.starts);
  *to = (target){0};
  return wf_column_make(out, source->type, n, n_missing, taken.validity, taken.data, taken.offsets,
                        wf_column_retain(source->dictionary), err);
}

static wf_status finish_frame(wf_frame **out, gathering *g, size_t part, wf_error *err) {
  wf_column **columns = wf_alloc_zero(g->n_columns, sizeof *columns);
  wf_status status = columns ? WF_OK : wf_fail_nomem(err);
  target *targets = g->targets + part * g->n_columns;
  for (size_t i = 0; status == WF_OK && i < g->n_columns; i++) {
    status = finish_column(&columns[i], &targets[i], column_of(g, i), part_size(g, part), err);
  }
  if (status == WF_OK) {
    status = wf_frame_new(out, wf_frame_names(g->frame), columns, g->n_columns, err);
  }
  for (size_t i = 0; columns && i < g->n_columns; i++) wf_column_release(columns[i]);
  wf_free(columns);
  return status;
}

static wf_status finish_frames(wf_frame **out, gathering *g, wf_error *err) {
  wf_status status = WF_OK;
  size_t p = 0;
  for (; status == WF_OK && p < g->n_parts; p++) status = finish_frame(&out[p], g, p, err);
  if (status == WF_OK) return WF_OK;
  for (size_t k = 0; k + 1 < p; k++) wf_frame_release(out[k]);
  return status;
}

static void dispose(gathering *g) {
  for (size_t i = 0; g->targets && i < g->n_parts * g->n_columns; i++) {
    wf_buffer_release(g->targets[i].validity);
    wf_buffer_release(g->targets[i].data);
    wf_buffer_release(g->targets[i].offsets);
    wf_free(g->targets[i].starts);
  }
  wf_free(g->targets);
  wf_free(g->fields);
  wf_free(g->maps);
  wf_free(g->chunks);
  wf_free(g->records);
}

static bool any_absent(const size_t *rows, size_t n) {
  bool any = false;
  for (size_t i = 0; i < n; i++) any |= rows[i] == WF_NO_ROW;
  return any;
}

wf_status wf_gather(wf_frame **out, const wf_frame *frame, const size_t *rows, const size_t *starts,
                    size_t n_parts, wf_error *err) {
  gathering g = {.frame = frame,
                 .n_columns = wf_frame_column_count(frame),
                 .n_source = wf_frame_row_count(frame),
                 .n_parts = n_parts,
                 .rows = rows,
                 .starts = starts,
                 .absent = any_absent(rows + starts[0], starts[n_parts] - starts[0])};
  size_t n_targets;
  if (__builtin_mul_overflow(g.n_columns, n_parts, &n_targets)) return wf_fail_nomem(err);
  g.targets = wf_alloc_zero(n_targets, sizeof *g.targets);
  wf_frame **made = wf_alloc_zero(n_parts, sizeof *made);
  wf_status status = g.targets && made ? plan_fields(&g, err) : wf_fail_nomem(err);
  if (status == WF_OK) status = plan_chunks(&g, err);
  if (status == WF_OK) status = move_rows(&g, err);
  if (status == WF_OK) status = finish_frames(made, &g, err);
  if (status == WF_OK) memcpy(out, made, n_parts * sizeof *made);
  wf_free(made);
  dispose(&g);
  return status;
}

/* Records cost about as much as they save where a column fits the cache of a core, where little is
 * taken from much, and where rows are near their neighbours, as a filter's are. */
bool wf_gather_pays(const wf_frame *frame, const size_t *rows, size_t n) {
  enum { LEAST_ROWS = 1 << 17, LEAST_COLUMNS = 4, SAMPLE = 61, NEAR = 64 };
  size_t n_source = wf_frame_row_count(frame), far = 0, seen = 0;
  if (n_source < LEAST_ROWS || n < n_source / 2) return false;
  if (wf_frame_column_count(frame) < LEAST_COLUMNS) return false;
  for (size_t i = 0; i + 1 < n; i += SAMPLE, seen++) {
    if (rows[i] == WF_NO_ROW || rows[i + 1] == WF_NO_ROW) continue;
    size_t distance = rows[i] < rows[i + 1] ? rows[i + 1] - rows[i] : rows[i] - rows[i + 1];
    far += distance > NEAR;
  }
  return far > seen / 4;
}
