/*
 * Kernels on the GPU. Each kernel's WGSL gets the model's prelude (element type, head
 * size, epsilon) when its shader is made, once; after that a launch is one call of
 * JavaScript, which adds it to the current command encoder.
 *
 * WebLLM asks for all shaders at load (webgpu.get_fmap, get_shader), compiles them in
 * parallel, and hands them over (update_prebuild); what was not asked for is compiled
 * at its first launch.
 */

enum { MOST_ARGUMENTS = 20, MOST_WORKGROUPS = 65535 };

static i32 put_shader(Text* text, const Kernel* kernel) {
  const char* elem = model.elem.bits == 16 ? "f16" : "f32";
  return put(text, "%salias Elem=%s;alias Elem4=vec4<%s>;const HEAD_DIM:u32=%uu;const EPS:f32=bitcast<f32>(%uu);\n%s", model.elem.bits == 16 ? "enable f16;" : "", elem, elem,
             configuration.head_dim, configuration.norm_epsilon, kernel->code);
}

static i32 make_shader(Kernel* kernel) {
  Text code = {0};
  Any shader = any_none();
  i32 failed = put_shader(&code, kernel);
  if (!failed) {
    Any arguments[] = {any_text(kernel->information), any_text(code.data)};
    failed = call_global("wasm.WebGPUCreateShader", arguments, 2, &shader);
  }
  release(code.data);
  if (failed) return -1;
  if (shader.type != FUNCTION) return fail("webgpu: expected a shader for %s, got %s; use web-llm 0.2.86", kernel->name, name_of_type(shader.type));
  kernel->function = shader.value.pointer;
  return 0;
}

/*
 * Arguments: tensors in the order of the bindings, scalars in the order of Params, then
 * the workgroups in x and y. Tensors must begin where their buffers begin, since whole
 * buffers are bound.
 */
static i32 launch(Kernel* kernel, const Any* arguments, i32 count) {
  Any passed[MOST_ARGUMENTS], nothing;
  for (i32 i = 0; i < count; i++) {
    passed[i] = arguments[i];
    if (arguments[i].type != TENSOR) continue;
    const DLTensor* dl = &((Tensor*)arguments[i].value.pointer)->dl;
    if (dl->device != WEBGPU || dl->byte_offset) return fail("%s: expected tensor %d at the start of a GPU buffer, got %s; copy it into a tensor of its own", kernel->name, i + 1, dl->device == WEBGPU ? "a part of one" : "a CPU tensor");
    passed[i] = any_pointer(dl->data);
  }
  for (i32 i = count - 2; i < count; i++) {
    if (arguments[i].value.integer > MOST_WORKGROUPS) return fail("%s: expected at most %d workgroups, got %l; give fewer positions at a time", kernel->name, MOST_WORKGROUPS, arguments[i].value.integer);
  }
  if (!kernel->function && make_shader(kernel)) return -1;
  return call(kernel->function, passed, count, &nothing);
}
