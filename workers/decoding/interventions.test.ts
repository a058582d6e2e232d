/** Interventions on the float64 reference with the embedded model. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Intervention } from "../../probes/intervention.ts";
import { logSoftmax } from "../../probes/lens/softmax.ts";
import { task } from "../../probes/tasks/index.ts";
import { row } from "../../probes/tensor.ts";
import type { DecodingMode, Trace } from "../../probes/trace.ts";
import { decodeTrace, encodeTrace } from "../../probes/trace-file.ts";
import { AbortError, EngineError } from "../engine.ts";
import type { Decoder, RunRequest, SweepCell, SweepRequest } from "../engine.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { norm } from "./controls.ts";
import { playedThoughts } from "./interventions.ts";
import { requestFor } from "./request.ts";
import type { RequestOptions } from "./request.ts";
import { run } from "./run.ts";
import { sweep } from "./sweep.ts";

const going = new AbortController().signal;
let decoder: Decoder;
beforeAll(() => {
  decoder = nanoDecoder();
});

function request(mode: DecodingMode, options: Partial<RequestOptions> & { id?: string; difficulty?: number } = {}): RunRequest {
  const { id = "pointer-chase", difficulty = 3, ...rest } = options;
  const asked = task(id);
  return requestFor(asked, asked.draw(5, { difficulty, shots: 0, variant: null }), mode, { shots: 0, ...rest });
}
const traced = (asked: RunRequest, interventions: readonly Intervention[] = []): Promise<Trace> => run(decoder, { ...asked, interventions }, () => undefined, going);
/** What went in at each step behind the prompt: the vector, or the token. */
function inputs(trace: Trace): (readonly number[])[] {
  return trace.steps.flatMap(({ phase, token }, t) => (phase === "prompt" ? [] : [token === null ? [...row(trace.activations.residPost, t, 0)] : [token]]));
}
const promptLength = (trace: Trace): number => trace.steps.filter(({ phase }) => phase === "prompt").length;
const timeless = (trace: Trace): unknown => ({ ...trace, created: "", steps: trace.steps.map((step) => ({ ...step, milliseconds: 0 })) });
const vectorOf = (length = 96): number[] => Array.from({ length }, (_, i) => Math.sin(i + 1));

test("without interventions a trace says nothing of them", async () => {
  const trace = await traced(request("latent"));
  expect("interventions" in trace || "branch" in trace).toBe(false);
});

