/*
 * What web-llm asks before a model runs: _metadata (JSON: the parameters with shape and
 * type in the order of `params`, sizes, and what kind of cache there is), and the
 * shaders, so that it can compile them in parallel.
 */

static i32 give_built(Any* result, Text* text, i32 failed) {
  i32 given = failed ? -1 : give(result, new_string(text->data, text->length, STRING));
  release(text->data);
  return given;
}

static i32 put_metadata(Text* text) {
  const Configuration* c = &configuration;
  i32 failed = put(text, "{\"library\":\"Geodesic's own model library\",\"model_type\":\"%s\",\"quantization\":\"q%df%d%s\",\"kv_state_kind\":\"kv_cache\",", architecture_name(), model.quantized ? 4 : 0, model.elem.bits, model.quantized ? "_1" : "");
  failed = failed || put(text, "\"context_window_size\":%u,\"sliding_window_size\":-1,\"attention_sink_size\":-1,\"prefill_chunk_size\":%u,\"tensor_parallel_shards\":1,\"params\":[", c->context_length, c->prefill_chunk_size);
  for (u32 i = 0; i < expected_count && !failed; i++) {
    const Expected* e = &expected[i];
    failed = put(text, "%s{\"name\":\"%s\",\"shape\":", i ? "," : "", (const char*)e->name->data) || put_sizes(text, e->sizes, e->ndim) || put_text(text, ",\"dtype\":\"") || put_type(text, e->dtype) || put_text(text, "\"}");
  }
  return failed || put_text(text, "]}");
}

/* _metadata() -> JSON; checks that the tensors in the cache are those of the configured model */
FUNCTION_OF_LIBRARY(metadata) {
  if (expect_model()) return -1;
  Text text = {0};
  return give_built(result, &text, put_metadata(&text));
}

/*
 * The kernels of this model's forward pass. Those that sample, and the head for many
 * rows, are left out: a page that decodes by itself never needs them, and on a software
 * adapter each takes a second to compile. They are compiled at their first launch.
 */
static u32 forward_kernels(Kernel* used[LENGTH(kernels)]) {
  u32 length = 0;
  i32 plain = model.plain, q4 = model.quantized, bias = configuration.architecture == QWEN2;
#define USE(condition, name) \
  if (condition) used[length++] = &kernel_##name
  USE(plain, take);
  USE(q4, take_q4);
  USE(1, rms_norm);
  USE(plain, mat_vec);
  USE(plain && bias, mat_vec_bias);
  USE(plain, mat_vec_add);
  USE(plain, logits_vec);
  USE(q4, mat_vec_q4);
  USE(q4 && bias, mat_vec_bias_q4);
  USE(q4, mat_vec_add_q4);
  USE(q4, logits_vec_q4);
  USE(plain, mat_mul);
  USE(plain && bias, mat_mul_bias);
  USE(plain, mat_mul_add);
  USE(q4, mat_mul_q4);
  USE(q4 && bias, mat_mul_bias_q4);
  USE(q4, mat_mul_add_q4);
  USE(configuration.architecture == QWEN3, head_norm);
  USE(1, rope_append);
  USE(1, attention);
  USE(1, attention_tile);
  USE(1, silu_gate);
  USE(1, take_row);
#undef USE
  return length;
}

/* webgpu.get_fmap() -> JSON, what JavaScript must know about each kernel, by name */
FUNCTION_OF_LIBRARY(shader_map) {
  Kernel* used[LENGTH(kernels)];
  u32 length = forward_kernels(used);
  Text text = {0};
  i32 failed = put_text(&text, "{");
  for (u32 i = 0; i < length && !failed; i++) failed = put(&text, "%s\"%s\":%s", i ? "," : "", used[i]->name, used[i]->information);
  return give_built(result, &text, failed || put_text(&text, "}"));
}

static Kernel* given_kernel(Given given) {
  const char* name = given_text(given, 0);
  for (u32 i = 0; name && i < LENGTH(kernels); i++) {
    if (same_text(kernels[i]->name, name)) return kernels[i];
  }
  if (name) fail("%s: expected the name of a kernel, got %s; take it from webgpu.get_fmap", given.where, name);
  return NULL;
}

/* webgpu.get_shader(name) -> WGSL */
FUNCTION_OF_LIBRARY(shader_code) {
  Kernel* kernel = given_kernel((Given){"webgpu.get_shader", arguments, count});
  Text text = {0};
  if (!kernel) return -1;
  return give_built(result, &text, put_shader(&text, kernel));
}

/* webgpu.update_prebuild(name, function) */
FUNCTION_OF_LIBRARY(shader_ready) {
  Given given = {"webgpu.update_prebuild", arguments, count};
  Kernel* kernel = given_kernel(given);
  Function* function = given_object(given, 1, FUNCTION);
  if (!kernel || !function) return -1;
  hold(function);
  let_go(kernel->function);
  kernel->function = function;
  return 0;
}
