/** A small, made-up trace, for tests and galleries: its numbers mean nothing. */
import { Random } from "./random.ts";
import { tensor, type Tensor } from "./tensor.ts";
import type { DecodingMode, Step, Trace } from "./trace.ts";

export interface ExampleOptions {
  readonly steps?: number;
  readonly layers?: number;
  readonly hiddenSize?: number;
  readonly mode?: DecodingMode;
  readonly seed?: number;
  readonly captured?: boolean;
  readonly lens?: boolean;
}

export function exampleTrace(options: ExampleOptions = {}): Trace {
  const { steps: T = 6, layers: L = 2, hiddenSize: D = 4, mode = "latent", seed = 1, captured = true, lens = true } = options;
  const random = new Random(seed);
  const normal = (...shape: number[]): Tensor => {
    const t = tensor(shape);
    for (let i = 0; i < t.data.length; i++) t.data[i] = random.normal();
    return t;
  };
  const prompt = Math.ceil(T / 2);
  const steps = Array.from({ length: T }, (_, index): Step => {
    const phase = index < prompt ? "prompt" : index < T - 1 ? "thought" : "answer";
    const latent = phase === "thought" && mode === "latent";
    return {
      index,
      phase,
      token: latent ? null : index,
      text: latent ? "" : (["a", " b", '"c"', "d,\n", "é∑", "<b>"][index % 6] ?? ""),
      logprob: phase === "prompt" ? null : -random.uniform(),
      top: [{ token: 7, text: "h", logprob: -0.1 }, { token: 3, text: '"c"', logprob: -2.5 }],
      entropy: random.uniform(),
      answerLogprob: -random.uniform(),
      holds: latent ? [{ token: 5, text: "f", logprob: -0.5 }] : null,
      nearest: latent ? [{ token: 5, text: "f", cosine: 0.75 }] : null,
      normRatio: latent ? 1.25 : null,
      milliseconds: 1.5,
    };
  });
  const kept = 2;
  const tokens = tensor([T, L + 1, kept]);
  for (let i = 0; i < tokens.data.length; i++) tokens.data[i] = random.integer(10);
  return {
    model: { id: "geodesic/example", engine: "reference", architecture: "LlamaForCausalLM", layers: L, hiddenSize: D, vocabSize: Math.max(10, T), contextLength: 128, quantization: "f32", source: "embedded", revision: "0" },
    mode,
    thought: mode === "latent" ? "hidden" : null,
    noise: 0,
    prompt: "a b : c",
    problem: { task: "pointer-chase", seed: 7, difficulty: 4, shots: 0, variant: null },
    seed,
    temperature: 0,
    questionStart: Math.min(1, T),
    steps,
    answer: { tokens: [7], text: "h", logprob: -0.1, expected: "h", expectedLogprob: -0.1, correct: true },
    activations: { residPost: normal(captured ? T : 0, L + 1, D), finalNorm: normal(captured ? T : 0, D) },
    lens: lens ? { kept, texts: Array.from({ length: 9 }, (_, id) => [id, String.fromCharCode(97 + id)] as const), tokens, logprobs: normal(T, L + 1, kept), entropy: normal(T, L + 1), answerLogprob: normal(T, L + 1) } : null,
    engine: { name: "reference 1", runtime: "node", device: "cpu", adapter: null },
    created: "2026-11-24T00:00:00.000Z",
  };
}
