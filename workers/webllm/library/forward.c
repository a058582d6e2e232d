/*
 * The forward pass of a Llama-type model, n positions at a time:
 *
 *   x  = input vectors                                          [1, n, d]
 *   x += Wo attention(rope(Wqkv norm(x) [+ bias] [q/k norms]))  in each layer
 *   x += Wdown (silu(gate) * up)      with gate, up = Wgate_up norm(x)
 *   logits = Whead norm(x), of the last position                [1, 1, V] float32
 *
 * Nothing is allocated per pass but what is returned: activations live in buffers made
 * for the longest pass so far, up to the prefill chunk. The residual stream alternates
 * between two of them, and the given vectors are only read.
 */

enum { RESIDUAL_A, RESIDUAL_B, NORMED, QKV, QKV_HEADS, MIXED_HEADS, MIXED, GATE_UP, GATED, LAST, SCRATCH };

static Tensor* scratch[SCRATCH];
static i64 scratch_rows;
static Tensor* frequencies;

static void free_scratch(void) {
  for (i32 i = 0; i < SCRATCH; i++) {
    let_go(scratch[i]);
    scratch[i] = NULL;
  }
  scratch_rows = 0;
}

static i32 make_scratch(i64 rows) {
  const Configuration* c = &configuration;
  i64 d = c->hidden_size, hd = c->head_dim, all = c->heads + 2 * c->kv_heads;
  const i64 flat[SCRATCH] = {[RESIDUAL_A] = d, [RESIDUAL_B] = d, [NORMED] = d, [QKV] = qkv_width(), [MIXED] = attention_width(), [GATE_UP] = 2 * (i64)c->intermediate_size, [GATED] = c->intermediate_size};
  for (i32 i = 0; i < SCRATCH; i++) {
    if (!flat[i]) continue;
    i64 sizes[3] = {1, rows, flat[i]};
    if (!(scratch[i] = new_tensor(model.elem, sizes, 3, WEBGPU))) return -1;
  }
  i64 last[3] = {1, 1, d}, qkv[3] = {rows, all, hd}, mixed[3] = {rows, c->heads, hd};
  scratch[LAST] = new_tensor(model.elem, last, 3, WEBGPU);
  scratch[QKV_HEADS] = new_view(scratch[QKV], qkv, 3);
  scratch[MIXED_HEADS] = new_view(scratch[MIXED], mixed, 3);
  return scratch[LAST] && scratch[QKV_HEADS] && scratch[MIXED_HEADS] ? 0 : -1;
}

/* Scratch for `rows` positions, its tensors shaped as for exactly so many. */
static i32 size_scratch(i64 rows) {
  if (rows > scratch_rows) {
    i64 wanted = scratch_rows ? scratch_rows : 1;
    while (wanted < rows) wanted *= 2;
    if (wanted > configuration.prefill_chunk_size) wanted = configuration.prefill_chunk_size;
    if (wanted < rows) wanted = rows;
    free_scratch();
    if (make_scratch(wanted)) {
      free_scratch();
      return -1;
    }
    scratch_rows = wanted;
  }
  for (i32 i = 0; i < SCRATCH; i++) {
    if (i != LAST) scratch[i]->sizes[i == QKV_HEADS || i == MIXED_HEADS ? 0 : 1] = rows;
  }
  return 0;
}

static i32 make_frequencies(void) {
  if (frequencies) return 0;
  i64 half = configuration.head_dim / 2;
  Tensor* cpu = new_header(float32, &half, 1, CPU, NULL);
  Tensor* gpu = cpu ? new_tensor(float32, &half, 1, WEBGPU) : NULL;
  i32 failed = !gpu;
  if (!failed) {
    cpu->dl.data = configuration.inverse_frequencies;
    failed = copy_bytes(&cpu->dl, 0, &gpu->dl, 0, byte_count(&cpu->dl));
    cpu->dl.data = NULL;
  }
  let_go(cpu);
  if (failed) {
    let_go(gpu);
    return -1;
  }
  frequencies = gpu;
  return 0;
}

static i32 norm(Tensor* x, Tensor* weight, Tensor* out, i32 n) {
  Any arguments[] = {any_tensor(x), any_tensor(weight), any_tensor(out)};
  ANNOUNCED("rms_norm", arguments, k_rms_norm(x, weight, out, n, (i32)configuration.hidden_size));
  return 0;
}

