/** Evidence made up for tests of verdict rules: quantities with these values, and a picture of nothing. */
import type { Evidence } from "./claim.ts";

export function constructed(values: Readonly<Record<string, number>>): Evidence {
  return {
    quantities: Object.entries(values).map(([id, value]) => ({ id, label: id, value, unit: "1" })),
    figures: [{ kind: "lines", title: "none", x: { label: "x", unit: "" }, y: { label: "y", unit: "" }, lines: [] }],
  };
}

/** The evidence of a run with other values for some quantities: as a longer run might have measured. */
export function withValues(evidence: Evidence, values: Readonly<Record<string, number>>): Evidence {
  for (const id of Object.keys(values)) if (!evidence.quantities.some((quantity) => quantity.id === id)) throw new RangeError(`withValues: expected a quantity ${id}, got none`);
  return { ...evidence, quantities: evidence.quantities.map(({ low: _low, high: _high, ...quantity }) => ({ ...quantity, value: values[quantity.id] ?? quantity.value })) };
}
