/** Addresses are read and written back, and nonsense leads to the probe. */
import { expect, test } from "vitest";
import { places, readAddress, writeAddress } from "./places.ts";

const read = (hash: string): unknown => {
  const { place, path, query } = readAddress(hash);
  return { place, path, query: String(query) };
};

test("what follows the place is its path, and then a query", () => expect(read("#/probe/a%20b/c?x=1&y=2")).toEqual({ place: "probe", path: ["a b", "c"], query: "x=1&y=2" }));
test.each(["", "#", "#/", "#/nowhere?x=1", "#%%%"])("%j is the probe", (hash) => expect(readAddress(hash).place).toBe("probe"));
test("an address is written as it was read", () => {
  for (const place of places) {
    const address = { place, path: ["C2", "a/b"], query: new URLSearchParams({ seed: "3" }) };
    expect(readAddress(writeAddress(address))).toEqual(address);
  }
});
