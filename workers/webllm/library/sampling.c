/*
 * From logits to a token, on the GPU, with the signatures of stock libraries:
 *
 *   apply_bitmask_inplace(logits [B, V], sequences [s] int32, bitmask [B, ceil(V / 32)] int32)
 *   apply_logit_bias_inplace(logits, position to sequence [t] int32, tokens [t] int32, bias [t])
 *   apply_penalty_inplace(logits, sequences [s], position to sequence [t], tokens [t], counts [t] int32,
 *     penalties [s, 3]: presence, frequency, repetition)
 *   softmax_with_temperature(logits [B, 1, V], temperatures [B]) -> [B, 1, V]
 *   argsort_probs(probabilities [B, V]) -> [sorted, index], largest first
 *   sample_with_top_p(sorted, index, uniform [1], rows [1] int32, top_p [B]) -> int32 [1]
 *
 * Source: mlc-ai/mlc-llm, python/mlc_llm/compiler_pass/attach_{logit_processor,sampler,softmax_with_temperature}.py
 */

/* A GPU tensor of a call: type and shape, where 0 stands for any size, checked. */
static Tensor* given_tensor(Given given, i32 place, DataType dtype, i32 ndim, i64 a, i64 b) {
  Tensor* tensor = given_object(given, place, TENSOR);
  if (!tensor) return NULL;
  i32 right = tensor->dl.ndim == ndim && is_type(tensor, dtype.code, dtype.bits) && (!a || tensor->sizes[0] == a) && (!b || tensor->sizes[ndim - 1] == b);
  for (i32 i = 0; right && i < ndim; i++) right = tensor->sizes[i] > 0;
  if (right) return tensor;
  fail("%s: expected %d dimensions of %s%d as argument %d, of fitting sizes, got %t; call it as web-llm 0.2.86 does", given.where, ndim, dtype.code == CODE_INT ? "int" : "float", dtype.bits, place + 1, tensor);
  return NULL;
}

FUNCTION_OF_LIBRARY(apply_bitmask) {
  Given given = {"apply_bitmask_inplace", arguments, count};
  Tensor* logits = given_tensor(given, 0, float32, 2, 0, 0);
  Tensor* sequences = logits ? given_tensor(given, 1, int32, 1, 0, 0) : NULL;
  Tensor* mask = sequences ? given_tensor(given, 2, int32, 2, logits->sizes[0], (logits->sizes[1] + 31) / 32) : NULL;
  if (!mask) return -1;
  return k_apply_bitmask(logits, sequences, mask, (i32)sequences->sizes[0], (i32)logits->sizes[1]);
}

FUNCTION_OF_LIBRARY(apply_logit_bias) {
  Given given = {"apply_logit_bias_inplace", arguments, count};
  Tensor* logits = given_tensor(given, 0, float32, 2, 0, 0);
  Tensor* places = logits ? given_tensor(given, 1, int32, 1, 0, 0) : NULL;
  Tensor* tokens = places ? given_tensor(given, 2, int32, 1, places->sizes[0], 0) : NULL;
  Tensor* bias = tokens ? given_tensor(given, 3, float32, 1, places->sizes[0], 0) : NULL;
  if (!bias) return -1;
  return k_apply_logit_bias(logits, places, tokens, bias, (i32)logits->sizes[1], (i32)tokens->sizes[0]);
}

FUNCTION_OF_LIBRARY(apply_penalty) {
  Given given = {"apply_penalty_inplace", arguments, count};
  Tensor* logits = given_tensor(given, 0, float32, 2, 0, 0);
  Tensor* sequences = logits ? given_tensor(given, 1, int32, 1, 0, 0) : NULL;
  Tensor* places = sequences ? given_tensor(given, 2, int32, 1, 0, 0) : NULL;
  Tensor* tokens = places ? given_tensor(given, 3, int32, 1, places->sizes[0], 0) : NULL;
  Tensor* counts = tokens ? given_tensor(given, 4, int32, 1, places->sizes[0], 0) : NULL;
  Tensor* penalties = counts ? given_tensor(given, 5, float32, 2, sequences->sizes[0], 3) : NULL;
  if (!penalties) return -1;
  return k_apply_penalty(logits, sequences, places, tokens, counts, penalties, (i32)logits->sizes[1], (i32)tokens->sizes[0]);
}

