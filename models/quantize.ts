/**
 * 4-bit weights, in blocks of 32 along the input dimension, as onnxruntime's
 * MatMulNBits and GatherBlockQuantized read them:
 *
 *   w ≈ scale · (level − 8)      level in 0 … 15, one float32 scale per block
 *
 * Levels are the nearest ones. The scale is the best of a few: with m the
 * number of largest magnitude in the block, m/d for d in `divisors`, the one
 * with the least squared error. d = −8 puts m on the last level exactly (what
 * onnxruntime's own quantizer does), |d| < 8 spends fewer levels, |d| > 8 clips
 * m a little so that the others are finer, and a positive d turns the range
 * around, so that the side with eight levels faces the other way.
 *
 * A row that is no multiple of 32 is filled up with zeros (level 8).
 */
import { tensor } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";

/** Numbers that share a scale. */
export const blockSize = 32;
const zeroPoint = 8;
const divisors = [-8, -8.5, -9, -7.5, -7, 7, 7.5] as const;

export interface Quantized {
  /** Of the matrix that was quantized, [out, in]. */
  readonly shape: readonly [number, number];
  /** Blocks per row. */
  readonly blocks: number;
  /** Two levels per byte, the lower half first: [out, blocks, 16]. */
  readonly levels: Uint8Array;
  /** [out, blocks] */
  readonly scales: Float32Array;
}

/** Σ (w − scale · (level − 8))² over w[start … end); given up, as Infinity, where it passes `limit`. */
function squaredError(weights: Float32Array, start: number, end: number, scale: number, limit: number): number {
  const inverse = 1 / scale;
  let error = 0;
  for (let i = start; i < end; i++) {
    const w = weights[i]!;
    const difference = w - scale * (level(w, inverse) - zeroPoint);
    error += difference * difference;
    if (error > limit) return Infinity;
  }
  return error;
}

/** The nearest level, ties upwards. */
function level(w: number, inverseScale: number): number {
  const shifted = w * inverseScale + (zeroPoint + 0.5);
  return shifted < 0 ? 0 : shifted >= 16 ? 15 : shifted | 0;
}

/** The scale of the block w[start … end); 0 where it holds zeros only. */
function bestScale(weights: Float32Array, start: number, end: number): number {
  let extreme = 0;
  for (let i = start; i < end; i++) {
    const w = weights[i]!;
    if (Math.abs(w) > Math.abs(extreme)) extreme = w;
  }
  // Smaller than this, the inverse overflows: such a block is zero for a float32 product.
  if (Math.abs(extreme) < 1e-30) return 0;
  let best = 0;
  let least = Infinity;
  for (const divisor of divisors) {
    const scale = Math.fround(extreme / divisor);
    const error = squaredError(weights, start, end, scale, least);
    if (error < least) {
      least = error;
      best = scale;
    }
  }
  return best;
}

/** Quantizes the rows of a matrix [out, in]. */
export function quantize(matrix: Tensor): Quantized {
  const [rows = 0, columns = 0] = matrix.shape;
  const blocks = Math.ceil(columns / blockSize);
  const levels = new Uint8Array((rows * blocks * blockSize) / 2).fill(zeroPoint * 17);
  const scales = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const start = row * columns + block * blockSize;
      const end = Math.min(start + blockSize, (row + 1) * columns);
      const scale = bestScale(matrix.data, start, end);
      if (scale === 0) continue;
      const index = row * blocks + block;
      scales[index] = scale;
      const inverse = 1 / scale;
      for (let i = start; i < end; i += 2) {
        const low = level(matrix.data[i]!, inverse);
        const high = i + 1 < end ? level(matrix.data[i + 1]!, inverse) : zeroPoint;
        levels[(index * blockSize + (i - start)) >> 1] = low | (high << 4);
      }
    }
  }
  return { shape: [rows, columns], blocks, levels, scales };
}

/** The matrix that the levels and scales stand for, in float32: what a 4-bit model computes with. */
export function dequantize({ shape: [rows, columns], blocks, levels, scales }: Quantized): Tensor {
  const matrix = tensor([rows, columns]);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const position = row * blocks * blockSize + column;
      const pair = levels[position >> 1]!;
      const found = position % 2 === 0 ? pair & 15 : pair >> 4;
      matrix.data[row * columns + column] = scales[Math.floor(position / blockSize)]! * (found - zeroPoint);
    }
  }
  return matrix;
}
