/*
 * The objects and values that WebLLM's JavaScript exchanges with a model library:
 * the C ABI of TVM-FFI on wasm32, as web-llm 0.2.86 reads and writes it.
 *
 *   Any       16 bytes  | i32 type | i32 zero | 8 bytes: number, pointer or device |
 *   Object    24 bytes  | u64 references | i32 type | i32 | pointer deleter | i32 |
 *   String, Bytes       | Object | pointer data | u32 size |
 *   Tensor              | Object | DLTensor | ... ours |
 *   DLTensor  40 bytes  | pointer data @0 | device @4 | i32 ndim @12 | dtype @16
 *                         | pointer shape @20 | pointer strides @24 | u64 byte offset @32 |
 *
 * Every function has one shape: (self, arguments, count, result) -> 0, or -1 with the
 * message kept for TVMFFIWasmGetLastError. Arguments are borrowed; a result is owned.
 *
 * Source: TVM-FFI's c_api.h, and the FFI part of @mlc-ai/web-llm/lib/index.js.
 */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;
typedef long long i64;
typedef float f32;
typedef double f64;

#define NULL ((void*)0)
#define EXPORT(name) __attribute__((export_name(name), used))
#define IMPORT(name) __attribute__((import_module("env"), import_name(name)))
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What a value is. Below OBJECT it is kept in the value itself; from OBJECT on it is counted. */
enum {
  NONE = 0,
  INT = 1,
  BOOL = 2,
  FLOAT = 3,
  POINTER = 4,
  DEVICE = 6,
  RAW_STRING = 8,
  BYTE_ARRAY = 9,
  OBJECT = 64,
  STRING = 65,
  BYTES = 66,
  FUNCTION = 68,
  SHAPE = 69,
  TENSOR = 70,
  ARRAY = 71,
  MODULE = 73,
  KV_CACHE = 128 /* ours; types from 128 on are free */
};

typedef struct {
  i32 type;
  i32 zero;
  union {
    i64 integer;
    f64 number;
    void* pointer;
    u64 raw;
    struct {
      i32 type, id;
    } device;
  } value;
} Any;

typedef struct {
  const u8* data;
  u32 size;
} ByteArray;

typedef struct Object {
  u64 references;
  i32 type;
  i32 reserved;
  void (*deleter)(struct Object*); /* frees what the object holds, not the object */
  u32 unused;
} Object;

typedef struct {
  Object object;
  u8* data; /* with a zero byte after the last */
  u32 size;
} String;

typedef i32 (*Call)(void* self, const Any* arguments, i32 count, Any* result);

typedef struct {
  Object object;
  Call call;
  void* self;
} Function;

typedef struct {
  Object object;
  i64* sizes;
  u32 count;
} Shape;

typedef struct {
  Object object;
  u32 count;
  Any* items;
} Array;

/* A module is the function that finds its functions: get(module, [name], 1, result). */
typedef struct {
  Object object;
  Call get;
  Object* held;
} Module;

enum { CPU = 1, WEBGPU = 15 };
enum { CODE_INT = 0, CODE_UINT = 1, CODE_FLOAT = 2 };
enum { MOST_DIMENSIONS = 6 };

typedef struct {
  u8 code, bits;
  u16 lanes;
} DataType;

typedef struct {
  void* data; /* WebGPU: the number of a buffer in JavaScript's table; CPU: an address */
  i32 device, device_id;
  i32 ndim;
  DataType dtype;
  i64* shape;
  i64* strides;
  u64 byte_offset;
} DLTensor;

typedef struct {
  Object object;
  DLTensor dl;
  Object* owner; /* of the storage, where this is a view; else NULL */
  i64 sizes[MOST_DIMENSIONS];
} Tensor;

_Static_assert(sizeof(Any) == 16, "Any");
_Static_assert(sizeof(Object) == 24, "Object");
_Static_assert(sizeof(DLTensor) == 40, "DLTensor");
_Static_assert(__builtin_offsetof(DLTensor, shape) == 20, "DLTensor.shape");
_Static_assert(__builtin_offsetof(DLTensor, byte_offset) == 32, "DLTensor.byte_offset");

/*
 * A kernel: what JavaScript must know about it (arguments, grid, which bindings are
 * written), and its WGSL without the prelude. kernels.h, written by glue.ts, holds one
 * for each kernels/<name>.wgsl with a function k_<name> that calls launch():
 *
 *   static i32 k_rms_norm(Tensor* x, Tensor* weight, Tensor* out, i32 d, u32 gx, u32 gy) {
 *     Any arguments[] = {any_tensor(x), any_tensor(weight), any_tensor(out), any_int(d), any_int(gx), any_int(gy)};
 *     return launch(&kernel_rms_norm, arguments, 6);
 *   }
 */
typedef struct {
  const char* name;
  const char* information;
  const char* code;
  Function* function; /* made at first use, or by WebLLM before it */
} Kernel;

static inline Any any_none(void) { return (Any){.type = NONE, .value.raw = 0}; }
static inline Any any_int(i64 integer) { return (Any){.type = INT, .value.integer = integer}; }
static inline Any any_bool(i32 flag) { return (Any){.type = BOOL, .value.integer = flag != 0}; }
static inline Any any_float(f64 number) { return (Any){.type = FLOAT, .value.number = number}; }

static inline Any any_pointer(const void* pointer) {
  Any any = {.type = POINTER, .value.raw = 0};
  any.value.pointer = (void*)pointer;
  return any;
}

static inline Any any_text(const char* text) {
  Any any = any_pointer(text);
  any.type = RAW_STRING;
  return any;
}

/* An object, borrowed or given away as the place says. */
static inline Any any_object(const void* object) {
  Any any = any_pointer(object);
  any.type = ((const Object*)object)->type;
  return any;
}

static inline Any any_tensor(const Tensor* tensor) { return any_object(tensor); }
