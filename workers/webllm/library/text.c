/*
 * Text: names of weights, the metadata, and errors, put together from a format.
 *
 *   %s zero-terminated text   %d i32   %u u32   %l i64   %t a Tensor, as `[2, 3] float32`
 *
 * An error reads `library: where: expected X, got Y; do Z` and is kept until the next
 * one; web-llm turns it into a JavaScript Error.
 */

typedef struct {
  char* data;
  u32 length, capacity;
  i32 fixed; /* does not grow; what does not fit is left out */
} Text;

static u32 length_of(const char* text) {
  u32 length = 0;
  while (text[length]) length++;
  return length;
}

static i32 same_bytes(const void* a, const void* b, u32 size) {
  const u8 *left = a, *right = b;
  for (u32 i = 0; i < size; i++) {
    if (left[i] != right[i]) return 0;
  }
  return 1;
}

static i32 same_text(const char* a, const char* b) {
  u32 length = length_of(a);
  return length == length_of(b) && same_bytes(a, b, length);
}

/* 0, or -1 where memory is out; what is there stays zero-terminated. */
static i32 put_bytes(Text* text, const void* bytes, u32 size) {
  u32 need = text->length + size + 1;
  if (need > text->capacity) {
    if (text->fixed) {
      size = text->capacity - text->length - 1;
    } else {
      u32 wanted = need * 2;
      char* wider = allocate(wanted);
      if (!wider) return -1;
      if (text->data) memcpy(wider, text->data, text->length);
      release(text->data);
      text->data = wider;
      text->capacity = wanted;
    }
  }
  memcpy(text->data + text->length, bytes, size);
  text->length += size;
  text->data[text->length] = 0;
  return 0;
}

static i32 put_integer(Text* text, i64 value) {
  char digits[20];
  u32 at = sizeof digits;
  u64 rest = value < 0 ? -(u64)value : (u64)value;
  do {
    digits[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest);
  if (value < 0 && put_bytes(text, "-", 1)) return -1;
  return put_bytes(text, digits + at, sizeof digits - at);
}

static i32 put_text(Text* text, const char* words) { return put_bytes(text, words, length_of(words)); }

static i32 put_sizes(Text* text, const i64* sizes, i32 count) {
  if (put_text(text, "[")) return -1;
  for (i32 i = 0; i < count; i++) {
    if ((i && put_text(text, ", ")) || put_integer(text, sizes[i])) return -1;
  }
  return put_text(text, "]");
}

static i32 put_type(Text* text, DataType type) {
  const char* name = type.code == CODE_INT ? "int" : type.code == CODE_UINT ? "uint" : "float";
  return put_text(text, name) || put_integer(text, type.bits) ? -1 : 0;
}

static i32 put_list(Text* text, const char* format, __builtin_va_list values) {
  i32 failed = 0;
  for (const char* at = format; *at && !failed; at++) {
    if (*at != '%') {
      const char* end = at;
      while (end[1] && end[1] != '%') end++;
      failed = put_bytes(text, at, (u32)(end - at) + 1);
      at = end;
      continue;
    }
    at++;
    if (*at == 's') {
      failed = put_text(text, __builtin_va_arg(values, const char*));
    } else if (*at == 'd') {
      failed = put_integer(text, __builtin_va_arg(values, i32));
    } else if (*at == 'u') {
      failed = put_integer(text, __builtin_va_arg(values, u32));
    } else if (*at == 'l') {
      failed = put_integer(text, __builtin_va_arg(values, i64));
    } else {
      const Tensor* tensor = __builtin_va_arg(values, const Tensor*);
      failed = put_sizes(text, tensor->dl.shape, tensor->dl.ndim) || put_text(text, " ") || put_type(text, tensor->dl.dtype);
    }
  }
  return failed ? -1 : 0;
}

static i32 put(Text* text, const char* format, ...) {
  __builtin_va_list values;
  __builtin_va_start(values, format);
  i32 failed = put_list(text, format, values);
  __builtin_va_end(values);
  return failed;
}

static char error_bytes[2048];
static Text error = {error_bytes, 0, sizeof error_bytes, 1};

/* Keeps the message for TVMFFIWasmGetLastError and returns -1, to be returned in turn. */
static i32 fail(const char* format, ...) {
  __builtin_va_list values;
  __builtin_va_start(values, format);
  error.length = 0;
  put_text(&error, "library: ");
  put_list(&error, format, values);
  __builtin_va_end(values);
  return -1;
}
