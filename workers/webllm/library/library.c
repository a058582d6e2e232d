/*
 * Geodesic's own WebLLM model library for Llama-type models: the unit that is compiled.
 *
 * This file registers the functions that web-llm 0.2.86 asks for, by name, and exports
 * the C functions through which it calls them. It is not compiled by MLC and holds no
 * code of TVM; it keeps to the same interface. See README.md.
 */
#include "ffi.h"

#include "memory.c"
#include "text.c"
#include "objects.c"
#include "arguments.c"
#include "globals.c"
#include "tensor.c"
#include "tensor-cache.c"
#include "configuration.c"
#include "weights.c"
#include "webgpu.c"
#include "kernels.h"
#include "instrument.c"
#include "kv-cache.c"
#include "forward.c"
#include "metadata.c"
#include "sampling.c"

/* ffi.Shape(size ...) */
FUNCTION_OF_LIBRARY(make_shape) {
  Shape* shape = new_shape((u32)count);
  if (!shape) return -1;
  for (i32 i = 0; i < count; i++) {
    if (given_number((Given){"shape", arguments, count}, i, &shape->sizes[i])) {
      let_go(shape);
      return -1;
    }
  }
  return give(result, shape);
}

/* ffi.Array(item ...) */
FUNCTION_OF_LIBRARY(make_array) {
  Array* array = new_array((u32)count);
  if (!array) return -1;
  for (i32 i = 0; i < count; i++) {
    if (to_owned(&arguments[i], &array->items[i])) {
      let_go(array);
      return -1;
    }
  }
  return give(result, array);
}

/* tvmjs.runtime.ArrayConcat(array ...) */
FUNCTION_OF_LIBRARY(join_arrays) {
  Given given = {"array", arguments, count};
  u32 total = 0;
  for (i32 i = 0; i < count; i++) {
    Array* part = given_object(given, i, ARRAY);
    if (!part) return -1;
    total += part->count;
  }
  Array* all = new_array(total);
  if (!all) return -1;
  u32 at = 0;
  for (i32 i = 0; i < count; i++) {
    Array* part = arguments[i].value.pointer;
    for (u32 k = 0; k < part->count; k++) to_owned(&part->items[k], &all->items[at++]); /* counted or plain: cannot fail */
  }
  return give(result, all);
}

/* ffi.ArrayGetItem(array, index) */
FUNCTION_OF_LIBRARY(array_item) {
  Given given = {"array", arguments, count};
  Array* array = given_object(given, 0, ARRAY);
  i64 index;
  if (!array || given_number(given, 1, &index)) return -1;
  if (index < 0 || index >= array->count) return fail("array: expected an index from 0 to %l, got %l; ask for its size", (i64)array->count - 1, index);
  return to_owned(&array->items[index], result);
}

/* ffi.ArraySize(array) */
FUNCTION_OF_LIBRARY(array_size) {
  Array* array = given_object((Given){"array", arguments, count}, 0, ARRAY);
  if (!array) return -1;
  *result = any_int(array->count);
  return 0;
}

/* ffi.ModuleGetFunction(module, name, query imports) -> function or nothing */
FUNCTION_OF_LIBRARY(module_function) {
  Module* module = given_object((Given){"module", arguments, count}, 0, MODULE);
  return module ? module->get(module, arguments + 1, count - 1, result) : -1;
}

FUNCTION_OF_LIBRARY(do_nothing) { return 0; }

/* A function that must exist by name but is used by no part of web-llm 0.2.86; `self` is its name. */
FUNCTION_OF_LIBRARY(refuse) { return fail("%s: expected the calls of web-llm 0.2.86, got this one, which is none of them; use the functions of the model", (const char*)self); }

typedef struct {
  const char* name;
  Call call;
  const char* self; /* what the function is told; NULL for most */
} Named;

/* The functions of the model, as a stock library has them. */
static const Named model_functions[] = {
  {"vm_initialization", do_nothing},
  {"_metadata", metadata},
  {"webgpu.get_fmap", shader_map},
  {"webgpu.get_shader", shader_code},
  {"webgpu.update_prebuild", shader_ready},
  {"create_tir_paged_kv_cache", create_kv_cache},
  {"embed", embed},
  {"prefill", forward, "prefill"},
  {"decode", forward, "decode"},
  {"get_logits", get_logits},
  {"softmax_with_temperature", softmax_with_temperature},
  {"argsort_probs", argsort_probs},
  {"sample_with_top_p", sample_with_top_p},
  {"apply_bitmask_inplace", apply_bitmask},
  {"apply_logit_bias_inplace", apply_logit_bias},
  {"apply_penalty_inplace", apply_penalty},
  {"set_instrument", set_instrument},
};

static i32 give_named(const Named* named, Any* result) { return give(result, new_function(named->call, (void*)named->self)); }

FUNCTION_OF_LIBRARY(get_of_model) {
  const char* name = given_text((Given){"model", arguments, count}, 0);
  if (!name) return -1;
  for (u32 i = 0; i < LENGTH(model_functions); i++) {
    if (same_text(model_functions[i].name, name)) return give_named(&model_functions[i], result);
  }
  return 0;
}

FUNCTION_OF_LIBRARY(load_model) { return give(result, new_module(get_of_model, NULL)); }

FUNCTION_OF_LIBRARY(get_of_system) {
  const char* name = given_text((Given){"system library", arguments, count}, 0);
  if (!name) return -1;
  return same_text(name, "vm_load_executable") ? give(result, new_function(load_model, NULL)) : 0;
}

FUNCTION_OF_LIBRARY(system_library) { return give(result, new_module(get_of_system, NULL)); }

