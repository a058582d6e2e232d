/** The lab's addresses: read and written back, and nonsense is left out. */
import { expect, test } from "vitest";
import { readCompared, readTask, writeCompared } from "./lab-address.ts";
import { readAddress } from "../places.ts";

const read = (query: string) => readCompared(readAddress(`#/lab?${query}`));
const first = { task: "multi-query-recall", difficulty: 6, problem: 0, architectures: ["rnn", "mamba", "transformer"], layer: "last" };

test("an address that names nothing shows the first view", () => expect(read("")).toEqual(first));
test.each<[string, object]>([
  ["task=cups&problem=3&difficulty=4&with=transformer,mlp&layer=first", { task: "cups", problem: 3, difficulty: 4, architectures: ["mlp", "transformer"], layer: "first" }],
  ["task=chess&problem=x&difficulty=99&with=lstm&layer=9", {}],
  ["task=flip-flop", { task: "flip-flop" }],
  ["problem=&difficulty=1.5", {}],
  ["with=mlp,cnn,rnn,mamba,transformer,moe", { architectures: ["mlp", "cnn", "rnn", "mamba", "transformer"] }],
])("%s", (query, expected) => {
  const got = read(query);
  expect(got).toMatchObject(expected);
  expect(readCompared(readAddress(writeCompared(got)))).toEqual(got);
});
test("what is as at first is not written", () => expect(writeCompared(read(""))).toBe("#/lab"));
test("a task is read by its name alone", () => expect(readTask(readAddress("#/lab/mamba?task=cups")).id).toBe("cups"));
