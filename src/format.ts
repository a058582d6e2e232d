/**
 * Numbers as the page writes them: at most three significant digits, a real
 * minus sign, thin spaces between thousands, an en dash for what is not known.
 */

const missing = "–";
const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** At most three significant digits: `0.0123`, `1.5`, `−42`, `12 300`, `1.2×10⁻⁶`. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return missing;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const rounded = Number(Math.abs(value).toPrecision(3));
  if (rounded === 0) return "0";
  const sign = value < 0 ? "−" : "";
  if (rounded < 1e-3 || rounded >= 1e6) return sign + scientific(rounded);
  return sign + thousands(rounded);
}

/** A whole number with all of its digits: `19 132`. */
export function formatCount(count: number): string {
  return Number.isFinite(count) ? thousands(Math.round(count)) : missing;
}

/**
 * A share as a percentage: whole from 10 % up, one decimal below. A share that
 * is neither 0 nor 1 is never written as 0 % or 100 %.
 */
export function formatPercent(share: number): string {
  if (Number.isNaN(share)) return missing;
  const percent = 100 * share;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  if (percent < 100 && percent > 99.9) return "> 99.9 %";
  const digits = Math.abs(percent) < 9.95 || (percent >= 99.5 && percent < 100) ? 1 : 0;
  return `${formatFixed(percent, digits)} %`;
}

/** A p-value: two digits, and never 0. */
export function formatP(p: number): string {
  if (Number.isNaN(p)) return missing;
  if (p < 1e-4) return "< 0.0001";
  return String(Number(p.toPrecision(2)));
}

/** Bytes in decimal units, as file managers and the hub count them: `1.48 MB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return missing;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (Number(value.toPrecision(3)) >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${formatNumber(unit === 0 ? Math.round(value) : value)} ${units[unit]}`;
}

/** Seconds as one says them: `8 s`, `2 min 05 s`, `1 h 20 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return missing;
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** When something was, where one is: `27 Nov, 04:43`. @param iso  ISO 8601 */
export function formatMoment(iso: string): string {
  return new Date(iso).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** A token's text without the marks of spaces and line breaks around it. */
export function bareToken(text: string): string {
  return text.replace(/^[␣⏎⇥]+|[␣⏎⇥]+$/g, "");
}

/** A fixed number of decimals, for the ticks of one axis; trailing zeros of a whole number are dropped. */
export function formatFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return missing;
  const text = Math.abs(value).toFixed(digits).replace(/\.0+$/, "");
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

function scientific(value: number): string {
  const [mantissa, exponent] = value.toExponential(2).split("e") as [string, string];
  const power = [...String(Math.abs(Number(exponent)))].map((digit) => superscripts[Number(digit)]).join("");
  return `${Number(mantissa)}×10${Number(exponent) < 0 ? "⁻" : ""}${power}`;
}

/** Narrow no-break spaces from five digits up, as in the SI brochure. */
function thousands(value: number): string {
  const text = String(value);
  return value < 10_000 ? text : text.replace(/\B(?=(\d{3})+$)/g, "\u202f");
}
