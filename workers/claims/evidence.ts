/**
 * Evidence on its way: checked where it enters, and written to files and back.
 * JSON has no NaN and no infinities: NaN is written as null, infinities as strings.
 */
import type { Evidence, Figure, Verdict } from "./claim.ts";

/** One run of a claim, kept with all that it takes to run it again. Its verdict is not part of it: it is judged anew. */
export interface ClaimRun {
  readonly id: string;
  readonly seeds: readonly number[];
  readonly size: "live" | "full";
  readonly sabotaged: boolean;
  readonly evidence: Evidence;
  /** ISO 8601, when it ended. */
  readonly date: string;
  readonly milliseconds: number;
}

/** A run that was made in Node beforehand, as `recorded/<id>.json` holds it. */
export interface RecordedRun extends ClaimRun {
  /** By package or runtime. */
  readonly versions: Readonly<Record<string, string>>;
  /** The same on each seed alone. */
  readonly bySeed?: readonly { readonly seed: number; readonly evidence: Evidence }[];
}

export const verdicts: readonly Verdict[] = ["supports", "mixed", "refutes"];

/**
 * Whether evidence is whole: quantities with names of their own, figures whose lists are as long as one another.
 *
 * @throws RangeError where it is not
 */
export function checkEvidence(where: string, { quantities, figures }: Evidence): void {
  const wrong = (expected: string, got: string): never => {
    throw new RangeError(`${where}: expected ${expected}, got ${got}; correct the claim`);
  };
  if (quantities.length === 0) wrong("at least one quantity", "none");
  const ids = quantities.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) wrong("quantities with ids of their own", `${twice} twice`);
  for (const { id, value, low, high } of quantities) {
    if (typeof value !== "number") wrong(`a number as ${id}`, String(value));
    if (low !== undefined && high !== undefined && low > high) wrong(`an interval of ${id} from low to high`, `${low} to ${high}`);
  }
  if (figures.length === 0) wrong("at least one figure", "none");
  for (const figure of figures) {
    for (const [name, lengths] of listLengths(figure)) {
      if (new Set(lengths).size > 1) wrong(`lists of one length in ${JSON.stringify(figure.title)}, ${name}`, lengths.join(", "));
    }
  }
}

/** By part of the figure, the lengths that have to be equal. */
function listLengths(figure: Figure): [string, number[]][] {
  const all = (...lists: (readonly unknown[] | undefined)[]): number[] => lists.flatMap((list) => (list ? [list.length] : []));
  switch (figure.kind) {
    case "lines":
      return figure.lines.map(({ name, x, y, low, high }) => [name, all(x, y, low, high)]);
    case "bars":
      return figure.bars.map(({ name, values, low, high }) => [name, all(figure.categories, values, low, high)]);
    case "scatter":
      return figure.groups.map(({ name, x, y }) => [name, all(x, y)]);
    case "grid":
      return [["values", [figure.rows.length * figure.columns.length, figure.values.length]]];
  }
}

/** As JSON; numbers to seven digits, which is what float32 holds. */
export function encodeRun(run: ClaimRun): string {
  const rounded = (_: string, value: unknown): unknown => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    if (Number.isNaN(value)) return null;
    if (!Number.isFinite(value)) return String(value);
    return Number(value.toPrecision(7));
  };
  return `${JSON.stringify(run, rounded, 1)}\n`;
}

/** What `encodeRun` wrote. */
export function decodeRun(text: string): ClaimRun {
  return revived(JSON.parse(text)) as ClaimRun;
}

/** Numbers that JSON cannot hold, put back into what was parsed. */
export function revived(value: unknown): unknown {
  if (value === null) return NaN;
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revived(inner)]));
  return value;
}
