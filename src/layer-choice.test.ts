import { expect, test } from "vitest";
import { chosenLayers } from "./layer-choice.ts";

test("first and last are always kept, and layers are counted from the last", () => {
  expect(chosenLayers("all", 24)).toBeUndefined();
  expect(chosenLayers("half", 5)).toEqual([0, 1, 3, 5]);
  expect(chosenLayers("quarter", 12)).toEqual([0, 4, 8, 12]);
  expect(chosenLayers("ends", 24)).toEqual([0, 24]);
  for (const choice of ["half", "quarter", "ends"] as const) expect([chosenLayers(choice, 0), chosenLayers(choice, 1)]).toEqual([[0], [0, 1]]);
});
