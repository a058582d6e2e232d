import { describe, expect, test } from "vitest";
import { readClaimAddress, readFilter, readSeeds, writeClaimAddress, writeFilter } from "./claim-address.ts";
import { filters, passes, type Filter } from "./claim-words.ts";
import { readAddress } from "../places.ts";

const record = { thresholds: { least: { value: 0.9, unit: "1", meaning: "" }, most: { value: 5, unit: "1", meaning: "" } } };
const read = (hash: string) => readClaimAddress(readAddress(hash), record);

test.each([
  { id: "C2", seeds: null, thresholds: {}, view: null },
  { id: "Z1b", seeds: [4, 5, 6], thresholds: { least: 0.5 }, view: "recorded" },
  { id: "R4", seeds: null, thresholds: { least: -1e-6, most: 12 }, view: "sabotaged" },
] as const)("an address is read as it was written: $id", (address) => expect(read(writeClaimAddress(address))).toEqual(address));

test("what cannot be read is left out", () => {
  expect(read("#/claims/C2?seeds=1,x&least=much&most=&view=sideways&other=3")).toEqual({ id: "C2", seeds: null, thresholds: {}, view: null });
  // The claim's own value is no change.
  expect(read("#/claims/C2?least=0.9").thresholds).toEqual({});
});
test("seeds: commas or spaces, whole numbers only", () => {
  expect(readSeeds("1, 2 3")).toEqual([1, 2, 3]);
  for (const text of ["", null, "1.5", "a", "1e99"]) expect(readSeeds(text)).toBeNull();
});
test("filters have addresses", () => {
  for (const filter of Object.keys(filters) as Filter[]) expect(readFilter(readAddress(writeFilter(filter)))).toBe(filter);
  expect(readFilter(readAddress("#/claims?show=nonsense"))).toBe("all");
});
describe("what a filter lets through", () => {
  const shown = (filter: Filter): string[] => (["supports", "mixed", "refutes", null] as const).filter((verdict) => passes(filter, verdict, "mixed")).map(String);
  test.each([
    ["all", ["supports", "mixed", "refutes", "null"]],
    ["refutes", ["refutes"]],
    ["not-run", ["null"]],
    ["disagrees", ["mixed", "refutes"]],
    ["surprises", ["supports", "refutes"]],
  ] as const)("%s", (filter, expected) => expect(shown(filter)).toEqual(expected));
});