/* out = x W^T (+ bias, or + residual) for n rows; one row has kernels of its own. */
static i32 run_linear(const Linear* l, Tensor* x, Tensor* residual, Tensor* out, i32 n) {
  Tensor *w = l->weight, *s = l->scale, *b = l->bias;
  if (s) {
    if (b) return n == 1 ? k_mat_vec_bias_q4(x, w, s, b, out, l->in, l->out) : k_mat_mul_bias_q4(x, w, s, b, out, n, l->in, l->out);
    if (residual) return n == 1 ? k_mat_vec_add_q4(x, w, s, residual, out, l->in, l->out) : k_mat_mul_add_q4(x, w, s, residual, out, n, l->in, l->out);
    return n == 1 ? k_mat_vec_q4(x, w, s, out, l->in, l->out) : k_mat_mul_q4(x, w, s, out, n, l->in, l->out);
  }
  if (b) return n == 1 ? k_mat_vec_bias(x, w, b, out, l->in, l->out) : k_mat_mul_bias(x, w, b, out, n, l->in, l->out);
  if (residual) return n == 1 ? k_mat_vec_add(x, w, residual, out, l->in, l->out) : k_mat_mul_add(x, w, residual, out, n, l->in, l->out);
  return n == 1 ? k_mat_vec(x, w, out, l->in, l->out) : k_mat_mul(x, w, out, n, l->in, l->out);
}

static i32 linear(const Linear* l, Tensor* x, Tensor* residual, Tensor* out, i32 n) {
  Tensor* added = l->bias ? l->bias : residual;
  if (l->scale && added) {
    Any arguments[] = {any_tensor(l->weight), any_tensor(l->scale), any_tensor(x), any_tensor(added), any_tensor(out)};
    ANNOUNCED("fused_dequantize_fused_NT_matmul_add", arguments, run_linear(l, x, residual, out, n));
  } else if (l->scale) {
    Any arguments[] = {any_tensor(l->weight), any_tensor(l->scale), any_tensor(x), any_tensor(out)};
    ANNOUNCED("fused_dequantize_NT_matmul", arguments, run_linear(l, x, residual, out, n));
  } else if (added) {
    Any arguments[] = {any_tensor(x), any_tensor(l->weight), any_tensor(added), any_tensor(out)};
    ANNOUNCED("fused_NT_matmul_add", arguments, run_linear(l, x, residual, out, n));
  } else {
    Any arguments[] = {any_tensor(x), any_tensor(l->weight), any_tensor(out)};
    ANNOUNCED("NT_matmul", arguments, run_linear(l, x, residual, out, n));
  }
  return 0;
}

/* logits [n, V] float32 = x W^T of the head, or of the embedding where tied. */
static i32 run_head(const Linear* l, Tensor* x, Tensor* out, i32 n) {
  if (l->scale) return n == 1 ? k_logits_vec_q4(x, l->weight, l->scale, out, l->in, l->out) : k_logits_q4(x, l->weight, l->scale, out, n, l->in, l->out);
  return n == 1 ? k_logits_vec(x, l->weight, out, l->in, l->out) : k_logits(x, l->weight, out, n, l->in, l->out);
}

static i32 head(Tensor* x, Tensor* out, i32 n) {
  const Linear* l = &model.head;
  if (l->scale) {
    Any arguments[] = {any_tensor(l->weight), any_tensor(l->scale), any_tensor(x), any_tensor(out)};
    ANNOUNCED("fused_dequantize_NT_matmul_head", arguments, run_head(l, x, out, n));
  } else {
    Any arguments[] = {any_tensor(x), any_tensor(l->weight), any_tensor(out)};
    ANNOUNCED("NT_matmul_head", arguments, run_head(l, x, out, n));
  }
  return 0;
}

static i32 attend(KvCache* cache, u32 layer, i32 n) {
  const Configuration* c = &configuration;
  i32 nh = (i32)c->heads, nkv = (i32)c->kv_heads, position = (i32)cache->position;
  Tensor *qkv = scratch[QKV_HEADS], *out = scratch[MIXED_HEADS], *keys = cache->keys[layer], *values = cache->values[layer];
  const Layer* l = &model.layers[layer];
  if (l->q_norm) {
    Any arguments[] = {any_tensor(qkv), any_tensor(l->q_norm), any_tensor(l->k_norm)};
    ANNOUNCED("head_norm", arguments, k_head_norm(qkv, l->q_norm, l->k_norm, n, nh, nkv));
  }
  f64 scale = 1 / __builtin_sqrt((f64)c->head_dim);
  Any arguments[] = {any_object(cache), any_int(layer), any_float(scale), any_tensor(qkv), any_tensor(out)};
  ANNOUNCED("vm.builtin.attention_kv_cache_attention_with_fused_qkv", arguments,
            k_rope_append(qkv, keys, values, frequencies, n, nh, nkv, position) ||
              (n == 1 ? k_attention(qkv, keys, values, out, n, nh, nkv, position) : k_attention_tile(qkv, keys, values, out, n, nh, nkv, position)));
  return 0;
}

static i32 gate(Tensor* gate_up, Tensor* out, i32 n) {
  Any arguments[] = {any_tensor(gate_up), any_tensor(out)};
  ANNOUNCED("fused_split_silu_multiply", arguments, k_silu_gate(gate_up, out, n, (i32)configuration.intermediate_size));
  return 0;
}

static i32 take_last(Tensor* x, Tensor* out, i32 n) {
  Any arguments[] = {any_tensor(x), any_tensor(out)};
  ANNOUNCED("index", arguments, k_take_row(x, out, n - 1, (i32)configuration.hidden_size));
  return 0;
}

