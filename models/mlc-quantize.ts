/**
 * MLC's group quantization q4f32_1, number for number: groups of 32 along the
 * input dimension, one float32 scale each.
 *
 *   scale = max |w| / 7
 *   level = min(max(round(w / scale + 7), 0), 14)      4 bits
 *   w ≈ (level − 7) · scale
 *
 * Eight levels fill a 32-bit word, the first in the lowest bits. A row that is
 * no multiple of 32 ends in a group of its own, whose missing levels are 0
 * bits; nothing reads them.
 *
 * Source: mlc-ai/mlc-llm, python/mlc_llm/quantization/group_quantization.py
 * (`_quantize`, `_dequantize`) and utils.py (`pack_weight`).
 */
import { tensor } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";

/** Numbers that share a scale. */
export const groupSize = 32;
const perWord = 8;
const wordsPerGroup = groupSize / perWord;
/** The level of zero, and the number of levels on either side of it. */
const middle = 7;

export interface GroupQuantized {
  /** Of the matrix that was quantized, [out, in]. */
  readonly shape: readonly [number, number];
  /** [out, 4 · groups] */
  readonly words: Uint32Array;
  /** [out, groups], with groups = ⌈in / 32⌉ */
  readonly scales: Float32Array;
}

/** Quantizes the rows of a matrix [out, in]. */
export function quantizeGroups(matrix: Tensor): GroupQuantized {
  const [rows = 0, columns = 0] = matrix.shape;
  const groups = Math.ceil(columns / groupSize);
  const words = new Uint32Array(rows * groups * wordsPerGroup);
  const scales = new Float32Array(rows * groups);
  for (let row = 0; row < rows; row++) {
    for (let group = 0; group < groups; group++) {
      const start = row * columns + group * groupSize;
      const end = Math.min(start + groupSize, (row + 1) * columns);
      const index = row * groups + group;
      let largest = 0;
      for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(matrix.data[i]!));
      const scale = Math.fround(largest / middle);
      scales[index] = scale;
      for (let i = start; i < end; i++) {
        const at = i - start;
        words[index * wordsPerGroup + Math.floor(at / perWord)]! |= level(matrix.data[i]!, scale) << (4 * (at % perWord));
      }
    }
  }
  return { shape: [rows, columns], words, scales };
}

/** Every operation rounds to float32, as MLC's own code does; a group of zeros has the scale 0. */
function level(w: number, scale: number): number {
  if (scale === 0) return middle;
  const shifted = Math.fround(Math.fround(w / scale) + middle);
  return Math.min(Math.max(Math.floor(shifted + 0.5), 0), 2 * middle);
}

/** The matrix that words and scales stand for, in float32: what a 4-bit model computes with. */
export function dequantizeGroups({ shape: [rows, columns], words, scales }: GroupQuantized): Tensor {
  const groups = Math.ceil(columns / groupSize);
  const matrix = tensor([rows, columns]);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const index = row * groups + Math.floor(column / groupSize);
      const word = words[index * wordsPerGroup + Math.floor((column % groupSize) / perWord)]!;
      matrix.data[row * columns + column] = (((word >>> (4 * (column % perWord))) & 15) - middle) * scales[index]!;
    }
  }
  return matrix;
}
