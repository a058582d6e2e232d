/** The checks of edits can fail: each of them catches a decoder that breaks what it names. */
import { expect, test } from "vitest";
import { randomLlama } from "../models/random-llama.ts";
import type { Tensor } from "../probes/tensor.ts";
import { defaultCheckOptions } from "./decoder-checks.test-support.ts";
import { editChecks } from "./edit-checks.test-support.ts";
import type { Decoder, ForwardOptions, ResidualEdit } from "./engine.ts";
import { ReferenceDecoder } from "./reference/llama-decoder.ts";

const model = randomLlama({ layers: 2, contextLength: 24 }, 9);
const tokenizer = { encode: () => [], decode: () => "", text: () => "", endTokens: [], chat: () => null };
const sound = (): Decoder => new ReferenceDecoder(model, tokenizer);

/** A decoder that makes other edits than it was asked for. */
function editing(change: (edits: readonly ResidualEdit[], input: readonly number[] | Tensor, inner: Decoder) => readonly ResidualEdit[]): Decoder {
  const inner = sound();
  return new Proxy(inner, {
    get(target, name) {
      if (name === "forward") {
        return async (input: readonly number[] | Tensor, options: ForwardOptions = {}) => inner.forward(input, { ...options, edits: change(options.edits ?? [], input, inner) });
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
const scaled = (edit: ResidualEdit, by: number): ResidualEdit => ({ ...edit, vector: Array.from(edit.vector, (x) => x * by) });
const fits = ({ layer, row, vector, operation }: ResidualEdit, rows: number): boolean =>
  layer >= 0 && layer <= 2 && Number.isInteger(layer) && row >= 0 && row < rows && vector.length === 32 && Number.isFinite(vector[0]) && (operation === "add" || operation === "replace");
const count = (input: readonly number[] | Tensor): number => ("shape" in input ? input.shape[0]! : input.length);

/** By the check that must catch it. */
const sabotage: Readonly<Record<string, () => Decoder>> = {
  "replacing a state by itself changes nothing": () => editing((edits) => edits.map((edit) => scaled(edit, 1.01))),
  "adding zero changes nothing": () => editing((edits) => edits.map((edit) => ({ ...edit, operation: "replace" as const }))),
  "an edit stands in what is captured, and changes what comes after it only": () => editing((edits) => edits.map((edit) => ({ ...edit, row: Math.max(0, edit.row - 1) }))),
  "edits of one place are made in their order": () => editing((edits) => edits.toReversed()),
  "a single step is edited as in a longer pass": () => editing((edits, input) => (count(input) === 1 ? [] : edits)),
  "vectors are edited as tokens are": () => editing((edits, input) => ("shape" in input ? edits.slice(1) : edits)),
  "a run after an edited one is as before": () => {
    let kept: readonly ResidualEdit[] = [];
    return editing((edits) => (kept = edits.length > 0 ? edits : kept));
  },
  "edits that do not fit are refused": () => editing((edits, input) => edits.filter((edit) => fits(edit, count(input)))),
};

test("every check is here", () => expect(Object.keys(sabotage)).toEqual(editChecks.map(({ name }) => name)));

for (const check of editChecks) {
  test(`"${check.name}" catches a decoder for which it does not hold, and lets a sound one pass`, async () => {
    await check.run(sound(), defaultCheckOptions);
    const error: unknown = await check.run(sabotage[check.name]!(), defaultCheckOptions).then(() => null, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(/: expected .+, got /);
  });
}
