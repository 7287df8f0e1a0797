/* blocks.c — blocks of text, made side by side and put down in order.
 *
 * There are a few more slots than threads. Block i is made in slot i mod n, once the block that had
 * it before has been put down. Whoever finds the next block in order complete takes it, which tells
 * where it belongs, and puts it down, in a file at the same time as others; a thread whose block is
 * not next goes on with another one instead of waiting.
 *
 * No block waits for one that has not been started: blocks are started in order, and a slot is
 * waited for until a lower block is put down. When a block fails, the ones below it still come to
 * their end, so that the error is always the first one; those above it give up. */
#include "base/blocks.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/packed.h"
#include "base/pool.h"

#include <errno.h>

enum { SLOTS_PER_THREAD = 3, PACKED_BLOCKS = 4 };

typedef struct slot {
  size_t index; /* the block that it is for */
  bool complete;
  wf_bytes text, scratch, packed;
  wf_part part;
} slot;

typedef struct output {
  const wf_blocks *blocks;
  wf_bytes *text; /* where it goes; NULL: to the file */
  wf_replacement *file;
  wf_packing packing;
  wf_part all; /* packed parts that were taken */
  slot *slots;
  size_t n_slots;
  pthread_mutex_t lock;
  pthread_cond_t moved; /* a slot has its next block, or `end` has changed */
  size_t next;          /* the block to be put down next */
  size_t end;           /* blocks from here on are not wanted any more */
  size_t offset;        /* of the next block */
} output;

/* ---- under the lock ---------------------------------------------------------------------------
 */

static bool wait_for_slot(output *out, const slot *s, size_t index) {
  pthread_mutex_lock(&out->lock);
  while (s->index != index && index < out->end) pthread_cond_wait(&out->moved, &out->lock);
  bool wanted = index < out->end;
  pthread_mutex_unlock(&out->lock);
  return wanted;
}

static void give_up_from(output *out, size_t index) {
  pthread_mutex_lock(&out->lock);
  if (index < out->end) out->end = index;
  pthread_cond_broadcast(&out->moved);
  pthread_mutex_unlock(&out->lock);
}

static const wf_bytes *bytes_of(const output *out, const slot *s) {
  return out->packing == WF_PACKING_NONE ? &s->text : &s->packed;
}

/* The next block in order when it is complete, and its place. Text in memory is put down here. */
static slot *take_next(output *out, size_t *offset) {
  slot *s = &out->slots[out->next % out->n_slots];
  if (!s->complete || s->index != out->next || out->next >= out->end) return NULL;
  s->complete = false;
  *offset = out->offset;
  out->offset += bytes_of(out, s)->size;
  out->next++;
  wf_pack_join(&out->all, out->packing, &s->part);
  if (out->text) wf_bytes_add(out->text, s->text.data, s->text.size);
  return s;
}

/* ---- putting down -----------------------------------------------------------------------------
 */

static wf_status write_bytes(const output *out, const wf_bytes *text, size_t offset,
                             wf_error *err) {
  if (!wf_write_all_at(out->file->fd, text->data, text->size, offset)) {
    return wf_fail_errno(err, errno, "%s", out->file->path);
  }
  wf_start_writeback(out->file->fd, offset, offset + text->size);
  return WF_OK;
}

/* Puts down whatever is next, as long as it is there. */
static wf_status put_down(output *out, slot *own, wf_error *err) {
  wf_status status = WF_OK;
  size_t offset;
  pthread_mutex_lock(&out->lock);
  own->complete = true;
  for (slot *s; status == WF_OK && (s = take_next(out, &offset)) != NULL;) {
    if (out->file) {
      pthread_mutex_unlock(&out->lock);
      status = write_bytes(out, bytes_of(out, s), offset, err);
      pthread_mutex_lock(&out->lock);
    } else if (out->text->failed) {
      status = wf_fail_nomem(err);
    }
    s->index += out->n_slots;
    pthread_cond_broadcast(&out->moved);
  }
  pthread_mutex_unlock(&out->lock);
  return status;
}

