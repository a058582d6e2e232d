/** Evidence made up for tests of verdict rules: quantities with these values, and a picture of nothing. */
import type { Evidence } from "./claim.ts";

export function constructed(values: Readonly<Record<string, number>>): Evidence {
  return {
    quantities: Object.entries(values).map(([id, value]) => ({ id, label: id, value, unit: "1" })),
    figures: [{ kind: "lines", title: "none", x: { label: "x", unit: "" }, y: { label: "y", unit: "" }, lines: [] }],
  };
}
