/**
 * A dense, row-major array of float32 numbers with its shape. A plain object,
 * so that it can be posted between threads, transferred and saved as it is.
 *
 * Dimension letters, everywhere: T tokens (steps), L layers, D hidden size,
 * H heads, V vocabulary, F MLP hidden size.
 */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** The number of elements that a shape holds. */
export function size(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/**
 * A tensor over `data`, or of zeros.
 *
 * @throws RangeError where the shape and the data do not agree
 */
export function tensor(shape: readonly number[], data: Float32Array<ArrayBuffer> = new Float32Array(size(shape))): Tensor {
  if (size(shape) !== data.length) {
    throw new RangeError(`tensor: shape [${shape}] holds ${size(shape)} numbers, got ${data.length}`);
  }
  return { shape, data };
}

/** A tensor [rows, columns] from nested arrays; for tests and small tables. */
export function matrix(rows: readonly (readonly number[])[]): Tensor {
  const columns = rows[0]?.length ?? 0;
  const t = tensor([rows.length, columns]);
  rows.forEach((r, i) => {
    if (r.length !== columns) throw new RangeError(`matrix: row ${i} holds ${r.length} numbers, expected ${columns}`);
    t.data.set(r, i * columns);
  });
  return t;
}

/**
 * The slice at the leading indices, without copying: `row(resid, t)` of a
 * [T, L, D] tensor is its [L, D] part, `row(resid, t, l)` a vector of D.
 */
export function row(t: Tensor, ...indices: number[]): Float32Array<ArrayBuffer> {
  let start = 0;
  let length = t.data.length;
  indices.forEach((index, axis) => {
    const n = t.shape[axis] ?? 0;
    if (!(index >= 0 && index < n)) throw new RangeError(`row: index ${index} outside axis ${axis} of [${t.shape}]`);
    length /= n;
    start += index * length;
  });
  return t.data.subarray(start, start + length);
}

/** The slices at these indices of the first axis, copied, in this order. */
export function rows(t: Tensor, indices: readonly number[]): Tensor {
  const inner = t.shape.slice(1);
  const out = tensor([indices.length, ...inner]);
  const length = size(inner);
  indices.forEach((from, to) => out.data.set(t.data.subarray(from * length, (from + 1) * length), to * length));
  return out;
}

/** Tensors of the same trailing shape, stacked along their first axis. */
export function concatenate(parts: readonly Tensor[]): Tensor {
  const first = parts[0];
  if (!first) throw new RangeError("concatenate: expected at least one tensor, got none");
  const inner = first.shape.slice(1);
  const rows = parts.reduce((n, p) => n + (p.shape[0] ?? 0), 0);
  const out = tensor([rows, ...inner]);
  let offset = 0;
  for (const part of parts) {
    if (String(part.shape.slice(1)) !== String(inner)) {
      throw new RangeError(`concatenate: expected rows of [${inner}], got [${part.shape.slice(1)}]`);
    }
    out.data.set(part.data, offset);
    offset += part.data.length;
  }
  return out;
}
