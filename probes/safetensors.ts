/**
 * The safetensors file format: named tensors, and a record of strings beside
 * them. Weights come in it, and traces are saved in it, so that Python opens
 * both as they are.
 *
 *   8 bytes   length N of the header, little-endian
 *   N bytes   JSON: {"name": {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {…}}
 *   the rest  the numbers; the offsets count from here and leave no gap
 *
 * Source: github.com/huggingface/safetensors, section "Format".
 */
import { size, tensor } from "./tensor.ts";
import type { Tensor } from "./tensor.ts";

export interface Safetensors {
  /** In the order in which the data lie in the file. */
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Record<string, string>;
}

/** The longest header that the format allows, in bytes. */
const longestHeader = 100_000_000;

type Widen = (bytes: Uint8Array) => Float32Array<ArrayBuffer>;

/**
 * The number types that are read, all as float32. Integers are widened where
 * float32 holds them exactly (up to 2²⁴ in magnitude) and refused otherwise.
 */
const dtypes: Readonly<Record<string, { readonly bytes: number; readonly widen: Widen }>> = {
  F32: { bytes: 4, widen: (bytes) => new Float32Array(aligned(bytes)) },
  F16: { bytes: 2, widen: widenFloat16 },
  BF16: { bytes: 2, widen: widenBfloat16 },
  U8: { bytes: 1, widen: (bytes) => Float32Array.from(bytes) },
  I32: { bytes: 4, widen: (bytes) => Float32Array.from(new Int32Array(aligned(bytes)), exact) },
  I64: { bytes: 8, widen: (bytes) => Float32Array.from(new BigInt64Array(aligned(bytes)), (n) => exact(Number(n))) },
};

/** A copy of the bytes with a buffer of its own: typed arrays need aligned starts, and tensors are transferred. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  // Not slice(): that of Node's Buffer shares its memory.
  return new Uint8Array(bytes).buffer;
}

/** A float16 number from its bits. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function widenFloat16(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const bits = new Uint16Array(aligned(bytes));
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = float16(bits[i] ?? 0);
  return out;
}

/** A bfloat16 is the upper half of a float32. */
function widenBfloat16(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const halves = new Uint16Array(aligned(bytes));
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] ?? 0) << 16;
  return new Float32Array(bits.buffer);
}

function exact(n: number): number {
  if (Math.abs(n) > 2 ** 24) throw fault("integers that float32 holds exactly, up to 2^24", String(n), "store them as text in the metadata");
  return n;
}

function fault(expected: string, got: string, advice: string): RangeError {
  return new RangeError(`safetensors: expected ${expected}, got ${got}; ${advice}`);
}

const again = "download the file again, it is cut short or damaged";
const rewrite = "write the file again with a safetensors library";

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function readEntry(name: string, value: unknown): Entry {
  if (!isRecord(value)) throw fault(`a description of ${name}`, JSON.stringify(value), rewrite);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(dtypes, dtype)) {
    throw fault(`${name} of type ${Object.keys(dtypes).join(", ")}`, JSON.stringify(dtype) ?? "none", "convert it to F32");
  }
  if (!isSizes(shape)) throw fault(`a shape of ${name}`, JSON.stringify(shape) ?? "none", rewrite);
  if (!isSizes(offsets) || offsets.length !== 2) throw fault(`two data_offsets of ${name}`, JSON.stringify(offsets) ?? "none", rewrite);
  return { name, dtype, shape, begin: offsets[0] ?? 0, end: offsets[1] ?? 0 };
}

function readHeader(bytes: Uint8Array): { readonly header: Record<string, unknown>; readonly dataStart: number } {
  if (bytes.length < 8) throw fault("8 bytes of header length", `${bytes.length} bytes`, again);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > longestHeader) throw fault(`a header of at most ${longestHeader} bytes`, `one of ${length}`, "check that this is a .safetensors file");
  if (8 + length > bytes.length) throw fault(`a header of ${length} bytes`, `${bytes.length - 8} bytes`, again);
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw fault("a header in JSON", `${(error as Error).message}`, "check that this is a .safetensors file");
  }
  if (!isRecord(header)) throw fault("a JSON object as header", text.slice(0, 40), rewrite);
  return { header, dataStart: 8 + length };
}