describe("thoughts", () => {
  test("repeating plays a thought twice, and the others as the unaltered run had them", async () => {
    const plain = await traced(request("latent"));
    const altered = await traced(request("latent"), [{ kind: "repeat", thought: 0, times: 1 }]);
    const [a, b] = [inputs(plain), inputs(altered)];
    expect(b.slice(0, 4)).toEqual([a[0], a[0], a[1], a[2]]);
    expect(altered.branch).toBe(promptLength(plain) + 1);
  });

  test("replacing each by its most likely token is the control argmax", async () => {
    const control = await traced(request("latent", { thought: "argmax" }));
    const altered = await traced(request("latent"), [0, 1, 2].map((thought) => ({ kind: "replace", thought, replacement: { by: "argmax" } })));
    expect(inputs(altered)).toEqual(inputs(control));
    expect(altered.answer).toEqual(control.answer);
    expect(altered.branch).toBe(promptLength(control));
  });

  test("a thought replaced by itself changes nothing", async () => {
    const plain = await traced(request("latent"));
    const altered = await traced(request("latent"), [{ kind: "replace", thought: 1, replacement: { by: "vector", vector: inputs(plain)[1]!, from: "this run" } }]);
    const { interventions, branch, ...rest } = altered;
    expect(timeless(rest as Trace)).toEqual(timeless(plain));
    expect([interventions?.length, branch]).toEqual([1, promptLength(plain) + 1]);
  });

  test("zero, mean, noise, a mixture and a given vector are what they say", async () => {
    const plain = inputs(await traced(request("latent")));
    const [first, second] = plain as [number[], number[]];
    const replaced = async (intervention: Intervention): Promise<readonly number[]> => inputs(await traced(request("latent"), [intervention]))[1]!;
    const by = (replacement: Extract<Intervention, { kind: "replace" }>["replacement"]): Intervention => ({ kind: "replace", thought: 1, replacement });
    expect(await replaced(by({ by: "zero" }))).toEqual(first.map(() => 0));
    expect(await replaced(by({ by: "mean" }))).toEqual(first);
    const given = vectorOf().map(Math.fround);
    expect(await replaced(by({ by: "vector", vector: given, from: "a sine" }))).toEqual(given);
    const noisy = await replaced(by({ by: "noise", sigma: 0.5 }));
    const ratio = norm(Float32Array.from(noisy, (x, i) => x - second[i]!)) / norm(Float32Array.from(second));
    // ‖ε‖ / √96 lies within 0.2 of 1, four standard deviations.
    expect(ratio).toBeGreaterThan(0.35);
    expect(ratio).toBeLessThan(0.65);
    expect(await replaced(by({ by: "noise", sigma: 0.5 }))).toEqual(noisy);
    expect(await replaced(by({ by: "noise", sigma: 0 }))).toEqual(second);

    const logprobs = logSoftmax((await decoder.unembed({ shape: [1, 96], data: Float32Array.from(second) })).data);
    const best = [...logprobs.keys()].sort((a, b) => logprobs[b]! - logprobs[a]!).slice(0, 2);
    const rows = await decoder.embed(best);
    const [p, q] = best.map((id) => Math.exp(logprobs[id]!)) as [number, number];
    const mixture = await replaced(by({ by: "soft", kept: 2 }));
    mixture.forEach((x, i) => expect(x).toBeCloseTo((p * row(rows, 0)[i]! + q * row(rows, 1)[i]!) / (p + q), 5));
    expect(await replaced(by({ by: "soft", kept: 1 }))).toEqual([...row(rows, 0)]);
  });

  test("steering adds, after a replacement, and the next thought is that of the steered state", async () => {
    const direction = vectorOf();
    const altered = await traced(request("latent"), [
      { kind: "steer", thought: 0, vector: direction, scale: 2 },
      { kind: "replace", thought: 0, replacement: { by: "zero" } },
    ]);
    const [first, second] = inputs(altered);
    expect(first).toEqual(direction.map((x) => Math.fround(2 * x)));
    expect(second).toEqual([...row(altered.activations.finalNorm, promptLength(altered))]);
  });

  test("skipping and reordering play the unaltered thoughts back", async () => {
    const plain = await traced(request("latent"));
    const [a, b, c, ...cue] = inputs(plain);
    const prompt = promptLength(plain);
    const skipped = await traced(request("latent"), [{ kind: "skip", thought: 1 }]);
    expect([inputs(skipped), skipped.branch]).toEqual([[a, c, ...cue], prompt + 1]);
    const last = await traced(request("latent"), [{ kind: "skip", thought: 2 }]);
    expect([inputs(last), last.branch]).toEqual([[a, b, ...cue], prompt + 2]);
    const turned = await traced(request("latent"), [{ kind: "reorder", order: [2, 0, 1] }]);
    expect([inputs(turned), turned.branch]).toEqual([[c, a, b, ...cue], prompt]);
    const same = await traced(request("latent"), [{ kind: "reorder", order: [0, 1, 2] }]);
    expect([inputs(same), same.branch]).toEqual([inputs(plain), null]);
    expect(same.answer).toEqual(plain.answer);
  });

  test("order, then gaps, then repetitions", () => {
    expect(playedThoughts([{ kind: "repeat", thought: 0, times: 2 }, { kind: "skip", thought: 1 }, { kind: "reorder", order: [2, 1, 0] }], 3)).toEqual([2, 0, 0, 0]);
  });
});

