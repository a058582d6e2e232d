/*
 * The weights of a model: which tensors there must be, found by name, checked by shape
 * and type, and bound to their places.
 *
 * Names and layouts are those of MLC's weight folders. A linear map y = W x is
 *   <name>.weight   Elem [out, in], or, quantized in groups of 32 along `in`,
 *   <name>.q_weight uint32 [out, in / 8], nibble i of a word at bits 4i, and
 *   <name>.q_scale  Elem [out, in / 32]:   w = (nibble - 7) * scale.
 * Elem is float32 or float16, one for the whole model: that of model.norm.weight.
 * Query, key and value maps are one, in this order, and so are gate and up.
 *
 * Source: mlc-ai/mlc-llm, python/mlc_llm/model (llama, qwen2, qwen3) and
 * quantization/group_quantization.py (linear_weight_layout "NK").
 */

enum { GROUP = 32, PER_WORD = 8 };

typedef struct {
  Tensor* weight; /* plain, or the nibbles */
  Tensor* scale;  /* NULL where plain */
  Tensor* bias;   /* NULL where there is none */
  i32 in, out;
} Linear;

typedef struct {
  Tensor* input_norm;
  Linear qkv;
  Tensor *q_norm, *k_norm; /* Qwen3; else NULL */
  Linear output;
  Tensor* mlp_norm;
  Linear gate_up;
  Linear down;
} Layer;

typedef struct {
  String* name;
  i64 sizes[2];
  i32 ndim;
  DataType dtype;
  Tensor** place;
} Expected;

static const DataType float32 = {CODE_FLOAT, 32, 1}, int32 = {CODE_INT, 32, 1}, uint32 = {CODE_UINT, 32, 1};

static struct {
  DataType elem;
  i32 quantized, plain; /* whether any map is */
  Linear embedding;
  Layer* layers;
  Tensor* norm;
  Linear head; /* the embedding, where tied */
  Array* bound; /* the parameters whose tensors are in place; held */
} model;

/* In the order of _metadata, and so of the parameters that WebLLM passes to each call. */
static Expected* expected;
static u32 expected_count, expected_capacity;

static i32 expect(Tensor** place, DataType dtype, i64 rows, i64 columns, const char* name, const char* part) {
  Expected* wider = grow(expected, expected_count, &expected_capacity, sizeof(Expected));
  if (!wider) return -1;
  expected = wider;
  Text text = {0};
  String* copy = put(&text, "%s.%s", name, part) ? NULL : new_string(text.data, text.length, STRING);
  release(text.data);
  if (!copy) return -1;
  expected[expected_count++] = (Expected){copy, {rows, columns}, columns ? 2 : 1, dtype, place};
  return 0;
}

static i32 is_cached(const char* name, const char* part) {
  Text text = {0};
  i32 found = !put(&text, "%s.%s", name, part) && find_weight(text.data);
  release(text.data);
  return found;
}

static i32 expect_linear(Linear* linear, u32 in, u32 out, i32 has_bias, const char* name) {
  *linear = (Linear){.in = (i32)in, .out = (i32)out};
  if (is_cached(name, "q_weight") || is_cached(name, "q_scale")) {
    if (in % GROUP) return fail("weights: expected a quantized %s whose input is a multiple of %d, got %u; take unquantized weights", name, GROUP, in);
    model.quantized = 1;
    if (expect(&linear->weight, uint32, out, in / PER_WORD, name, "q_weight") || expect(&linear->scale, model.elem, out, in / GROUP, name, "q_scale")) return -1;
  } else {
    model.plain = 1;
    if (expect(&linear->weight, model.elem, out, in, name, "weight")) return -1;
  }
  return has_bias ? expect(&linear->bias, model.elem, out, 0, name, "bias") : 0;
}

static i32 expect_norm(Tensor** norm, u32 width, const char* name) { return expect(norm, model.elem, width, 0, name, "weight"); }

