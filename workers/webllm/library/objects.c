/*
 * Counted objects: strings, functions, shapes, arrays, modules.
 *
 * Who makes an object owns one reference. `give` puts that reference into a result;
 * `to_owned` turns a borrowed value into an owned one (raw strings are copied, since
 * they die with the call). The last `let_go` frees.
 */

static void* new_object(u32 size, i32 type, void (*deleter)(Object*)) {
  Object* object = allocate_zeroed(size);
  if (!object) return NULL;
  object->references = 1;
  object->type = type;
  object->deleter = deleter;
  return object;
}

static void* hold(void* object) {
  ((Object*)object)->references++;
  return object;
}

static void let_go(void* pointer) {
  Object* object = pointer;
  if (!object || --object->references) return;
  if (object->deleter) object->deleter(object);
  release(object);
}

static void let_go_value(Any* any) {
  if (any->type >= OBJECT) let_go(any->value.pointer);
  *any = any_none();
}

/* Gives the caller's reference away as a result; -1 for NULL, whose error is already set. */
static i32 give(Any* result, void* object) {
  if (!object) return -1;
  *result = any_object(object);
  return 0;
}

/* Strings */

static void delete_string(Object* object) { release(((String*)object)->data); }

static String* new_string(const void* bytes, u32 size, i32 type) {
  String* string = new_object(sizeof(String), type, delete_string);
  if (!string) return NULL;
  string->data = allocate(size + 1);
  if (!string->data) {
    let_go(string);
    return NULL;
  }
  memcpy(string->data, bytes, size);
  string->data[size] = 0;
  string->size = size;
  return string;
}

static i32 give_text(Any* result, const char* text) { return give(result, new_string(text, length_of(text), STRING)); }

static i32 to_owned(const Any* view, Any* owned) {
  Any any = *view;
  if (any.type == RAW_STRING) {
    const char* text = any.value.pointer;
    return give_text(owned, text);
  }
  if (any.type == BYTE_ARRAY) {
    const ByteArray* bytes = any.value.pointer;
    return give(owned, new_string(bytes->data, bytes->size, BYTES));
  }
  if (any.type >= OBJECT) hold(any.value.pointer);
  *owned = any;
  return 0;
}

/* Functions */

static i32 call(Function* function, const Any* arguments, i32 count, Any* result) {
  *result = any_none();
  return function->call(function->self, arguments, count, result);
}

static Function* new_function(Call call, void* self) {
  Function* function = new_object(sizeof(Function), FUNCTION, NULL);
  if (!function) return NULL;
  function->call = call;
  function->self = self;
  return function;
}

/* A function of JavaScript: `self` is its number in web-llm's table. */
IMPORT("TVMFFIWasmSafeCall") i32 javascript_call(void* self, const Any* arguments, i32 count, Any* result);
IMPORT("TVMFFIWasmFunctionDeleter") void javascript_delete(void* self);

static i32 call_javascript(void* self, const Any* arguments, i32 count, Any* result) {
  return javascript_call(self, arguments, count, result);
}

static void delete_javascript(Object* object) { javascript_delete(((Function*)object)->self); }

/* Shapes */

static void delete_shape(Object* object) { release(((Shape*)object)->sizes); }

static Shape* new_shape(u32 count) {
  Shape* shape = new_object(sizeof(Shape), SHAPE, delete_shape);
  if (!shape) return NULL;
  shape->count = count;
  shape->sizes = allocate_zeroed(count * sizeof(i64));
  if (shape->sizes) return shape;
  let_go(shape);
  return NULL;
}

/* Arrays */

static void delete_array(Object* object) {
  Array* array = (Array*)object;
  for (u32 i = 0; i < array->count; i++) let_go_value(&array->items[i]);
  release(array->items);
}

static Array* new_array(u32 count) {
  Array* array = new_object(sizeof(Array), ARRAY, delete_array);
  if (!array) return NULL;
  array->items = allocate_zeroed(count * sizeof(Any));
  if (!array->items) {
    let_go(array);
    return NULL;
  }
  array->count = count;
  return array;
}

/* [first, second], whose references it takes over; also where it fails. */
static i32 give_pair(Any* result, void* first, void* second) {
  Array* pair = first && second ? new_array(2) : NULL;
  if (!pair) {
    let_go(first);
    let_go(second);
    return -1;
  }
  pair->items[0] = any_object(first);
  pair->items[1] = any_object(second);
  return give(result, pair);
}

/* Modules */

static void delete_module(Object* object) { let_go(((Module*)object)->held); }

/* `held` is lent; the module holds it for as long as it lives. */
static Module* new_module(Call get, void* held) {
  Module* module = new_object(sizeof(Module), MODULE, delete_module);
  if (!module) return NULL;
  module->get = get;
  module->held = held ? hold(held) : NULL;
  return module;
}
