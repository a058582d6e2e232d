/** Numbers in a verdict's reason, as the page writes them: a real minus sign, powers of ten in superscripts. */

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** `0.35`, `−1.2`, `4.1 × 10⁻⁷`, `10⁻⁶`; an en dash for what is not known. */
export function digits(value: number, significant = 2): string {
  if (Number.isNaN(value)) return "–";
  const size = Number(Math.abs(value).toPrecision(significant));
  const sign = value < 0 && size > 0 ? "−" : "";
  if (size === 0 || (size >= 1e-3 && size < 1e5)) return `${sign}${size}`;
  const [mantissa, exponent] = size.toExponential().split("e") as [string, string];
  const power = `10${[...String(Number(exponent))].map((character) => (character === "-" ? "⁻" : superscripts[Number(character)]!)).join("")}`;
  return sign + (mantissa === "1" ? power : `${mantissa} × ${power}`);
}

/** With so many decimals: `0.35`, `−0.02`, `1.00`; an en dash for what is not known. */
export function decimals(value: number, places = 2): string {
  if (Number.isNaN(value)) return "–";
  const size = Math.abs(value).toFixed(places);
  return value < 0 && Number(size) > 0 ? `−${size}` : size;
}

/** A share as a percentage, whole or with so many decimals; number and sign stay on one line. */
export function percent(share: number, places = 0): string {
  return Number.isNaN(share) ? "–" : `${decimals(100 * share, places)}\u00a0%`;
}
