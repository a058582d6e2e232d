/** Messages, templates and graded answers: the tasks in plain English on scripted models. */
import { describe, expect, test } from "vitest";
import { tasks } from "../../probes/tasks/index.ts";
import { decodingModes, thoughts } from "../../probes/trace.ts";
import type { DecodingMode, Trace } from "../../probes/trace.ts";
import { EngineError } from "../engine.ts";
import type { Decoder, RunRequest, Tokenizer } from "../engine.ts";
import { accuracy } from "./accuracy.ts";
import { isCorrect } from "./grading.ts";
import { requestFor } from "./request.ts";
import { run } from "./run.ts";
import { scripted } from "./scripted.test-support.ts";

const going = new AbortController().signal;
const traced = (asked: RunRequest, on: Decoder): Promise<Trace> => run(on, asked, () => undefined, going);
const chatml: Tokenizer["chat"] = (message) => `<system>Be brief: a b c.<user>${message.trim()}<assistant>`;
const asked = (part: Partial<RunRequest> = {}): RunRequest => ({
  mode: "direct", context: "a is b.", question: "What is a?", chat: true, cue: "It is", stop: null, maxThinkingTokens: 0, thoughts: 0, thought: "hidden", noise: 0,
  other: null, maxAnswerTokens: 20, expected: "b", temperature: 0, seed: 1, problem: null, capture: false, kept: 2, ...part,
});
/** Goes on with a text after a given end of what it heard. */
const after = (end: string, text: string) => (heard: string): string => {
  const at = heard.lastIndexOf(end);
  return at < 0 ? "" : text.slice(heard.length - at - end.length);
};
const language = tasks.filter((task) => task.language);

describe("the message", () => {
  test("goes through the model's template, and the cue begins the assistant's answer", async () => {
    const model = scripted(after("It is", " b."), chatml);
    const trace = await traced(asked(), model);
    expect(trace.prompt).toBe("<system>Be brief: a b c.<user>a is b. What is a?<assistant>");
    expect(model.heard).toBe(`${trace.prompt}It is b`);
    expect(trace.answer.text).toBe("b.");
  });
  test("the question is found again inside, though the template says the same words", async () => {
    const trace = await traced(asked({ context: "a b c.", question: "a b" }), scripted(after("It is", " b."), chatml));
    expect(trace.prompt.slice(trace.questionStart)).toBe(" a b<assistant>");
    const bare = await traced(asked({ context: "", question: "a" }), scripted(after("It is", " b."), chatml));
    expect(bare.prompt.slice(bare.questionStart)).toBe("a<assistant>");
  });
  test("a model without a template gets the message and a line break", async () => {
    const trace = await traced(asked(), scripted(after("It is", " b.")));
    expect(trace.prompt).toBe("a is b. What is a?\n");
    expect(trace.prompt.slice(trace.questionStart)).toBe(" What is a?\n");
  });
  test("white space at its ends is trimmed, as templates do", async () => {
    const trace = await traced(asked({ context: " \na is b.", question: "What is a?\n" }), scripted(after("It is", " b."), chatml));
    expect(trace.prompt).toBe("<system>Be brief: a b c.<user>a is b. What is a?<assistant>");
    expect(trace.prompt.slice(trace.questionStart)).toBe(" What is a?<assistant>");
  });
  test("without `chat` no template is used", async () => {
    expect((await traced(asked({ chat: false }), scripted(after("It is", " b."), chatml))).prompt).toBe("a is b. What is a?");
  });
  test("the other problem of `swapped` goes through it too", async () => {
    const prompts: string[] = [];
    const model = scripted(after("It is", " b."), chatml);
    const watched: Decoder = { ...model, forward: (input, options) => {
      if (!("shape" in input)) prompts.push(model.tokenizer.decode(input));
      return model.forward(input, options);
    } };
    await traced(asked({ mode: "latent", thought: "swapped", thoughts: 2, other: { context: "c is d.", question: "What is c?" } }), watched);
    expect(prompts.slice(0, 2)).toEqual(["<system>Be brief: a b c.<user>c is d. What is c?<assistant>", "<system>Be brief: a b c.<user>a is b. What is a?<assistant>"]);
  });
  test.each<[string, Partial<RunRequest>, Tokenizer["chat"], string]>([
    ["an empty message", { context: "", question: " " }, chatml, "run: expected a prompt, got an empty one; write a question"],
    ["a template that changes it", {}, (message) => `<user>${message.toUpperCase()}`, "run: expected a chat template that keeps the message as it is, got one that changes it; switch the chat template off"],
  ])("%s is refused", async (_, part, chat, message) => {
    await expect(traced(asked(part), scripted(() => "", chat))).rejects.toThrow(new EngineError(message));
  });
});

