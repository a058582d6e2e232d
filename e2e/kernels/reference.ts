/** What each kernel should give, in float64, written from its definition and without regard to speed. */

export type Numeric = ArrayLike<number>;

const at = (values: Numeric, i: number): number => {
  const value = values[i];
  if (value === undefined) throw new RangeError(`reference: expected an index below ${values.length}, got ${i}`);
  return value;
};
const array = (length: number, value: (i: number) => number): Float64Array => Float64Array.from({ length }, (_, i) => value(i));

/** MLC's q4 layout, one row after another: nibbles (0 … 14) in words of eight, a scale for each group of 32. */
export interface Quantized {
  readonly words: Uint32Array;
  readonly scales: Float32Array;
}

/** What the words and scales mean: (nibble − 7) · scale. */
export function dequantize({ words, scales }: Quantized): Float64Array {
  return array(words.length * 8, (i) => (((at(words, i >> 3) >>> (4 * (i & 7))) & 15) - 7) * at(scales, i >> 5));
}

/** out = x Wᵀ + added, where added is [n, out], or [out] for all rows. */
export function matMul(x: Numeric, weight: Numeric, n: number, dIn: number, dOut: number, added?: Numeric): Float64Array {
  return array(n * dOut, (i) => {
    const [row, column] = [Math.floor(i / dOut), i % dOut];
    let sum = added === undefined ? 0 : at(added, added.length === dOut ? column : i);
    for (let k = 0; k < dIn; k++) sum += at(x, row * dIn + k) * at(weight, column * dIn + k);
    return sum;
  });
}

export function take(ids: Numeric, weight: Numeric, d: number): Float64Array {
  return array(ids.length * d, (i) => at(weight, at(ids, Math.floor(i / d)) * d + (i % d)));
}

export function rmsNorm(x: Numeric, weight: Numeric, d: number, epsilon: number): Float64Array {
  return array(x.length, (i) => {
    const row = i - (i % d);
    let squares = 0;
    for (let k = 0; k < d; k++) squares += at(x, row + k) ** 2;
    return (at(x, i) / Math.sqrt(squares / d + epsilon)) * at(weight, i % d);
  });
}

export interface Heads {
  readonly n: number;
  readonly nh: number;
  readonly nkv: number;
  readonly headDim: number;
}

/** qkv with each query head and key head normalised. */
export function headNorm(qkv: Numeric, qNorm: Numeric, kNorm: Numeric, { n, nh, nkv, headDim }: Heads, epsilon: number): Float64Array {
  const out = Float64Array.from(qkv);
  for (let row = 0; row < n; row++) {
    for (let head = 0; head < nh + nkv; head++) {
      const base = (row * (nh + 2 * nkv) + head) * headDim;
      out.set(rmsNorm(out.slice(base, base + headDim), head < nh ? qNorm : kNorm, headDim, epsilon), base);
    }
  }
  return out;
}

/** One head turned to a position: pairs (i, i + half) by position · freqs[i]. */
export function rotate(head: Numeric, freqs: Numeric, position: number): Float64Array {
  const half = head.length / 2;
  return array(head.length, (i) => {
    const angle = position * at(freqs, i % half);
    return i < half ? at(head, i) * Math.cos(angle) - at(head, i + half) * Math.sin(angle) : at(head, i) * Math.cos(angle) + at(head, i - half) * Math.sin(angle);
  });
}

/** qkv with queries turned, and the caches with the new keys and values. */
export function ropeAppend(qkv: Numeric, kCache: Numeric, vCache: Numeric, freqs: Numeric, { n, nh, nkv, headDim }: Heads, position: number): { qkv: Float64Array; kCache: Float64Array; vCache: Float64Array } {
  const out = { qkv: Float64Array.from(qkv), kCache: Float64Array.from(kCache), vCache: Float64Array.from(vCache) };
  for (let row = 0; row < n; row++) {
    for (let head = 0; head < nh + 2 * nkv; head++) {
      const base = (row * (nh + 2 * nkv) + head) * headDim;
      const values = out.qkv.slice(base, base + headDim);
      const turned = rotate(values, freqs, position + row);
      const slot = ((position + row) * nkv + ((head - nh) % nkv)) * headDim;
      if (head < nh) out.qkv.set(turned, base);
      else if (head < nh + nkv) out.kCache.set(turned, slot);
      else out.vCache.set(values, slot);
    }
  }
  return out;
}

export function softmax(scores: Numeric): Float64Array {
  const top = Array.from(scores).reduce((most, score) => Math.max(most, score), -Infinity);
  const weights = Float64Array.from(scores, (score) => Math.exp(score - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Causal attention of rows at position … over the cache, [n, nh · headDim]. */
export function attention(qkv: Numeric, kCache: Numeric, vCache: Numeric, { n, nh, nkv, headDim }: Heads, position: number): Float64Array {
  const out = new Float64Array(n * nh * headDim);
  for (let row = 0; row < n; row++) {
    for (let head = 0; head < nh; head++) {
      const query = (row * (nh + 2 * nkv) + head) * headDim;
      const kv = Math.floor(head / (nh / nkv));
      const slot = (t: number): number => (t * nkv + kv) * headDim;
      const scores = array(position + row + 1, (t) => {
        let score = 0;
        for (let i = 0; i < headDim; i++) score += at(qkv, query + i) * at(kCache, slot(t) + i);
        return score / Math.sqrt(headDim);
      });
      softmax(scores).forEach((weight, t) => {
        for (let i = 0; i < headDim; i++) out[(row * nh + head) * headDim + i]! += weight * at(vCache, slot(t) + i);
      });
    }
  }
  return out;
}

export function siluGate(gateUp: Numeric, n: number, f: number): Float64Array {
  return array(n * f, (i) => {
    const base = Math.floor(i / f) * 2 * f + (i % f);
    const gate = at(gateUp, base);
    return (gate / (1 + Math.exp(-gate))) * at(gateUp, base + f);
  });
}

/** Columns of one row, the largest first, of equals the smaller column first. */
export function argsort(probs: Numeric): number[] {
  return Array.from(probs, (_, i) => i).sort((a, b) => at(probs, b) - at(probs, a) || a - b);
}

/** The sum of the fewest probabilities, from the largest, that together reach `topP`. */
export function sumTopP(sorted: Numeric, topP: number): number {
  let total = 0;
  for (let i = 0; i < sorted.length && (i === 0 || total < topP); i++) total += at(sorted, i);
  return total;
}

/** The token that `u` of that sum falls on. */
export function sampleTopP(sorted: Numeric, index: Numeric, u: number, topP: number): number {
  const mark = u * sumTopP(sorted, topP);
  let sum = 0;
  for (let i = 0; i < sorted.length; i++) {
    sum += at(sorted, i);
    if (sum > mark) return at(index, i);
  }
  return at(index, sorted.length - 1);
}
