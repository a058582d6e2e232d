import { expect, test } from "vitest";
import { AbortError, EngineError } from "../engine.ts";
import { firstThatHolds } from "./first-that-holds.ts";

const ways = ["instrument", "webgpu"] as const;
const never = (): boolean => false;
/** Ways that fail, each with its error; the others answer with their name and what they were told. */
function make(failing: Readonly<Record<string, Error>>): { attempt: (way: string, reason: string | null) => Promise<string>; tried: string[] } {
  const tried: string[] = [];
  const attempt = (way: string, reason: string | null): Promise<string> => {
    tried.push(way);
    return failing[way] ? Promise.reject(failing[way]) : Promise.resolve(`${way}, ${reason}`);
  };
  return { attempt, tried };
}
const unannounced = new EngineError("tap: expected a library that announces its kernels, got one without set_instrument");

test("the first way that holds is taken, and no other tried", async () => {
  const { attempt, tried } = make({});
  expect(await firstThatHolds(ways, attempt, never)).toBe("instrument, null");
  expect(tried).toEqual(["instrument"]);
});

test("where the first does not hold, the second is taken, and says why", async () => {
  expect(await firstThatHolds(ways, make({ instrument: unannounced }).attempt, never)).toBe(`webgpu, The usual way to the hidden states did not hold, so another was taken: ${unannounced.message}`);
});

test("where none holds, what the first said is thrown", async () => {
  await expect(firstThatHolds(ways, make({ instrument: unannounced, webgpu: new EngineError("layers: …") }).attempt, never)).rejects.toBe(unannounced);
  await expect(firstThatHolds([], make({}).attempt, never)).rejects.toThrow("tap: expected a way to read hidden states, got none");
});

test.each<[string, Error, () => boolean]>([
  ["a load that is stopped", new AbortError("load: stopped"), never],
  ["a mistake of ours", new TypeError("x is undefined"), never],
  ["a device that is lost", unannounced, () => true],
])("after %s no other way is tried", async (_, error, over) => {
  const { attempt, tried } = make({ instrument: error });
  await expect(firstThatHolds(ways, attempt, over)).rejects.toBe(error);
  expect(tried).toEqual(["instrument"]);
});
