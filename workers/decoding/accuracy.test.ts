/** Accuracy of the embedded model on the float64 reference: bars, and how the count is kept. */
import { describe, expect, test } from "vitest";
import { task } from "../../probes/tasks/index.ts";
import type { DecodingMode, Thought } from "../../probes/trace.ts";
import type { AccuracyCell, AccuracyProgress, AccuracyRequest } from "../engine.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { accuracy } from "./accuracy.ts";
import { requestFor } from "./request.ts";
import { run } from "./run.ts";

const going = new AbortController().signal;
const decoder = nanoDecoder();
const cell = (mode: DecodingMode, difficulty: number, thought: Thought = "hidden", noise = 0, thoughts: number | null = null): AccuracyCell => ({ mode, difficulty, thought, noise, thoughts });
const request = (id: string, cells: AccuracyCell[], problems: number, variant: string | null = null): AccuracyRequest => ({ task: id, variant, shots: 2, cells, problems, seed: 100 });
const rates = async (asked: AccuracyRequest): Promise<number[]> =>
  (await accuracy(decoder, asked, () => undefined, going)).map(({ correct, answered }) => correct / answered);

describe("the count", () => {
  const cells = [cell("direct", 2), cell("icl", 2), cell("cot", 2), cell("latent", 2), cell("latent", 2, "swapped"), cell("latent", 2, "none"), cell("latent", 3, "noise", 1)];

  test("is that of the runs one by one, though the graph is not computed again", async () => {
    const asked = request("pointer-chase", cells, 3);
    const counts = await accuracy(decoder, asked, () => undefined, going);
    for (const [i, { mode, difficulty, thought, noise, thoughts }] of cells.entries()) {
      let correct = 0;
      for (let seed = 100; seed < 103; seed++) {
        const t = task("pointer-chase");
        const problem = t.draw(seed, { difficulty, shots: 2, variant: null });
        const trace = await run(decoder, requestFor(t, problem, mode, { shots: 2, thought, noise, thoughts, capture: false }), () => undefined, going);
        if (trace.answer.correct) correct++;
      }
      expect(counts[i]).toEqual({ cell: i, correct, answered: 3 });
    }
  });

  test("is reported as it grows, and in full at the end", async () => {
    const seen: AccuracyProgress[] = [];
    const counts = await accuracy(decoder, request("pointer-chase", cells, 5), (progress) => void seen.push(progress), going);
    for (const [i, count] of counts.entries()) {
      const own = seen.filter((progress) => progress.cell === i);
      expect(own.at(-1)).toEqual(count);
      own.forEach((progress, k) => expect(progress.answered).toBeGreaterThan(own[k - 1]?.answered ?? 0));
    }
  });

  test("stops, even where nothing but the event loop can say so", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const start = performance.now();
    await expect(accuracy(decoder, request("pointer-chase", cells, 100_000), () => undefined, controller.signal)).rejects.toMatchObject({ name: "AbortError" });
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test("what cannot be counted is refused", async () => {
    const refused = (asked: AccuracyRequest) => expect(accuracy(decoder, asked, () => undefined, going)).rejects;
    await refused(request("pointer-chase", cells, 0)).toThrow("accuracy: expected a whole number of problems from 1 up, got 0; choose one such as 100");
    await refused(request("chess", cells, 1)).toThrow(/task: expected one of/);
    await refused(request("pointer-chase", [cell("direct", 9)], 1)).toThrow(/expected 1 to 6 hops, got 9/);
    await refused(request("pointer-chase", cells, 1, "odd")).toThrow(/expected no variant, got odd/);
  });
});

describe("the embedded model", () => {
  test("pointer chase, 4 hops: direct guesses, CoT and latent know", async () => {
    const [direct, cot, latent, noisy, none] = await rates(request("pointer-chase", [cell("direct", 4), cell("cot", 4), cell("latent", 4), cell("latent", 4, "noise", 0.5), cell("latent", 4, "none")], 40));
    expect(direct).toBeLessThanOrEqual(0.2);
    expect(none).toBeLessThanOrEqual(0.2);
    expect(cot).toBeGreaterThanOrEqual(0.95);
    expect(latent).toBeGreaterThanOrEqual(0.95);
    expect(noisy).toBeGreaterThanOrEqual(0.85);
  });

  test("reachability, 3 levels: the thought itself is needed, and noise does little harm", async () => {
    const [direct, cot, latent, argmax, noisy] = await rates(request("reachability", [cell("direct", 3), cell("cot", 3), cell("latent", 3), cell("latent", 3, "argmax"), cell("latent", 3, "noise", 0.5)], 40));
    expect(direct).toBeLessThanOrEqual(0.75);
    expect(cot).toBeGreaterThanOrEqual(0.95);
    expect(latent).toBeGreaterThanOrEqual(0.95);
    expect(argmax).toBeLessThanOrEqual(0.75);
    expect(noisy).toBeGreaterThanOrEqual(0.85);
  });

  test("rules: examples help where the rule was learnt, and not where it is fresh", async () => {
    const [prior, known] = await rates(request("rules", [cell("icl", 0), cell("icl", 8)], 40));
    const [fresh] = await rates(request("rules", [cell("icl", 8)], 40, "fresh-rule"));
    expect(known).toBeGreaterThanOrEqual(0.85);
    expect(prior).toBeLessThanOrEqual(0.7);
    expect(fresh).toBeLessThanOrEqual(0.5);
  });

  test("rules by CoT and latent", async () => {
    const [cot, latent] = await rates(request("rules", [cell("cot", 8), cell("latent", 8)], 40));
    expect(cot).toBeGreaterThanOrEqual(0.85);
    expect(latent).toBeGreaterThanOrEqual(0.85);
  });
  test("one hop or level from examples", async () => {
    const [hop] = await rates(request("pointer-chase", [cell("icl", 1)], 40));
    const [level] = await rates(request("reachability", [cell("icl", 1)], 40));
    expect(hop).toBeGreaterThanOrEqual(0.85);
    expect(level).toBeGreaterThanOrEqual(0.85);
  });
});