describe("chains of thought", () => {
  test("cut after each token, the cue follows at once", async () => {
    const plain = await traced(request("cot"));
    const prompt = promptLength(plain);
    for (const after of [0, 1, 2]) {
      const cut = await traced(request("cot"), [{ kind: "truncate", after }]);
      expect(cut.steps.slice(prompt).map(({ phase, token }) => [phase, token])).toEqual([
        ...plain.steps.slice(prompt, prompt + after).map(({ token }) => ["thought", token]),
        ...plain.steps.filter(({ phase }) => phase === "answer").map(({ token }) => ["answer", token]),
      ]);
      expect(cut.branch).toBe(prompt + after);
    }
    const never = await traced(request("cot"), [{ kind: "truncate", after: request("cot").maxThinkingTokens }]);
    expect([never.branch, never.answer]).toEqual([null, plain.answer]);
  });

  test("a corrupted step stands in the chain, and the model goes on from it", async () => {
    const plain = await traced(request("cot"));
    const prompt = promptLength(plain);
    const other = decoder.tokenizer.encode("a b").find((token) => token !== plain.steps[prompt + 1]!.token)!;
    const given = await traced(request("cot"), [{ kind: "corrupt", token: 1, by: other }]);
    expect(given.steps.slice(prompt, prompt + 2).map(({ token, logprob }) => [token, logprob === null])).toEqual([[plain.steps[prompt]!.token, false], [other, true]]);
    expect(given.branch).toBe(prompt + 1);
    const drawn = await traced(request("cot"), [{ kind: "corrupt", token: 0, by: null }]);
    expect(drawn.steps[prompt]!.token).not.toBe(plain.steps[prompt]!.token);
    expect(timeless(await traced(request("cot"), [{ kind: "corrupt", token: 0, by: null }]))).toEqual(timeless(drawn));
    // The chain follows the arrows: behind another letter comes that letter's arrow, and the right answer is missed.
    expect(drawn.answer.text).not.toBe(plain.answer.text);
  });
});

describe("the residual stream", () => {
  test("a patch from the run itself changes nothing; from another run it is what was patched in", async () => {
    const plain = await traced(request("latent"));
    const [step, layer] = [promptLength(plain), 2];
    const own = [...row(plain.activations.residPost, step, layer)];
    const same = await traced(request("latent"), [{ kind: "residual", step, layer, operation: "replace", vector: own }]);
    // What is patched in is a float32 of the reference's float64.
    expect(same.answer.text).toBe(plain.answer.text);
    expect(same.answer.logprob).toBeCloseTo(plain.answer.logprob, 8);
    same.activations.residPost.data.forEach((x, i) => expect(Math.abs(x - plain.activations.residPost.data[i]!)).toBeLessThan(1e-5));
    const other = vectorOf();
    const patched = await traced(request("latent"), [{ kind: "residual", step, layer, operation: "replace", vector: other }]);
    expect([...row(patched.activations.residPost, step, layer)]).toEqual(other.map(Math.fround));
    expect(patched.activations.residPost.data.slice(0, step * 4 * 96)).toEqual(plain.activations.residPost.data.slice(0, step * 4 * 96));
    expect(patched.branch).toBe(step);
  });

  test("in the prompt as well, and in a direct answer", async () => {
    const plain = await traced(request("direct"));
    const altered = await traced(request("direct"), [{ kind: "residual", step: 3, layer: 0, operation: "add", vector: vectorOf() }]);
    const before = row(plain.activations.residPost, 3, 0);
    row(altered.activations.residPost, 3, 0).forEach((x, i) => expect(x).toBeCloseTo(before[i]! + vectorOf()[i]!, 5));
    expect(altered.branch).toBe(3);
  });
});

