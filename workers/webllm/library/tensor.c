/*
 * Tensors: storage on the CPU (our memory) or the GPU (a buffer that JavaScript keeps
 * under a number), views of it, and copies between the two.
 */

/* The functions of web-llm's WebGPU context. */
enum { GPU_ALLOCATE, GPU_FREE, GPU_FROM_CPU, GPU_TO_CPU, GPU_TO_GPU, GPU_FUNCTIONS };

static i32 call_gpu(i32 which, const Any* arguments, i32 count, Any* result) {
  static const char* const names[GPU_FUNCTIONS] = {"deviceAllocDataSpace", "deviceFreeDataSpace", "deviceCopyToGPU", "deviceCopyFromGPU", "deviceCopyWithinGPU"};
  static Function* functions[GPU_FUNCTIONS];
  if (!functions[which]) {
    Any name = any_text(names[which]), found;
    if (call_global("wasm.WebGPUDeviceAPI", &name, 1, &found)) return -1;
    if (found.type != FUNCTION) return fail("tensor: expected the function %s of web-llm, got %s; use web-llm 0.2.86", names[which], name_of_type(found.type));
    functions[which] = found.value.pointer;
  }
  return call(functions[which], arguments, count, result);
}

/* What web-llm asks its device for, as buffer and as binding; a larger one would read as zeros. */
static const i64 MOST_GPU_BYTES = 1ll << 30;
/* What a 32-bit memory can hold beside the rest. */
static const i64 MOST_CPU_BYTES = 0xfff00000ll;

static i64 element_count(const DLTensor* dl) {
  i64 product = 1;
  for (i32 i = 0; i < dl->ndim; i++) product *= dl->shape[i];
  return product;
}

static i64 byte_count(const DLTensor* dl) { return (element_count(dl) * dl->dtype.bits * dl->dtype.lanes + 7) / 8; }

static i32 is_type(const Tensor* tensor, i32 code, i32 bits) { return tensor->dl.dtype.code == code && tensor->dl.dtype.bits == bits && tensor->dl.dtype.lanes == 1; }

static void delete_tensor(Object* object) {
  Tensor* tensor = (Tensor*)object;
  if (tensor->owner) {
    let_go(tensor->owner);
  } else if (tensor->dl.device == WEBGPU) {
    Any buffer = any_pointer(tensor->dl.data), nothing;
    if (tensor->dl.data) call_gpu(GPU_FREE, &buffer, 1, &nothing);
  } else {
    release(tensor->dl.data);
  }
}

/* A tensor without storage, which `owner`, lent, or the caller has still to give. */
static Tensor* new_header(DataType dtype, const i64* sizes, u32 count, i32 device, Object* owner) {
  if (count > MOST_DIMENSIONS) {
    fail("tensor: expected at most %d dimensions, got %u; reshape it", MOST_DIMENSIONS, count);
    return NULL;
  }
  i64 elements = 1;
  for (u32 i = 0; i < count; i++) {
    if (sizes[i] < 0 || (sizes[i] && elements > (1ll << 40) / sizes[i])) {
      fail("tensor: expected sizes from 0 up and less than 2^40 elements, got size %l; correct the shape", sizes[i]);
      return NULL;
    }
    elements *= sizes[i];
  }
  Tensor* tensor = new_object(sizeof(Tensor), TENSOR, delete_tensor);
  if (!tensor) return NULL;
  tensor->dl.device = device;
  tensor->dl.ndim = (i32)count;
  tensor->dl.dtype = dtype;
  tensor->dl.shape = tensor->sizes;
  for (u32 i = 0; i < count; i++) tensor->sizes[i] = sizes[i];
  if (owner) tensor->owner = hold(owner);
  return tensor;
}

static Tensor* new_tensor(DataType dtype, const i64* sizes, u32 count, i32 device) {
  Tensor* tensor = new_header(dtype, sizes, count, device, NULL);
  if (!tensor) return NULL;
  i64 bytes = byte_count(&tensor->dl);
  i64 most = device == WEBGPU ? MOST_GPU_BYTES : MOST_CPU_BYTES;
  if (bytes > most) {
    fail("tensor: expected at most %l bytes in one, got %l for %t; choose a smaller model or a shorter context", most, bytes, tensor);
  } else if (device == WEBGPU) {
    Any size = any_int(bytes < 4 ? 4 : bytes), buffer;
    if (!call_gpu(GPU_ALLOCATE, &size, 1, &buffer)) {
      i64 id = buffer.type == FLOAT ? (i64)buffer.value.number : buffer.value.integer;
      tensor->dl.data = (void*)(u32)id;
      if (id > 0) return tensor;
      fail("tensor: expected %l bytes of GPU memory, got none; close other tabs, or choose a smaller model", bytes);
    }
  } else {
    tensor->dl.data = allocate((u32)(bytes ? bytes : 1));
    if (tensor->dl.data) return tensor;
  }
  tensor->dl.device = CPU;
  tensor->dl.data = NULL;
  let_go(tensor);
  return NULL;
}