FUNCTION_OF_LIBRARY(softmax_with_temperature) {
  Given given = {"softmax_with_temperature", arguments, count};
  Tensor* logits = given_tensor(given, 0, float32, 3, 0, 0);
  Tensor* temperatures = logits ? given_tensor(given, 1, float32, 1, logits->sizes[0], 0) : NULL;
  if (!temperatures) return -1;
  if (logits->sizes[1] != 1) return fail("%s: expected logits [B, 1, V], got %t; reshape them", given.where, logits);
  Tensor* out = new_tensor(float32, logits->sizes, 3, WEBGPU);
  if (!out) return -1;
  if (k_softmax_temperature(logits, temperatures, out, (i32)logits->sizes[0], (i32)logits->sizes[2])) {
    let_go(out);
    return -1;
  }
  return give(result, out);
}

/*
 * Sorted blocks of 1024 columns, then neighbours merged until one run is left. Each
 * merge reads one pair of buffers and writes the other; the first pair is chosen so
 * that the last merge writes the result. The second pair is kept for the next call.
 */
static i32 argsort(Tensor* probs, Tensor* sorted, Tensor* index) {
  enum { BLOCK = 1024 };
  static Tensor *other_sorted, *other_index;
  i32 n = (i32)probs->sizes[0], v = (i32)probs->sizes[1], merges = 0;
  for (i64 run = BLOCK; run < v; run *= 2) merges++;
  if (merges && (!other_sorted || byte_count(&other_sorted->dl) < byte_count(&probs->dl))) {
    let_go(other_sorted);
    let_go(other_index);
    other_sorted = new_tensor(float32, probs->sizes, 2, WEBGPU);
    other_index = other_sorted ? new_tensor(int32, probs->sizes, 2, WEBGPU) : NULL;
    if (!other_index) {
      let_go(other_sorted);
      other_sorted = NULL;
      return -1;
    }
  }
  Tensor* values[2] = {sorted, other_sorted};
  Tensor* columns[2] = {index, other_index};
  i32 at = merges % 2;
  if (k_argsort_blocks(probs, values[at], columns[at], n, v)) return -1;
  for (i32 run = BLOCK; merges; merges--, run *= 2) {
    if (k_argsort_merge(values[at], columns[at], values[!at], columns[!at], n, v, run)) return -1;
    at = !at;
  }
  return 0;
}

FUNCTION_OF_LIBRARY(argsort_probs) {
  Given given = {"argsort_probs", arguments, count};
  Tensor* probs = given_tensor(given, 0, float32, 2, 0, 0);
  if (!probs) return -1;
  Tensor* sorted = new_tensor(float32, probs->sizes, 2, WEBGPU);
  Tensor* index = sorted ? new_tensor(int32, probs->sizes, 2, WEBGPU) : NULL;
  if (!index || argsort(probs, sorted, index)) {
    let_go(sorted);
    let_go(index);
    return -1;
  }
  return give_pair(result, sorted, index);
}

FUNCTION_OF_LIBRARY(sample_with_top_p) {
  Given given = {"sample_with_top_p", arguments, count};
  Tensor* sorted = given_tensor(given, 0, float32, 2, 1, 0);
  Tensor* index = sorted ? given_tensor(given, 1, int32, 2, 1, sorted->sizes[1]) : NULL;
  Tensor* uniform = index ? given_tensor(given, 2, float32, 1, 1, 0) : NULL;
  Tensor* rows = uniform ? given_tensor(given, 3, int32, 1, 1, 0) : NULL;
  Tensor* top_p = rows ? given_tensor(given, 4, float32, 1, 1, 0) : NULL;
  if (!top_p) return -1;
  i64 one = 1;
  Tensor* out = new_tensor(int32, &one, 1, WEBGPU);
  if (!out) return -1;
  if (k_sample_top_p(sorted, index, uniform, rows, top_p, out, 1, (i32)sorted->sizes[1])) {
    let_go(out);
    return -1;
  }
  return give(result, out);
}