static i32 run_layers(Tensor* x, KvCache* cache, i32 n) {
  Tensor *middle = scratch[RESIDUAL_B], *next = scratch[RESIDUAL_A], *normed = scratch[NORMED];
  for (u32 i = 0; i < configuration.layers; i++) {
    const Layer* layer = &model.layers[i];
    if (norm(x, layer->input_norm, normed, n) || linear(&layer->qkv, normed, NULL, scratch[QKV], n) || attend(cache, i, n) || linear(&layer->output, scratch[MIXED], x, middle, n) ||
        norm(middle, layer->mlp_norm, normed, n) || linear(&layer->gate_up, normed, NULL, scratch[GATE_UP], n) || gate(scratch[GATE_UP], scratch[GATED], n) ||
        linear(&layer->down, scratch[GATED], middle, next, n)) {
      return -1;
    }
    x = next; /* the input is no longer needed, so the next layer may overwrite it last */
  }
  return norm(x, model.norm, normed, n);
}

/* prefill and decode: (vectors [1, n, d], cache, params) -> [logits [1, 1, V], cache] */
FUNCTION_OF_LIBRARY(forward) {
  Given given = {self, arguments, count};
  Tensor* x = given_object(given, 0, TENSOR);
  KvCache* cache = given_object(given, 1, KV_CACHE);
  Array* params = given_object(given, 2, ARRAY);
  if (!x || !cache || !params || bind_weights(given.where, params)) return -1;
  i64 d = configuration.hidden_size;
  if (x->dl.ndim != 3 || x->sizes[0] != 1 || x->sizes[2] != d || !is_type(x, CODE_FLOAT, model.elem.bits)) return fail("%s: expected vectors [1, n, %l] float%d, got %t; embed tokens with this model", given.where, d, model.elem.bits, x);
  if (!cache->pending || x->sizes[1] != cache->pending) return fail("%s: expected the %l positions that kv_state_begin_forward announced, got %l; announce each pass", given.where, cache->pending, x->sizes[1]);
  i32 n = (i32)x->sizes[1];
  if (size_scratch(n) || make_frequencies() || run_layers(x, cache, n)) return -1;
  Tensor* last = scratch[NORMED];
  if (n > 1) {
    last = scratch[LAST];
    if (take_last(scratch[NORMED], last, n)) return -1;
  }
  i64 sizes[3] = {1, 1, configuration.vocab_size};
  Tensor* logits = new_tensor(float32, sizes, 3, WEBGPU);
  if (!logits) return -1;
  if (head(last, logits, 1)) {
    let_go(logits);
    return -1;
  }
  return give_pair(result, logits, hold(cache));
}

static i32 take(Tensor* ids, Tensor* out, i32 n) {
  const Linear* l = &model.embedding;
  i32 d = (i32)configuration.hidden_size;
  if (l->scale) {
    Any arguments[] = {any_tensor(l->weight), any_tensor(l->scale), any_tensor(ids), any_tensor(out)};
    ANNOUNCED("fused_dequantize_take", arguments, k_take_q4(ids, l->weight, l->scale, out, n, d));
  } else {
    Any arguments[] = {any_tensor(l->weight), any_tensor(ids), any_tensor(out)};
    ANNOUNCED("take", arguments, k_take(ids, l->weight, out, n, d));
  }
  return 0;
}

/* embed(ids [n] int32, params) -> [n, d] */
FUNCTION_OF_LIBRARY(embed) {
  Given given = {"embed", arguments, count};
  Tensor* ids = given_object(given, 0, TENSOR);
  Array* params = given_object(given, 1, ARRAY);
  if (!ids || !params || bind_weights(given.where, params)) return -1;
  if (ids->dl.ndim != 1 || ids->sizes[0] < 1 || !is_type(ids, CODE_INT, 32)) return fail("embed: expected token ids [n] int32, got %t; give at least one token", ids);
  Tensor* out = new_gpu_tensor(model.elem, ids->sizes[0], configuration.hidden_size);
  if (!out) return -1;
  if (take(ids, out, (i32)ids->sizes[0])) {
    let_go(out);
    return -1;
  }
  return give(result, out);
}

/* get_logits(final-norm states [n, d], params) -> [n, V] float32 */
FUNCTION_OF_LIBRARY(get_logits) {
  Given given = {"get_logits", arguments, count};
  Tensor* states = given_object(given, 0, TENSOR);
  Array* params = given_object(given, 1, ARRAY);
  if (!states || !params || bind_weights(given.where, params)) return -1;
  i64 d = configuration.hidden_size;
  if (states->dl.ndim != 2 || states->sizes[0] < 1 || states->sizes[1] != d || !is_type(states, CODE_FLOAT, model.elem.bits)) return fail("get_logits: expected states [n, %l] float%d, got %t; give one row per state", d, model.elem.bits, states);
  Tensor* logits = new_gpu_tensor(float32, states->sizes[0], configuration.vocab_size);
  if (!logits) return -1;
  if (head(states, logits, (i32)states->sizes[0])) {
    let_go(logits);
    return -1;
  }
  return give(result, logits);
}
