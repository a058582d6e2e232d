/*
 * Global functions by name: ours, registered in library.c, and those that web-llm adds
 * (`wasm.WebGPUDeviceAPI`, `wasm.WebGPUCreateShader`).
 */

typedef struct {
  String* name;
  Function* function;
} Global;

static Global* globals;
static u32 global_count, global_capacity;

static Global* find_global(const void* name, u32 size) {
  for (u32 i = 0; i < global_count; i++) {
    if (globals[i].name->size == size && same_bytes(globals[i].name->data, name, size)) return &globals[i];
  }
  return NULL;
}

/* Takes a reference of its own. */
static i32 set_global(const void* name, u32 size, Function* function, i32 replace) {
  Global* found = find_global(name, size);
  if (found) {
    if (!replace) return fail("globals: expected a new name, got %s, which exists; ask to override it", (const char*)found->name->data);
    hold(function);
    let_go(found->function);
    found->function = function;
    return 0;
  }
  Global* wider = grow(globals, global_count, &global_capacity, sizeof(Global));
  if (!wider) return -1;
  globals = wider;
  String* copy = new_string(name, size, STRING);
  if (!copy) return -1;
  globals[global_count++] = (Global){copy, hold(function)};
  return 0;
}

static i32 call_global(const char* name, const Any* arguments, i32 count, Any* result) {
  Global* found = find_global(name, length_of(name));
  if (!found) return fail("globals: expected the function %s of web-llm, got none; give web-llm a WebGPU device first", name);
  return call(found->function, arguments, count, result);
}

/* ffi.FunctionListGlobalNamesFunctor() -> f; f(-1) is how many there are, f(i) the name of one. */
FUNCTION_OF_LIBRARY(global_name) {
  i64 index;
  if (given_number((Given){"ffi.FunctionListGlobalNamesFunctor", arguments, count}, 0, &index)) return -1;
  if (index >= 0 && index < global_count) return give_text(result, (const char*)globals[index].name->data);
  *result = any_int(global_count);
  return 0;
}

FUNCTION_OF_LIBRARY(list_globals) { return give(result, new_function(global_name, NULL)); }
