/* Arguments of a call, each checked as it is read: an unexpected value is an error, never a wild pointer. */

/* Defines a function of the library. */
#define FUNCTION_OF_LIBRARY(name) static i32 name(void* self, const Any* arguments, i32 count, Any* result)

static const char* name_of_type(i32 type) {
  switch (type) {
    case NONE: return "nothing";
    case INT: case BOOL: case FLOAT: return "a number";
    case POINTER: return "a pointer";
    case DEVICE: return "a device";
    case RAW_STRING: case STRING: return "a string";
    case BYTE_ARRAY: case BYTES: return "bytes";
    case FUNCTION: return "a function";
    case SHAPE: return "a shape";
    case TENSOR: return "a tensor";
    case ARRAY: return "an array";
    case MODULE: return "a module";
    case KV_CACHE: return "a key-value cache";
    default: return "an unknown object";
  }
}

typedef struct {
  const char* where;
  const Any* arguments;
  i32 count;
} Given;

/* The object at a place, or NULL with the error set. */
static void* given_object(Given given, i32 place, i32 type) {
  i32 got = place < given.count ? given.arguments[place].type : NONE;
  if (got == type) return given.arguments[place].value.pointer;
  fail("%s: expected %s as argument %d, got %s; call it as web-llm 0.2.86 does", given.where, name_of_type(type), place + 1, name_of_type(got));
  return NULL;
}

static i32 given_number(Given given, i32 place, i64* number) {
  i32 got = place < given.count ? given.arguments[place].type : NONE;
  if (got == INT || got == BOOL) {
    *number = given.arguments[place].value.integer;
  } else if (got == FLOAT && given.arguments[place].value.number == (f64)(i64)given.arguments[place].value.number) {
    *number = (i64)given.arguments[place].value.number;
  } else {
    return fail("%s: expected a whole number as argument %d, got %s; call it as web-llm 0.2.86 does", given.where, place + 1, got == FLOAT ? "a fraction" : name_of_type(got));
  }
  return 0;
}

/* Zero-terminated, alive during the call; NULL with the error set. */
static const char* given_text(Given given, i32 place) {
  i32 got = place < given.count ? given.arguments[place].type : NONE;
  if (got == RAW_STRING) return given.arguments[place].value.pointer;
  if (got == STRING) return (const char*)((String*)given.arguments[place].value.pointer)->data;
  fail("%s: expected a string as argument %d, got %s; call it as web-llm 0.2.86 does", given.where, place + 1, name_of_type(got));
  return NULL;
}

static i32 given_bytes(Given given, i32 place, ByteArray* bytes) {
  i32 got = place < given.count ? given.arguments[place].type : NONE;
  if (got == BYTE_ARRAY) {
    *bytes = *(ByteArray*)given.arguments[place].value.pointer;
  } else if (got == BYTES) {
    String* string = given.arguments[place].value.pointer;
    *bytes = (ByteArray){string->data, string->size};
  } else {
    return fail("%s: expected bytes as argument %d, got %s; call it as web-llm 0.2.86 does", given.where, place + 1, name_of_type(got));
  }
  return 0;
}

/* The only number of a shape of one. */
static i32 given_size(Given given, i32 place, i64* size) {
  Shape* shape = given_object(given, place, SHAPE);
  if (!shape) return -1;
  if (shape->count != 1) return fail("%s: expected a shape of one number as argument %d, got %u numbers; give one sequence at a time", given.where, place + 1, shape->count);
  *size = shape->sizes[0];
  return 0;
}
