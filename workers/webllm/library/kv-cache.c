/*
 * The key-value cache of one sequence: for each layer keys and values,
 * Elem [capacity, kv_heads, head_dim], contiguous and written in place.
 *
 * `position` counts what is kept. A forward pass of n positions lies between
 * begin_forward and end_forward; only end_forward moves the position, so a pass that
 * failed leaves nothing behind. Rewinding (popn) only moves it back.
 */

typedef struct {
  Object object;
  i64 capacity;
  i64 prefill_chunk;
  i64 position;
  i64 pending; /* positions of the pass between begin_forward and end_forward, else 0 */
  i32 has_sequence;
  u32 layers;
  Tensor** keys;
  Tensor** values;
} KvCache;

static void delete_kv_cache(Object* object) {
  KvCache* cache = (KvCache*)object;
  for (u32 i = 0; i < cache->layers; i++) {
    if (cache->keys) let_go(cache->keys[i]);
    if (cache->values) let_go(cache->values[i]);
  }
  release(cache->keys);
  release(cache->values);
}

/* create_tir_paged_kv_cache([sequences], [capacity], [prefill chunk], [page size], [sliding window]) */
FUNCTION_OF_LIBRARY(create_kv_cache) {
  Given given = {"create_tir_paged_kv_cache", arguments, count};
  const Configuration* c = &configuration;
  i64 sequences, capacity, chunk, page, sliding;
  if (given_size(given, 0, &sequences) || given_size(given, 1, &capacity) || given_size(given, 2, &chunk) || given_size(given, 3, &page) || given_size(given, 4, &sliding)) return -1;
  if (!expected_count) return fail("%s: expected a loaded model, got none; let web-llm create the pipeline first", given.where);
  if (sequences != 1) return fail("%s: expected 1 sequence, got %l; use one pipeline for each", given.where, sequences);
  if (sliding) return fail("%s: expected a model without sliding window, got one; set context_window_size and leave sliding_window_size at -1", given.where);
  if (capacity < 1 || capacity > c->context_length) return fail("%s: expected a context of 1 to %u positions, got %l; set context_window_size to fit", given.where, c->context_length, capacity);
  if (chunk < 1 || chunk > c->prefill_chunk_size) return fail("%s: expected a prefill chunk of 1 to %u positions, got %l; leave it as _metadata says", given.where, c->prefill_chunk_size, chunk);
  KvCache* cache = new_object(sizeof(KvCache), KV_CACHE, delete_kv_cache);
  if (!cache) return -1;
  cache->capacity = capacity;
  cache->prefill_chunk = chunk;
  cache->layers = c->layers;
  cache->keys = allocate_zeroed(c->layers * sizeof(Tensor*));
  cache->values = allocate_zeroed(c->layers * sizeof(Tensor*));
  i32 failed = !cache->keys || !cache->values;
  i64 sizes[3] = {capacity, c->kv_heads, c->head_dim};
  for (u32 i = 0; i < c->layers && !failed; i++) {
    cache->keys[i] = new_tensor(model.elem, sizes, 3, WEBGPU);
    cache->values[i] = new_tensor(model.elem, sizes, 3, WEBGPU);
    failed = !cache->keys[i] || !cache->values[i];
  }
  if (failed) {
    let_go(cache);
    return -1;
  }
  return give(result, cache);
}

/* Sequence 0, the only one, named by argument 2; `existing` says whether it must have been added. */
static KvCache* given_sequence(Given given, i32 existing) {
  KvCache* cache = given_object(given, 0, KV_CACHE);
  i64 sequence;
  if (!cache || given_number(given, 1, &sequence)) return NULL;
  if (sequence) {
    fail("%s: expected sequence 0, got %l; there is one sequence", given.where, sequence);
  } else if (cache->has_sequence != existing) {
    fail(existing ? "%s: expected a sequence that was added, got none; call kv_state_add_sequence first" : "%s: expected no sequence yet, got a second one; there is one sequence", given.where);
  } else {
    return cache;
  }
  return NULL;
}

static void empty_kv_cache(KvCache* cache) {
  cache->position = 0;
  cache->pending = 0;
}

/* vm.builtin.kv_state_clear(cache) */
FUNCTION_OF_LIBRARY(kv_clear) {
  KvCache* cache = given_object((Given){"kv_state_clear", arguments, count}, 0, KV_CACHE);
  if (!cache) return -1;
  empty_kv_cache(cache);
  cache->has_sequence = 0;
  return 0;
}

/* vm.builtin.kv_state_add_sequence(cache, sequence) */
FUNCTION_OF_LIBRARY(kv_add_sequence) {
  KvCache* cache = given_sequence((Given){"kv_state_add_sequence", arguments, count}, 0);
  if (!cache) return -1;
  empty_kv_cache(cache);
  cache->has_sequence = 1;
  return 0;
}

/* vm.builtin.kv_state_remove_sequence(cache, sequence) */
FUNCTION_OF_LIBRARY(kv_remove_sequence) {
  KvCache* cache = given_sequence((Given){"kv_state_remove_sequence", arguments, count}, 1);
  if (!cache) return -1;
  empty_kv_cache(cache);
  cache->has_sequence = 0;
  return 0;
}

/* vm.builtin.kv_state_begin_forward(cache, [sequence], [positions]) */
FUNCTION_OF_LIBRARY(kv_begin_forward) {
  Given given = {"kv_state_begin_forward", arguments, count};
  KvCache* cache = given_object(given, 0, KV_CACHE);
  i64 sequence, positions;
  if (!cache || given_size(given, 1, &sequence) || given_size(given, 2, &positions)) return -1;
  if (sequence || !cache->has_sequence) return fail("%s: expected sequence 0, added before, got %l; call kv_state_add_sequence first", given.where, sequence);
  if (positions < 1 || positions > cache->prefill_chunk) return fail("%s: expected 1 to %l positions, got %l; give the prompt in chunks", given.where, cache->prefill_chunk, positions);
  if (cache->position + positions > cache->capacity) return fail("%s: expected at most %l positions in the context, got %l; ask a shorter question or rewind", given.where, cache->capacity, cache->position + positions);
  cache->pending = positions;
  return 0;
}

/* vm.builtin.kv_state_end_forward(cache) */
FUNCTION_OF_LIBRARY(kv_end_forward) {
  KvCache* cache = given_object((Given){"kv_state_end_forward", arguments, count}, 0, KV_CACHE);
  if (!cache) return -1;
  cache->position += cache->pending;
  cache->pending = 0;
  return 0;
}

/* vm.builtin.kv_state_popn(cache, sequence, positions): forgets the last ones */
FUNCTION_OF_LIBRARY(kv_popn) {
  Given given = {"kv_state_popn", arguments, count};
  KvCache* cache = given_sequence(given, 1);
  i64 positions;
  if (!cache || given_number(given, 2, &positions)) return -1;
  if (positions < 0 || positions > cache->position) return fail("%s: expected 0 to %l positions to forget, got %l; only kept ones can be forgotten", given.where, cache->position, positions);
  cache->position -= positions;
  cache->pending = 0;
  return 0;
}

/* vm.builtin.attention_kv_cache_enable_sliding_window_for_seq */
FUNCTION_OF_LIBRARY(kv_sliding_window) { return fail("sliding window: expected a model without one, got a request for it; set context_window_size and leave sliding_window_size at -1"); }