static i32 expect_layer(Layer* layer, u32 index) {
  const Configuration* c = &configuration;
  Text name = {0};
  i32 failed = 0;
#define NAMED(part) (name.length = 0, put(&name, "model.layers.%u.%s", index, part) ? "" : name.data)
  failed |= expect_norm(&layer->input_norm, c->hidden_size, NAMED("input_layernorm"));
  if (!failed) failed |= expect_linear(&layer->qkv, c->hidden_size, (u32)qkv_width(), c->architecture == QWEN2, NAMED(c->architecture == LLAMA ? "self_attn.qkv_proj" : "self_attn.c_attn"));
  if (!failed && c->architecture == QWEN3) failed |= expect_norm(&layer->q_norm, c->head_dim, NAMED("self_attn.q_norm")) || expect_norm(&layer->k_norm, c->head_dim, NAMED("self_attn.k_norm"));
  if (!failed) failed |= expect_linear(&layer->output, (u32)attention_width(), c->hidden_size, 0, NAMED("self_attn.o_proj"));
  if (!failed) failed |= expect_norm(&layer->mlp_norm, c->hidden_size, NAMED("post_attention_layernorm"));
  if (!failed) failed |= expect_linear(&layer->gate_up, c->hidden_size, 2 * c->intermediate_size, 0, NAMED("mlp.gate_up_proj"));
  if (!failed) failed |= expect_linear(&layer->down, c->intermediate_size, c->hidden_size, 0, NAMED("mlp.down_proj"));
#undef NAMED
  release(name.data);
  return failed ? -1 : 0;
}

/* A header, for messages, of what a tensor should be. */
static void describe(const Expected* wanted, Tensor* header) {
  header->dl.dtype = wanted->dtype;
  header->dl.ndim = wanted->ndim;
  header->dl.shape = header->sizes;
  header->sizes[0] = wanted->sizes[0];
  header->sizes[1] = wanted->sizes[1];
}

static i32 check_tensor(const Expected* wanted, const Tensor* tensor) {
  Tensor header;
  describe(wanted, &header);
  const char* name = (const char*)wanted->name->data;
  if (!tensor) return fail("weights: expected %s %t, got none; check that all shards of the model are there", name, &header);
  i32 same = tensor->dl.ndim == wanted->ndim && is_type(tensor, wanted->dtype.code, wanted->dtype.bits);
  for (i32 i = 0; same && i < wanted->ndim; i++) same = tensor->sizes[i] == wanted->sizes[i];
  if (!same) return fail("weights: expected %s %t, got %t; take mlc-chat-config.json and weights from one folder", name, &header, tensor);
  if (tensor->dl.device != WEBGPU || tensor->dl.byte_offset) return fail("weights: expected %s in a GPU buffer of its own, got it elsewhere; let web-llm load the model", name);
  return 0;
}

/* Lists the tensors of the configured model, and checks that the cache holds these and no others. */
static i32 expect_model(void) {
  const Configuration* c = &configuration;
  if (check_configuration()) return -1;
  while (expected_count) let_go(expected[--expected_count].name);
  let_go(model.bound);
  model.bound = NULL;
  model.quantized = model.plain = 0;
  model.elem = float32;
  Tensor* norm = find_weight("model.norm.weight");
  if (norm && is_type(norm, CODE_FLOAT, 16)) model.elem.bits = 16;
  release(model.layers);
  model.layers = allocate_zeroed(c->layers * sizeof(Layer));
  if (!model.layers || expect_linear(&model.embedding, c->hidden_size, c->vocab_size, 0, "model.embed_tokens")) return -1;
  for (u32 i = 0; i < c->layers; i++) {
    if (expect_layer(&model.layers[i], i)) return -1;
  }
  if (expect_norm(&model.norm, c->hidden_size, "model.norm")) return -1;
  if (!c->tied && expect_linear(&model.head, c->hidden_size, c->vocab_size, 0, "lm_head")) return -1;

  for (u32 i = 0; i < expected_count; i++) {
    if (check_tensor(&expected[i], find_weight((const char*)expected[i].name->data))) return -1;
  }
  for (u32 i = 0; i < cached_count && cached_count != expected_count; i++) {
    u32 at = 0;
    while (at < expected_count && !same_text((const char*)expected[at].name->data, (const char*)cached[i].name->data)) at++;
    if (at == expected_count) return fail("weights: expected no tensors beside those of a %s model, got %s %t; choose another model or its own library", architecture_name(), (const char*)cached[i].name->data, cached[i].tensor);
  }
  return 0;
}

/* Puts the tensors of a call's `params` into their places; once for each array. */
static i32 bind_weights(const char* where, Array* params) {
  if (params == model.bound) return 0;
  if (!expected_count) return fail("%s: expected a loaded model, got none; let web-llm create the pipeline first", where);
  if (params->count != expected_count) return fail("%s: expected %u parameters, got %u; pass the pipeline's params", where, expected_count, params->count);
  for (u32 i = 0; i < expected_count; i++) {
    Tensor* tensor = params->items[i].type == TENSOR ? params->items[i].value.pointer : NULL;
    if (check_tensor(&expected[i], tensor)) return -1;
    *expected[i].place = tensor;
  }
  if (configuration.tied) model.head = model.embedding;
  let_go(model.bound);
  model.bound = hold(params);
  return 0;
}