static const Named global_functions[] = {
  {"ffi.FunctionListGlobalNamesFunctor", list_globals},
  {"ffi.ModuleGetFunction", module_function},
  {"ffi.ModuleImportModule", refuse, "ffi.ModuleImportModule"},
  {"ffi.ArrayGetItem", array_item},
  {"ffi.ArraySize", array_size},
  {"ffi.Array", make_array},
  {"ffi.SystemLib", system_library},
  {"ffi.Shape", make_shape},
  {"runtime.TVMTensorAllocWithScope", tensor_allocate},
  {"runtime.TVMTensorCopyFromTo", tensor_copy},
  {"runtime.TVMTensorCreateView", tensor_view},
  {"tvmjs.runtime.TensorCopyFromBytes", tensor_from_bytes},
  {"tvmjs.runtime.TensorCopyToBytes", tensor_to_bytes},
  {"tvmjs.runtime.ArrayConcat", join_arrays},
  {"tvmjs.runtime.ConcatEmbeddings", concatenate_embeddings},
  {"tvmjs.array.decode_storage", decode_storage},
  {"tvmjs.array.decode_bf16_to_f32_inplace", decode_in_place},
  {"vm.builtin.tensor_cache.get", cache_get},
  {"vm.builtin.tensor_cache.remove", cache_remove},
  {"vm.builtin.tensor_cache.update", cache_update},
  {"vm.builtin.tensor_cache.clear", cache_clear},
  {"vm.builtin.param_module_from_cache", refuse, "vm.builtin.param_module_from_cache"},
  {"vm.builtin.param_module_from_cache_by_name", params_by_name},
  {"vm.builtin.sample_top_p_from_logits", refuse, "vm.builtin.sample_top_p_from_logits"},
  {"vm.builtin.sample_top_p_from_prob", refuse, "vm.builtin.sample_top_p_from_prob"},
  {"vm.builtin.apply_repetition_penalty", refuse, "vm.builtin.apply_repetition_penalty"},
  {"vm.builtin.apply_presence_and_frequency_penalty", refuse, "vm.builtin.apply_presence_and_frequency_penalty"},
  {"vm.builtin.apply_softmax_with_temperature", refuse, "vm.builtin.apply_softmax_with_temperature"},
  {"vm.builtin.kv_state_clear", kv_clear},
  {"vm.builtin.kv_state_add_sequence", kv_add_sequence},
  {"vm.builtin.kv_state_remove_sequence", kv_remove_sequence},
  {"vm.builtin.kv_state_begin_forward", kv_begin_forward},
  {"vm.builtin.kv_state_end_forward", kv_end_forward},
  {"vm.builtin.kv_state_popn", kv_popn},
  {"vm.builtin.attention_kv_cache_enable_sliding_window_for_seq", kv_sliding_window},
};

EXPORT("_initialize") void initialize(void) {
  for (u32 i = 0; i < LENGTH(global_functions); i++) {
    const Named* named = &global_functions[i];
    Function* function = new_function(named->call, (void*)named->self);
    if (!function || set_global(named->name, length_of(named->name), function, 0)) return; /* web-llm then misses it, by name */
    let_go(function);
  }
}

EXPORT("TVMWasmAllocSpace") void* allocate_space(u32 size) { return allocate(size); }

EXPORT("TVMWasmFreeSpace") void free_space(void* space) { release(space); }

EXPORT("TVMFFIFunctionGetGlobal") i32 get_global(const ByteArray* name, Function** found) {
  Global* global = find_global(name->data, name->size);
  *found = global ? hold(global->function) : NULL;
  return 0;
}

EXPORT("TVMFFIFunctionSetGlobal") i32 add_global(const ByteArray* name, Function* function, i32 replace) { return set_global(name->data, name->size, function, replace); }

EXPORT("TVMFFIFunctionCall") i32 call_function(Function* function, const Any* arguments, i32 count, Any* result) { return call(function, arguments, count, result); }

/* A function of JavaScript, known to it as `self`. */
EXPORT("TVMFFIWasmFunctionCreate") i32 create_function(void* self, Function** created) {
  *created = new_function(call_javascript, self);
  if (!*created) return -1;
  (*created)->object.deleter = delete_javascript;
  return 0;
}

EXPORT("TVMFFIObjectIncRef") i32 increase_references(void* object) {
  hold(object);
  return 0;
}

EXPORT("TVMFFIObjectDecRef") i32 decrease_references(void* object) {
  let_go(object);
  return 0;
}

EXPORT("TVMFFITypeKeyToIndex") i32 type_index(const ByteArray* key, i32* index) {
  static const struct {
    const char* key;
    i32 type;
  } types[] = {{"ffi.String", STRING}, {"ffi.Bytes", BYTES}, {"ffi.Function", FUNCTION}, {"ffi.Shape", SHAPE}, {"ffi.Tensor", TENSOR}, {"ffi.Array", ARRAY}, {"ffi.Module", MODULE}};
  for (u32 i = 0; i < LENGTH(types); i++) {
    if (key->size != length_of(types[i].key) || !same_bytes(key->data, types[i].key, key->size)) continue;
    *index = types[i].type;
    return 0;
  }
  return fail("types: expected a type such as ffi.Array, got one of %u letters that this library does not have; use web-llm 0.2.86", key->size);
}

EXPORT("TVMFFIAnyViewToOwnedAny") i32 own_value(const Any* view, Any* owned) { return to_owned(view, owned); }

/* An error of JavaScript, thrown by a function that we called. */
EXPORT("TVMFFIErrorSetRaisedFromCStr") void set_error(const char* kind, const char* message) {
  error.length = 0;
  put_text(&error, message);
}

EXPORT("TVMFFIWasmGetLastError") const char* last_error(void) { return error.data; }
