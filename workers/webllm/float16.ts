/** Numbers as IEEE 754 binary16 (1 sign bit, 5 exponent bits, 10 fraction bits), as models of float16 keep them. */

const numbers = new Float32Array(1);
const bits = new Uint32Array(numbers.buffer);

/** The nearest binary16; ties go to the even one, too large a number becomes infinite. */
export function numberToHalf(number: number): number {
  numbers[0] = number;
  const [word = 0] = bits;
  const sign = (word >>> 16) & 0x8000;
  const exponent = ((word >>> 23) & 255) - 127;
  const fraction = word & 0x7fffff;
  if (exponent === 128) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  if (exponent > 15) return sign | 0x7c00;
  // Below 2⁻¹⁴ the exponent stays and the leading 1 moves into the fraction.
  const shift = exponent >= -14 ? 13 : 13 + (-14 - exponent);
  if (shift > 24) return sign;
  const whole = exponent >= -14 ? ((exponent + 15) << 23) | fraction : fraction | 0x800000;
  const half = whole >>> shift;
  const rest = whole & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  // A carry out of the fraction raises the exponent, which is right up to infinity.
  return sign | (half + (rest > middle || (rest === middle && half & 1) ? 1 : 0));
}

export function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
