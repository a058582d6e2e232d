/**
 * The protobuf wire format, as much of it as ONNX needs: a lazy reader that
 * never copies, and a writer that returns bytes.
 *
 * Source: protobuf.dev/programming-guides/encoding.
 */

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** One field of a message: its number, wire type, and where its value lies. */
export interface Field {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly wireType: number;
  /** First byte of the tag. */
  readonly start: number;
  /** First byte of the value. */
  readonly valueStart: number;
  /** One past the last byte. */
  readonly end: number;
  /** The value of a varint field; 0 otherwise. */
  readonly value: number;
}

/** Reads a varint at `position`; exact up to 2⁵³. Returns [value, position after it]. */
export function readVarint(bytes: Uint8Array, position: number): [number, number] {
  let result = 0;
  let factor = 1;
  for (;;) {
    const byte = bytes[position++];
    if (byte === undefined) throw new RangeError(`protobuf: the file ends inside a varint at byte ${position - 1}; it is cut short`);
    result += (byte & 127) * factor;
    if (byte < 128) return [result, position];
    factor *= 128;
  }
}

/**
 * The fields of the message in bytes [start, end).
 *
 * @throws RangeError where the message is cut short or is not protobuf
 */
export function* fields(bytes: Uint8Array, start = 0, end = bytes.length): Generator<Field> {
  let position = start;
  while (position < end) {
    const first = position;
    let tag: number;
    [tag, position] = readVarint(bytes, position);
    const wireType = tag & 7;
    let valueStart = position;
    let value = 0;
    if (wireType === 0) [value, position] = readVarint(bytes, position);
    else if (wireType === 1) position += 8;
    else if (wireType === 5) position += 4;
    else if (wireType === 2) {
      let length: number;
      [length, position] = readVarint(bytes, position);
      valueStart = position;
      position += length;
    } else throw new RangeError(`protobuf: unknown wire type ${wireType} at byte ${first}; this is not an ONNX file`);
    if (position > end) throw new RangeError(`protobuf: a field at byte ${first} ends at ${position}, past the end at ${end}; the file is cut short`);
    yield { number: Math.floor(tag / 8), wireType, start: first, valueStart, end: position, value };
  }
}

/** The text of a length-delimited field. */
export function text(bytes: Uint8Array, field: Field): string {
  return decoder.decode(bytes.subarray(field.valueStart, field.end));
}

/** The number of a four-byte float field. */
export function float(bytes: Uint8Array, field: Field): number {
  return new DataView(bytes.buffer, bytes.byteOffset + field.valueStart, 4).getFloat32(0, true);
}

function varint(n: number): number[] {
  const out: number[] = [];
  let rest = n < 0 ? BigInt.asUintN(64, BigInt(n)) : BigInt(n);
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return out;
}

/** Byte arrays, one after the other. */
export function concatenateBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let position = 0;
  for (const part of parts) {
    out.set(part, position);
    position += part.length;
  }
  return out;
}

/** The tag and length in front of a length-delimited value; lets large values be written without copying. */
export function header(number: number, length: number): Uint8Array {
  return Uint8Array.from([...varint(number * 8 + 2), ...varint(length)]);
}

/** A length-delimited field (message, bytes) made of parts. */
export function message(number: number, ...parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((n, part) => n + part.length, 0);
  return concatenateBytes([header(number, length), ...parts]);
}

/** A string field. */
export function string(number: number, value: string): Uint8Array {
  return message(number, encoder.encode(value));
}

/** An integer or enumeration field. */
export function integer(number: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(number * 8), ...varint(value)]);
}

/** A float32 field. */
export function float32(number: number, value: number): Uint8Array {
  const out = new Uint8Array(5);
  out[0] = number * 8 + 5;
  new DataView(out.buffer).setFloat32(1, value, true);
  return out;
}
