/* The tensor cache: web-llm puts each weight here by name while it reads the shards. */

typedef struct {
  String* name;
  Tensor* tensor;
} Cached;

static Cached* cached;
static u32 cached_count, cached_capacity;

static Cached* find_cached(const char* name) {
  u32 size = length_of(name);
  for (u32 i = 0; i < cached_count; i++) {
    if (cached[i].name->size == size && same_bytes(cached[i].name->data, name, size)) return &cached[i];
  }
  return NULL;
}

static Tensor* find_weight(const char* name) {
  Cached* found = find_cached(name);
  return found ? found->tensor : NULL;
}

/* vm.builtin.tensor_cache.update(name, tensor, override) */
FUNCTION_OF_LIBRARY(cache_update) {
  Given given = {"tensor cache", arguments, count};
  const char* name = given_text(given, 0);
  Tensor* tensor = given_object(given, 1, TENSOR);
  i64 replace = 0;
  if (!name || !tensor || (count > 2 && given_number(given, 2, &replace))) return -1;
  Cached* found = find_cached(name);
  if (found && !replace) return fail("tensor cache: expected each tensor once, got %s twice; remove the shard that does not belong to this model", name);
  if (found) {
    hold(tensor);
    let_go(found->tensor);
    found->tensor = tensor;
    return 0;
  }
  Cached* wider = grow(cached, cached_count, &cached_capacity, sizeof(Cached));
  if (!wider) return -1;
  cached = wider;
  String* copy = new_string(name, length_of(name), STRING);
  if (!copy) return -1;
  cached[cached_count++] = (Cached){copy, hold(tensor)};
  return 0;
}

/* vm.builtin.tensor_cache.get(name) -> tensor or nothing */
FUNCTION_OF_LIBRARY(cache_get) {
  const char* name = given_text((Given){"tensor cache", arguments, count}, 0);
  if (!name) return -1;
  Tensor* tensor = find_weight(name);
  return tensor ? give(result, hold(tensor)) : 0;
}

static void forget(Cached* entry) {
  let_go(entry->name);
  let_go(entry->tensor);
}

/* vm.builtin.tensor_cache.remove(name) */
FUNCTION_OF_LIBRARY(cache_remove) {
  const char* name = given_text((Given){"tensor cache", arguments, count}, 0);
  if (!name) return -1;
  Cached* found = find_cached(name);
  if (!found) return 0;
  forget(found);
  *found = cached[--cached_count];
  return 0;
}

/* vm.builtin.tensor_cache.clear() */
FUNCTION_OF_LIBRARY(cache_clear) {
  while (cached_count) forget(&cached[--cached_count]);
  return 0;
}

FUNCTION_OF_LIBRARY(get_params) { return give(result, hold(self)); }

FUNCTION_OF_LIBRARY(get_of_params) {
  const char* name = given_text((Given){"parameters", arguments, count}, 0);
  if (!name) return -1;
  return same_text(name, "get_params") ? give(result, new_function(get_params, ((Module*)self)->held)) : 0;
}

/* vm.builtin.param_module_from_cache_by_name(names) -> module with get_params() -> Array of tensors */
FUNCTION_OF_LIBRARY(params_by_name) {
  Array* names = given_object((Given){"parameters", arguments, count}, 0, ARRAY);
  if (!names) return -1;
  Array* tensors = new_array(names->count);
  if (!tensors) return -1;
  for (u32 i = 0; i < names->count; i++) {
    const char* name = given_text((Given){"parameters", names->items, (i32)names->count}, (i32)i);
    Tensor* tensor = name ? find_weight(name) : NULL;
    if (!tensor) {
      if (name) fail("parameters: expected the tensor %s, got none; load all shards of the model", name);
      let_go(tensors);
      return -1;
    }
    tensors->items[i] = any_object(hold(tensor));
  }
  Module* module = new_module(get_of_params, tensors);
  let_go(tensors);
  return give(result, module);
}
