import { expect, test } from "vitest";
import { holdsInWords, ringLabel, slices } from "./thought-ring.ts";

const token = (text: string, probability: number) => ({ token: 0, text, logprob: Math.log(probability) });

test("a ring is filled by what the thought holds, in order", () => {
  const parts = slices([token("b", 0.5), token("t", 0.25), token("z", 0.01)]);
  expect(parts.map((p) => p.text)).toEqual(["b", "t"]);
  expect(parts[0]).toMatchObject({ from: 0, to: 0.5 });
  expect(parts[1]!.to).toBeCloseTo(0.75, 12);
});

test("slices never pass a whole turn, though rounding might", () => {
  expect(slices([token("a", 0.7), token("b", 0.4)]).at(-1)!.to).toBe(1);
});

test("a thought that reads out as nothing says so", () => expect(holdsInWords([token("a", 0.02)])).toBe("nothing above 3 %"));
test("two branches at once", () => expect(holdsInWords([token("b", 0.52), token("t", 0.47)])).toBe("b 52 %, t 47 %"));

test.each([
  [[token("b", 0.5), token("t", 0.4)], "bt"],
  [[token("␣Margaret", 0.5), token("␣Ben", 0.4)], "Marg"],
  [[token("⏎", 0.9)], "·"],
  [[], "·"],
])("a ring is labelled by letters, or by the beginning of a word", (holds, label) => expect(ringLabel(holds)).toBe(label));