test("an altered trace comes back from its file", async () => {
  for (const [mode, list] of [
    ["latent", [
      { kind: "replace", thought: 0, replacement: { by: "vector", vector: vectorOf(), from: "a sine" } },
      { kind: "replace", thought: 1, replacement: { by: "noise", sigma: 0.1 } },
      { kind: "replace", thought: 2, replacement: { by: "soft", kept: 3 } },
      { kind: "steer", thought: 0, vector: vectorOf(), scale: -0 }, { kind: "steer", thought: 1, vector: vectorOf(), scale: 1, from: "a sine" },
      { kind: "skip", thought: 1 }, { kind: "repeat", thought: 0, times: 2 }, { kind: "reorder", order: [1, 0, 2] },
      { kind: "residual", step: 2, layer: 3, operation: "add", vector: vectorOf() },
      { kind: "residual", step: 2, layer: 0, operation: "replace", vector: vectorOf(), from: "a sine" },
    ]],
    ["cot", [{ kind: "truncate", after: 2 }, { kind: "corrupt", token: 0, by: null }, { kind: "corrupt", token: 1, by: 4 }]],
  ] as [DecodingMode, Intervention[]][]) {
    const trace = await traced(request(mode), list);
    expect(decodeTrace(encodeTrace(trace))).toEqual(trace);
  }
});

