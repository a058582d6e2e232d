/**
 * x ↦ x^exponent for x > 0 by table, the same number in every JavaScript
 * engine: Math.pow may differ in its last digit from engine to engine, and a
 * layout of many steps makes another picture of that.
 *
 * x = 2ᵉ m with 1 ≤ m < 2; 2ᵉ and m have a table each, between whose entries
 * (rounded to float32, so that no last digit is left) it is linear. Within 3e-7
 * of the truth for exponents in (0, 1).
 */
export function tablePower(exponent: number): (x: number) => number {
  const cells = 1024;
  const mantissas = Float64Array.from({ length: cells + 1 }, (_, i) => Math.fround(Math.pow(1 + i / cells, exponent)));
  const powers = Float64Array.from({ length: 2047 }, (_, i) => Math.fround(Math.pow(2, (i - 1023) * exponent)));
  const inverses = Float64Array.from({ length: 2047 }, (_, i) => 2 ** Math.max(-1023, Math.min(1023, 1023 - i)) * cells);
  const number = new Float64Array(1);
  const words = new Int32Array(number.buffer);
  return (x) => {
    number[0] = x;
    const high = words[1]!;
    const e = high >>> 20;
    const cell = (high >>> 10) & 1023;
    const low = mantissas[cell]!;
    return powers[e]! * (low + (x * inverses[e]! - cells - cell) * (mantissas[cell + 1]! - low));
  };
}