static Tensor* new_gpu_tensor(DataType dtype, i64 rows, i64 columns) {
  i64 sizes[2] = {rows, columns};
  return new_tensor(dtype, sizes, 2, WEBGPU);
}

/* Another shape of the same storage, from its first byte. */
static Tensor* new_view(Tensor* of, const i64* sizes, u32 count) {
  Tensor* view = new_header(of->dl.dtype, sizes, count, of->dl.device, &of->object);
  if (!view) return NULL;
  view->dl.data = of->dl.data;
  view->dl.byte_offset = of->dl.byte_offset;
  return view;
}

/* Copies `bytes` bytes, queued in order with the kernels where the GPU takes part. */
static i32 copy_bytes(const DLTensor* from, u64 from_offset, const DLTensor* to, u64 to_offset, i64 bytes) {
  u8 *source = (u8*)from->data, *target = (u8*)to->data;
  from_offset += from->byte_offset;
  to_offset += to->byte_offset;
  Any nothing;
  if (from->device == CPU && to->device == CPU) {
    memcpy(target + to_offset, source + from_offset, (u32)bytes);
    return 0;
  }
  if (from->device == CPU) {
    Any arguments[] = {any_pointer(source + from_offset), any_pointer(target), any_int((i64)to_offset), any_int(bytes)};
    return call_gpu(GPU_FROM_CPU, arguments, 4, &nothing);
  }
  if (to->device == CPU) {
    Any arguments[] = {any_pointer(source), any_int((i64)from_offset), any_pointer(target + to_offset), any_int(bytes)};
    return call_gpu(GPU_TO_CPU, arguments, 4, &nothing);
  }
  /* WebGPU copies words of four bytes, and rounds buffers up to them. */
  Any arguments[] = {any_pointer(source), any_int((i64)from_offset), any_pointer(target), any_int((i64)to_offset), any_int((bytes + 3) & ~3ll)};
  return call_gpu(GPU_TO_GPU, arguments, 5, &nothing);
}

/* `float32`, `uint32`, `float16` ... */
static i32 read_type(const char* name, DataType* dtype) {
  const char* at = name;
  dtype->code = *at == 'f' ? CODE_FLOAT : *at == 'u' ? CODE_UINT : CODE_INT;
  while (*at >= 'a' && *at <= 'z') at++;
  i32 bits = 0;
  while (*at >= '0' && *at <= '9') bits = bits * 10 + *at++ - '0';
  dtype->bits = (u8)bits;
  dtype->lanes = 1;
  if (*at || (bits != 8 && bits != 16 && bits != 32 && bits != 64)) return fail("tensor: expected a type such as float32, got %s; convert the weights", name);
  return 0;
}

/* runtime.TVMTensorAllocWithScope(shape, dtype, device, scope) */
FUNCTION_OF_LIBRARY(tensor_allocate) {
  Given given = {"tensor", arguments, count};
  Shape* shape = given_object(given, 0, SHAPE);
  const char* name = given_text(given, 1);
  DataType dtype;
  if (!shape || !name || read_type(name, &dtype)) return -1;
  if (count < 3 || arguments[2].type != DEVICE) return fail("tensor: expected a device as argument 3, got %s; call it as web-llm 0.2.86 does", name_of_type(count < 3 ? NONE : arguments[2].type));
  i32 device = arguments[2].value.device.type;
  if (device != CPU && device != WEBGPU) return fail("tensor: expected device 1 (cpu) or 15 (webgpu), got %d; use one of them", device);
  return give(result, new_tensor(dtype, shape->sizes, shape->count, device));
}

/* runtime.TVMTensorCopyFromTo(from, to) */
FUNCTION_OF_LIBRARY(tensor_copy) {
  Given given = {"tensor copy", arguments, count};
  Tensor* from = given_object(given, 0, TENSOR);
  Tensor* to = given_object(given, 1, TENSOR);
  if (!from || !to) return -1;
  i64 bytes = byte_count(&from->dl);
  if (bytes != byte_count(&to->dl)) return fail("tensor copy: expected two of the same size, got %t and %t; reshape one of them", from, to);
  return copy_bytes(&from->dl, 0, &to->dl, 0, bytes);
}

/* runtime.TVMTensorCreateView(tensor, shape, dtype, byte offset) */
FUNCTION_OF_LIBRARY(tensor_view) {
  Given given = {"tensor view", arguments, count};
  Tensor* of = given_object(given, 0, TENSOR);
  Shape* shape = given_object(given, 1, SHAPE);
  const char* name = given_text(given, 2);
  i64 offset = 0;
  DataType dtype;
  if (!of || !shape || !name || read_type(name, &dtype) || (count > 3 && given_number(given, 3, &offset))) return -1;
  Tensor* view = new_view(of, shape->sizes, shape->count);
  if (!view) return -1;
  view->dl.dtype = dtype;
  if (offset < 0 || offset + byte_count(&view->dl) > byte_count(&of->dl)) {
    fail("tensor view: expected one inside %t, got %t at byte %l; correct the shape", of, view, offset);
    let_go(view);
    return -1;
  }
  view->dl.byte_offset += (u64)offset;
  return give(result, view);
}