describe("what cannot be done is refused before anything runs", () => {
  const argmax = { by: "argmax" } as const;
  test.each<[string, DecodingMode, Intervention[], RegExp]>([
    ["a thought past the end", "latent", [{ kind: "replace", thought: 3, replacement: argmax }], /a thought from 0 to 2, got 3/],
    ["a thought before the first", "latent", [{ kind: "skip", thought: -1 }], /a thought from 0 to 2, got -1/],
    ["half a thought", "latent", [{ kind: "skip", thought: 0.5 }], /a thought from 0 to 2, got 0.5/],
    ["an empty order", "latent", [{ kind: "reorder", order: [] }], /an order of thoughts, got an empty one/],
    ["an order with gaps", "latent", [{ kind: "reorder", order: [0, 2] }], /each of the 3 thoughts once/],
    ["an order with doubles", "latent", [{ kind: "reorder", order: [0, 0, 2] }], /each of the 3 thoughts once/],
    ["thoughts in a mode that has none", "direct", [{ kind: "skip", thought: 0 }], /mode latent for the intervention "skip", got mode direct/],
    ["a chain in a mode that has none", "latent", [{ kind: "truncate", after: 1 }], /mode cot for the intervention "truncate", got mode latent/],
    ["a vector of another width", "latent", [{ kind: "steer", thought: 0, vector: [1, 2], scale: 1 }], /a vector of 96 numbers, got 2/],
    ["a vector with NaN", "latent", [{ kind: "replace", thought: 0, replacement: { by: "vector", vector: vectorOf().fill(NaN), from: "" } }], /finite numbers in a vector, got NaN/],
    ["an endless scale", "latent", [{ kind: "steer", thought: 0, vector: vectorOf(), scale: Infinity }], /a scale to be a number, got Infinity/],
    ["negative noise", "latent", [{ kind: "replace", thought: 0, replacement: { by: "noise", sigma: -1 } }], /sigma to be a number from 0 up, got -1/],
    ["a mixture of nothing", "latent", [{ kind: "replace", thought: 0, replacement: { by: "soft", kept: 0 } }], /tokens in a mixture from 1/],
    ["the mean of nothing", "latent", [{ kind: "replace", thought: 0, replacement: { by: "mean" } }], /thoughts before the one that their mean replaces/],
    ["two replacements of a thought", "latent", [0, 1].map(() => ({ kind: "replace", thought: 0, replacement: argmax })), /one intervention at a time/],
    ["no repetitions", "latent", [{ kind: "repeat", thought: 0, times: 0 }], /repetitions from 1/],
    ["more than fits", "latent", [{ kind: "repeat", thought: 0, times: 250 }], /at most 256 positions, the model's context/],
    ["a cut behind the longest chain", "cot", [{ kind: "truncate", after: 99 }], /tokens of thinking from 0 to/],
    ["a token behind the longest chain", "cot", [{ kind: "corrupt", token: 99, by: null }], /a token of the thinking from 0 to/],
    ["a token behind the vocabulary", "cot", [{ kind: "corrupt", token: 0, by: 9999 }], /a token id from 0 to/],
    ["a layer past the last", "latent", [{ kind: "residual", step: 0, layer: 4, operation: "add", vector: vectorOf() }], /a layer from 0 to 3, got 4/],
    ["a step past the last", "latent", [{ kind: "residual", step: 999, layer: 0, operation: "add", vector: vectorOf() }], /a step from 0 to/],
  ])("%s", async (_, mode, interventions, message) => {
    await decoder.rewind(0);
    const error: unknown = await traced(request(mode), interventions).then(() => null, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/: expected .+, got .+; .+/);
    expect(decoder.length).toBe(0);
  });

  test("a cut without a cue to go on with, and thoughts of a run that is to have none", async () => {
    await expect(traced({ ...request("cot"), cue: "" }, [{ kind: "truncate", after: 1 }])).rejects.toThrow(/a cue that asks for the answer, got none/);
    await expect(traced(request("latent", { thought: "none" }), [{ kind: "skip", thought: 0 }])).rejects.toThrow(/a run with thoughts to intervene in, got none/);
  });
});

describe("sweeps", () => {
  const asked: SweepRequest = { task: "pointer-chase", variant: null, difficulty: 2, shots: 0, mode: "latent", thought: "hidden", thoughts: null, problems: 6, seed: 100 };
  const swept = (grid: Parameters<typeof sweep>[2], told: SweepCell[] = [], signal = going, change: Partial<SweepRequest> = {}): Promise<SweepCell[]> =>
    sweep(decoder, { ...asked, ...change }, grid, (cell) => void told.push(cell), signal);

  test("noise of no size changes nothing, noise of a large one a lot; every cell is told of", async () => {
    const told: SweepCell[] = [];
    const cells = await swept({ kind: "noise", sigmas: [0, 8], thoughts: null }, told);
    const [plain, none, much] = cells as [SweepCell, SweepCell, SweepCell];
    expect(cells.map(({ cell, answered }) => [cell, answered])).toEqual([[-1, 6], [0, 6], [1, 6]]);
    expect(plain.correct).toBe(6);
    expect([none.correct, none.change]).toEqual([6, 0]);
    expect(much.correct).toBeLessThan(6);
    expect(much.change).toBeLessThan(-1);
    expect(plain.high).toBe(1);
    expect(plain.low).toBeCloseTo(0.6097, 3);
    for (const cell of cells) expect(told.findLast((one) => one.cell === cell.cell)).toEqual(cell);
  });

  test("a patch at layer L of the last step gives the other problem's answer, and cells are as single runs", async () => {
    const cells = await swept({ kind: "patch", steps: [-1, 0, 2], layers: [0, 3] });
    expect(cells).toHaveLength(7);
    const [plain, , , , , , last] = cells;
    expect(plain!.correct).toBe(6);
    // Step 2 is <ans> behind two thoughts: what stands there at layer L is the answer itself.
    expect(last!.change).toBeLessThan(-2);
    // In each prompt's last token, at layer 0, another letter: the question is another.
    expect(cells[1]!.change).toBeLessThan(-2);
    // <ans> is the same token in both.
    const cue = await swept({ kind: "patch", steps: [2], layers: [0] });
    expect(cue[1]!.change).toBeCloseTo(0, 5);
  });

  test("thoughts one by one", async () => {
    const cells = await swept({ kind: "thoughts", thoughts: [1], replacements: ["argmax", "zero", "skip", "swapped", "mean"] });
    expect(cells).toHaveLength(6);
    const [plain, argmax, , , swapped] = cells;
    expect(plain!.correct).toBe(6);
    // A thought of pointer chase holds one letter: its token says the same. Another problem's says another.
    expect(argmax!.correct).toBe(6);
    expect(Math.abs(argmax!.change)).toBeLessThan(0.01);
    expect(swapped!.correct).toBe(0);
    expect(swapped!.change).toBeLessThan(-2);
  });

  test("a chain of thought, cut and corrupted token by token", async () => {
    const change = { mode: "cot", difficulty: 3 } as const;
    const cut = await swept({ kind: "chain", by: "truncate", tokens: [0, 3] }, [], going, change);
    // Without its chain the model guesses; with all three of its tokens nothing is missing.
    expect(cut.map(({ correct }) => correct)).toEqual([6, expect.any(Number), 6]);
    expect(cut[1]!.correct).toBeLessThan(4);
    expect(cut[2]!.change).toBe(0);
    const corrupted = await swept({ kind: "chain", by: "corrupt", tokens: [0, 1, 2] }, [], going, change);
    for (const { correct, change: by } of corrupted.slice(1)) expect([correct < 4, by < -1]).toEqual([true, true]);
  });

  test("the interval of a mean change is Student's", async () => {
    const [, cell] = await swept({ kind: "noise", sigmas: [8], thoughts: null });
    const half = (cell!.changeHigh - cell!.changeLow) / 2;
    expect(cell!.change).toBeCloseTo((cell!.changeHigh + cell!.changeLow) / 2, 10);
    const each: number[] = [];
    for (let i = 0; i < 6; i++) each.push((await swept({ kind: "noise", sigmas: [8], thoughts: null }, [], going, { seed: 100 + i, problems: 1 }))[1]!.change);
    const average = each.reduce((sum, x) => sum + x, 0) / 6;
    const spread = Math.sqrt(each.reduce((sum, x) => sum + (x - average) ** 2, 0) / 5);
    expect(cell!.change).toBeCloseTo(average, 6);
    // R: qt(0.975, 5)
    expect(half).toBeCloseTo((2.5706 * spread) / Math.sqrt(6), 5);
  });

  test("a place behind the end of a chain alters nothing, and is not counted as if it had", async () => {
    const change = { mode: "cot", difficulty: 3 } as const;
    // A chain of three tokens, where five are allowed.
    await expect(swept({ kind: "chain", by: "corrupt", tokens: [4] }, [], going, change)).rejects.toThrow("a step that the runs have");
    const [, inside, behind] = await swept({ kind: "chain", by: "truncate", tokens: [2, 5] }, [], going, change);
    expect([inside!.answered, behind!.answered, behind!.change]).toEqual([6, 6, 0]);
  });

  test("it can be stopped on the way", async () => {
    const controller = new AbortController();
    const stopped = sweep(decoder, { ...asked, problems: 10_000 }, { kind: "noise", sigmas: [0.1], thoughts: null }, () => controller.abort(), controller.signal);
    await expect(stopped).rejects.toBeInstanceOf(AbortError);
  });

  test.each<[string, Parameters<typeof sweep>[2], RegExp]>([
    ["no sizes", { kind: "noise", sigmas: [], thoughts: null }, /sizes of noise, got none/],
    ["no thoughts", { kind: "noise", sigmas: [1], thoughts: [] }, /expected thoughts, got none/],
    ["no layers", { kind: "patch", steps: [0], layers: [] }, /expected layers, got none/],
    ["a layer past the last", { kind: "patch", steps: [0], layers: [4] }, /layers from 0 to 3, got 4/],
    ["a step past the run", { kind: "patch", steps: [50], layers: [0] }, /expected steps from -\d+ to 2, .* got 50/],
    ["no tokens", { kind: "chain", by: "truncate", tokens: [] }, /tokens of the thinking, got none/],
    ["a chain in a mode that has none", { kind: "chain", by: "corrupt", tokens: [0] }, /mode cot for the intervention "corrupt", got mode latent/],
    ["a thought past the run", { kind: "thoughts", thoughts: [7], replacements: ["swapped"] }, /thoughts from 0 to 1, got 7/],
  ])("refused: %s", async (_, grid, message) => {
    await expect(swept(grid)).rejects.toThrow(message);
  });

  test("no problems", () => expect(swept({ kind: "noise", sigmas: [1], thoughts: null }, [], going, { problems: 0 })).rejects.toThrow(/from 1 up, got 0/));
});