describe("where an answer in a chat ends", () => {
  test.each([
    ["at a full stop", " b. And so on.", "b."],
    ["at a line break", " b\nAnd so on.", "b"],
    ["at a question mark", " b? Maybe.", "b?"],
    ["not before it has begun", ":\n\n**b**\nAnd so on.", ":\n\n**b**"],
    ["at an end token", " b", "b"],
    ["at the most tokens", " b and so on and so on and so on", "b and so on and so"],
  ])("%s", async (_, said, text) => {
    const answer = await traced(asked(), scripted(after("It is", said)));
    expect(answer.answer.text).toBe(text);
  });
  test("elsewhere it goes on", async () => {
    expect((await traced(asked({ chat: false, maxAnswerTokens: 12 }), scripted(after("It is", " b. And so on.")))).answer.text).toBe("b. And so o");
  });
});

describe.each(language.map((task) => [task.id, task] as const))("%s", (id, task) => {
  const problem = task.draw(3, { difficulty: 2, shots: 1, variant: null });
  const request = (mode: DecodingMode): RunRequest => requestFor(task, problem, mode, { shots: 1, capture: false });

  test("a request is a message", () => {
    for (const mode of decodingModes) expect(request(mode)).toMatchObject({ chat: true, maxAnswerTokens: 8, expected: problem.answer, thoughts: mode === "latent" ? 8 : 0 });
  });

  test.each(["direct", "icl", "latent"] as const)("%s: the cue comes at once, or after the thoughts, and the answer is graded", async (mode) => {
    for (const [said, right] of [[` **${problem.answer}**.`, true], [" Nobody.", false]] as const) {
      const model = scripted(after("<assistant>".concat("~".repeat(request(mode).thoughts), "The answer is"), said), chatml);
      const trace = await traced(request(mode), model);
      expect(trace.answer.correct).toBe(right);
      expect(trace.answer.expected).toBe(problem.answer);
      expect(trace.steps.filter(({ phase }) => phase === "thought")).toHaveLength(request(mode).thoughts);
    }
  });

  test("CoT: the model's own cue ends the thinking, and is not fed twice", async () => {
    const model = scripted(after("<assistant>", `So it goes.\nThe answer is ${problem.answer}.`), chatml);
    const trace = await traced(request("cot"), model);
    expect(trace.answer).toMatchObject({ text: `${problem.answer}.`, correct: true });
    expect(model.heard.split("<assistant>")[1]).toBe(`So it goes.\nThe answer is ${problem.answer}`);
  });
  test("CoT: where the model ends without it, or goes on and on, it is fed", async () => {
    const ended = await traced(request("cot"), scripted((heard) => (heard.endsWith("The answer is") ? problem.answer : after("<assistant>", "So it goes.")(heard)), chatml));
    expect(ended.answer.text.startsWith(problem.answer[0]!)).toBe(true);
    const model = scripted(() => "x", chatml);
    const endless = await traced(request("cot"), model);
    expect(model.heard.split("<assistant>")[1]).toBe(`${"x".repeat(request("cot").maxThinkingTokens)}\nThe answer isxxxxxxx`);
    expect(endless.answer.correct).toBe(false);
  });

  test("accuracy counts what is graded right, in every mode and for every thought", async () => {
    // It knows every other problem.
    const known = Array.from({ length: 4 }, (_, i) => task.draw(100 + i, { difficulty: 2, shots: 1, variant: null })).filter((_, i) => i % 2 === 0);
    const model = scripted((heard) => {
      const story = known.find((one) => heard.includes(task.prompt(one, "direct").context));
      return after("The answer is", story ? ` ${story.answer}, I think.` : " unknown.")(heard);
    }, chatml);
    const cells = [
      ...decodingModes.map((mode) => ({ mode, difficulty: 2, thought: "hidden" as const, noise: 0, thoughts: null })),
      ...thoughts.map((thought) => ({ mode: "latent" as const, difficulty: 2, thought, noise: 0.5, thoughts: 2 })),
    ];
    const counts = await accuracy(model, { task: id, variant: null, shots: 1, cells, problems: 4, seed: 100 }, () => undefined, going);
    for (const count of counts) expect(count).toMatchObject({ answered: 4, correct: 2 });
    expect(counts).toHaveLength(16);
  });
});

test("what no task grades must be the answer word for word", () => {
  const problem = { task: "ball-swaps", seed: 1, difficulty: 1, shots: 0, variant: null };
  expect(isCorrect({ problem, expected: "Bob" }, "bob!")).toBe(true);
  expect(isCorrect({ problem: null, expected: "Bob " }, "bob!")).toBe(false);
  expect(isCorrect({ problem: null, expected: "Bob " }, "Bob")).toBe(true);
  expect(isCorrect({ problem: { ...problem, task: "pointer-chase" }, expected: "b" }, "b.")).toBe(false);
  expect(isCorrect({ problem: { ...problem, task: "chess" }, expected: "b" }, "b")).toBe(true);
  expect(isCorrect({ problem, expected: null }, "Bob")).toBeNull();
});