/* tvmjs.runtime.TensorCopyFromBytes(cpu tensor, bytes) */
FUNCTION_OF_LIBRARY(tensor_from_bytes) {
  Given given = {"tensor from bytes", arguments, count};
  Tensor* tensor = given_object(given, 0, TENSOR);
  ByteArray bytes;
  if (!tensor || given_bytes(given, 1, &bytes)) return -1;
  if (tensor->dl.device != CPU || byte_count(&tensor->dl) != bytes.size) return fail("tensor from bytes: expected the %l bytes of a CPU tensor %t, got %u bytes; give all its bytes", byte_count(&tensor->dl), tensor, bytes.size);
  memcpy((u8*)tensor->dl.data + tensor->dl.byte_offset, bytes.data, bytes.size);
  return 0;
}

/* tvmjs.runtime.TensorCopyToBytes(cpu tensor) */
FUNCTION_OF_LIBRARY(tensor_to_bytes) {
  Tensor* tensor = given_object((Given){"tensor to bytes", arguments, count}, 0, TENSOR);
  if (!tensor) return -1;
  if (tensor->dl.device != CPU) return fail("tensor to bytes: expected a CPU tensor, got one of the GPU; copy it to the CPU first");
  return give(result, new_string((u8*)tensor->dl.data + tensor->dl.byte_offset, (u32)byte_count(&tensor->dl), BYTES));
}

/* float32 from the upper halves of float32, from the last to the first, so that the two may overlap. */
static void widen_bfloat16(u32* wide, const u16* narrow, u32 elements) {
  while (elements--) wide[elements] = (u32)narrow[elements] << 16;
}

/* tvmjs.array.decode_storage(cpu tensor, bytes, format, dtype); formats `raw` and `f32-to-bf16` */
FUNCTION_OF_LIBRARY(decode_storage) {
  Given given = {"decode", arguments, count};
  Tensor* tensor = given_object(given, 0, TENSOR);
  ByteArray bytes;
  if (!tensor || given_bytes(given, 1, &bytes)) return -1;
  const char *format = given_text(given, 2), *dtype = given_text(given, 3);
  if (!format || !dtype) return -1;
  i32 halves = same_text(format, "f32-to-bf16") && same_text(dtype, "float32");
  if (!halves && !same_text(format, "raw") && !same_text(format, "f32-to-bf16")) return fail("decode: expected the format raw or f32-to-bf16, got %s; pack the model again", format);
  i64 expected = halves ? element_count(&tensor->dl) * 2 : byte_count(&tensor->dl);
  if (tensor->dl.device != CPU || bytes.size != expected) return fail("decode: expected %l bytes for %t, got %u; pack the model again", expected, tensor, bytes.size);
  u8* data = (u8*)tensor->dl.data + tensor->dl.byte_offset;
  if (halves) {
    widen_bfloat16((u32*)data, (const u16*)bytes.data, bytes.size / 2);
  } else {
    memcpy(data, bytes.data, bytes.size);
  }
  return 0;
}

/* tvmjs.array.decode_bf16_to_f32_inplace(cpu tensor whose first half holds the bytes, their number) */
FUNCTION_OF_LIBRARY(decode_in_place) {
  Given given = {"decode in place", arguments, count};
  Tensor* tensor = given_object(given, 0, TENSOR);
  i64 bytes;
  if (!tensor || given_number(given, 1, &bytes)) return -1;
  if (tensor->dl.device != CPU || !is_type(tensor, CODE_FLOAT, 32) || bytes != element_count(&tensor->dl) * 2) return fail("decode in place: expected two bytes for each number of a CPU float32 tensor, got %l bytes for %t; pack the model again", bytes, tensor);
  u8* data = (u8*)tensor->dl.data + tensor->dl.byte_offset;
  widen_bfloat16((u32*)data, (const u16*)data, (u32)(bytes / 2));
  return 0;
}

/* tvmjs.runtime.ConcatEmbeddings(embeddings [n_i, d] ...) -> [sum n_i, d] */
FUNCTION_OF_LIBRARY(concatenate_embeddings) {
  Given given = {"concatenate", arguments, count};
  Tensor* first = given_object(given, 0, TENSOR);
  if (!first) return -1;
  i64 rows = 0;
  for (i32 i = 0; i < count; i++) {
    Tensor* part = given_object(given, i, TENSOR);
    if (!part) return -1;
    if (part->dl.ndim != 2 || part->sizes[1] != first->sizes[1] || !is_type(part, first->dl.dtype.code, first->dl.dtype.bits)) return fail("concatenate: expected rows like those of %t, got %t; embed all parts with one model", first, part);
    rows += part->sizes[0];
  }
  Tensor* joined = new_gpu_tensor(first->dl.dtype, rows, first->sizes[1]);
  if (!joined) return -1;
  u64 at = 0;
  for (i32 i = 0; i < count; i++) {
    Tensor* part = arguments[i].value.pointer;
    i64 bytes = byte_count(&part->dl);
    if (copy_bytes(&part->dl, 0, &joined->dl, at, bytes)) {
      let_go(joined);
      return -1;
    }
    at += (u64)bytes;
  }
  return give(result, joined);
}