/**
 * Reads a file. F16 and BF16 are widened to float32, which loses nothing.
 *
 * @throws RangeError where the header is damaged, or the offsets overlap, leave gaps or do not fit the file
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const { header, dataStart } = readHeader(bytes);
  const { __metadata__: record = {}, ...described } = header;
  if (!isRecord(record) || !Object.values(record).every((value) => typeof value === "string")) {
    throw fault("__metadata__ of strings", JSON.stringify(record).slice(0, 80), rewrite);
  }
  const entries = Object.entries(described).map(([name, value]) => readEntry(name, value));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);

  const tensors = new Map<string, Tensor>();
  let position = 0;
  for (const { name, dtype, shape, begin, end } of entries) {
    const type = dtypes[dtype];
    if (!type) continue;
    if (begin !== position) throw fault(`${name} to begin at byte ${position}`, `${begin}`, `its offsets ${begin < position ? "overlap" : "leave a gap"}: ${rewrite}`);
    if (end - begin !== size(shape) * type.bytes) {
      throw fault(`${size(shape) * type.bytes} bytes for ${name}, ${dtype} [${shape.join(", ")}]`, `${end - begin}`, rewrite);
    }
    if (dataStart + end > bytes.length) throw fault(`${name} to end at byte ${end}`, `${bytes.length - dataStart} bytes of data`, again);
    tensors.set(name, tensor(shape, type.widen(bytes.subarray(dataStart + begin, dataStart + end))));
    position = end;
  }
  if (dataStart + position !== bytes.length) throw fault(`${position} bytes of data`, `${bytes.length - dataStart}`, rewrite);
  return { tensors, metadata: record as Record<string, string> };
}

/** The nearest float16's bits, the even one of two that are as near (IEEE 754, section 4.3.1). */
function narrowFloat16(numbers: Float32Array<ArrayBuffer>): Uint16Array<ArrayBuffer> {
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  return Uint16Array.from(words, (word, i) => {
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    if (magnitude > 0x7f800000) return sign | 0x7e00;
    // Half a step above the largest float16, 65504.
    if (magnitude >= 0x477ff000) {
      if (magnitude === 0x7f800000) return sign | 0x7c00;
      throw fault("numbers that float16 holds, up to 65504", String(numbers[i]), "write them as F32");
    }
    // Below 2⁻¹⁴ float16 counts in steps of 2⁻²⁴; adding ½ lines the steps up with those of float32, and rounds.
    if (magnitude < 0x38800000) {
      const [half] = new Uint32Array(new Float32Array([Math.abs(numbers[i]!) + 0.5]).buffer);
      return sign | (half! - 0x3f000000);
    }
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  });
}

/** Writes tensors in their order, and a record of strings. F16 rounds to the nearest. */
export function encodeSafetensors(tensors: ReadonlyMap<string, Tensor>, metadata: Readonly<Record<string, string>> = {}, dtype: "F32" | "F16" = "F32"): Uint8Array<ArrayBuffer> {
  const stored = new Map([...tensors].map(([name, { data }]) => [name, dtype === "F16" ? narrowFloat16(data) : data]));
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let length = 0;
  for (const [name, { shape }] of tensors) {
    if (name === "__metadata__") throw fault("a tensor name", name, "that one is taken by the format; choose another");
    const { byteLength } = stored.get(name)!;
    header.push([name, { dtype, shape, data_offsets: [length, length + byteLength] }]);
    length += byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const dataStart = Math.ceil((8 + text.length) / 8) * 8;
  const bytes = new Uint8Array(dataStart + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  bytes.set(text, 8);
  // Spaces up to the data, so that Python can map them in place.
  bytes.fill(0x20, 8 + text.length, dataStart);
  let position = dataStart;
  for (const data of stored.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}