/* ---- making -----------------------------------------------------------------------------------
 */

static wf_status fill_slot(output *out, slot *s, size_t begin, size_t end, wf_error *err) {
  wf_bytes_clear(&s->text);
  WF_TRY(out->blocks->make(out->blocks->context, &s->text, &s->scratch, begin, end, err));
  if (s->text.failed) return wf_fail_nomem(err);
  if (out->packing == WF_PACKING_NONE) return WF_OK;
  wf_bytes_clear(&s->packed);
  const char *text = s->text.data ? s->text.data : "";
  WF_TRY(wf_pack_part(&s->packed, out->packing, s->index == 0, &s->part, text, s->text.size, err));
  return s->packed.failed ? wf_fail_nomem(err) : WF_OK;
}

static wf_status make_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                            wf_error *err) {
  output *out = context;
  (void)worker;
  slot *s = &out->slots[index % out->n_slots];
  if (!wait_for_slot(out, s, index)) return WF_OK; /* a lower block has failed */
  wf_status status = fill_slot(out, s, begin, end, err);
  if (status == WF_OK) status = put_down(out, s, err);
  if (status != WF_OK) give_up_from(out, index);
  return status;
}

static wf_status make_all(output *out, size_t n_threads, wf_error *err) {
  const wf_blocks *blocks = out->blocks;
  /* what is compressed knows nothing of what was before its block: larger ones are smaller then */
  size_t block = out->packing == WF_PACKING_NONE ? blocks->block : PACKED_BLOCKS * blocks->block;
  for (size_t i = 0; i < out->n_slots; i++) out->slots[i].index = i;
  if (blocks->n == 0) return make_block(out, 0, 0, 0, 0, err);
  return wf_parallel_for(blocks->n, block, n_threads, make_block, out, err);
}

static wf_status put_end(const output *out, wf_error *err) {
  wf_bytes end = {0};
  wf_pack_end(&end, out->packing, &out->all);
  wf_status status = end.failed ? wf_fail_nomem(err) : write_bytes(out, &end, out->offset, err);
  wf_bytes_dispose(&end);
  return status;
}

static wf_status put_all(output *out, wf_error *err) {
  size_t n_threads = out->blocks->n_threads ? out->blocks->n_threads : wf_thread_count();
  out->n_slots = n_threads > 1 ? n_threads * SLOTS_PER_THREAD : 1;
  out->slots = wf_alloc_zero(out->n_slots, sizeof *out->slots);
  if (!out->slots) return wf_fail_nomem(err);
  out->end = SIZE_MAX;
  pthread_mutex_init(&out->lock, NULL);
  pthread_cond_init(&out->moved, NULL);
  wf_status status = make_all(out, n_threads, err);
  pthread_cond_destroy(&out->moved);
  pthread_mutex_destroy(&out->lock);
  for (size_t i = 0; i < out->n_slots; i++) {
    wf_bytes_dispose(&out->slots[i].text);
    wf_bytes_dispose(&out->slots[i].scratch);
    wf_bytes_dispose(&out->slots[i].packed);
  }
  wf_free(out->slots);
  return status == WF_OK && out->packing != WF_PACKING_NONE ? put_end(out, err) : status;
}

/* ---- whole texts ------------------------------------------------------------------------------
 */

wf_status wf_blocks_format(char **out, size_t *size, const wf_blocks *blocks, wf_error *err) {
  wf_bytes text = {0};
  output to = {.blocks = blocks, .text = &text};
  wf_status status = put_all(&to, err);
  if (status == WF_OK) return wf_bytes_take(&text, out, size, err);
  wf_bytes_dispose(&text);
  return status;
}

wf_status wf_blocks_write(const char *path, const wf_blocks *blocks, wf_error *err) {
  wf_replacement file;
  WF_TRY(wf_replacement_open(&file, path, 0644, err));
  output to = {.blocks = blocks, .file = &file, .packing = wf_packing_of(path)};
  wf_status status = put_all(&to, err);
  if (status == WF_OK) return wf_replacement_commit(&file, err);
  wf_replacement_discard(&file);
  return status;
}
