/**
 * What every Decoder must do, as a plain list: Vitest runs it on engines that
 * work in Node (`decoder-contract.test-support.ts`), and a page in a browser
 * on all of them (`e2e/contract/`). Each check begins with an empty decoder
 * and throws where the decoder does not do what it must.
 */
import { row } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import type { Decoder } from "./engine.ts";

export interface CheckOptions {
  /** Largest difference between two numbers that should be equal; float32 engines need more than the reference. */
  readonly tolerance: number;
  /** Token ids to run, at least four, none the same. */
  readonly tokens: readonly number[];
}

/** For float64; a list of checks for others gives its own. */
export const defaultCheckOptions: CheckOptions = { tolerance: 1e-4, tokens: [0, 1, 2, 3, 4, 5, 6, 7] };

export interface DecoderCheck {
  /** What holds, for example "layer 0 is the embedding". */
  readonly name: string;
  /** @throws Error where it does not hold */
  run(decoder: Decoder, options: CheckOptions): Promise<void>;
}

/** A check's failure, in the form of an error's message. */
function fail(what: string, expected: string, got: unknown): never {
  throw new Error(`${what}: expected ${expected}, got ${String(got)}`);
}

function same(what: string, got: readonly number[] | number | undefined, expected: readonly number[] | number): void {
  if (String(got) !== String(expected)) fail(what, `[${String(expected)}]`, `[${String(got)}]`);
}

/** Equal to within the tolerance, number by number; NaN is equal to nothing. */
function close(what: string, a: ArrayLike<number>, b: ArrayLike<number>, { tolerance }: CheckOptions): void {
  if (a.length !== b.length) fail(what, `${b.length} numbers`, a.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  if (!(largest <= tolerance)) fail(what, `a difference of at most ${tolerance}`, largest);
}

async function refused(what: string, call: Promise<unknown>): Promise<void> {
  const error = await call.then(() => null, (reason: unknown) => reason);
  if (error === null) fail(what, "an EngineError", "an answer");
  if (!(error instanceof Error) || error.name !== "EngineError") fail(what, "an EngineError", error);
}

const last = (t: Tensor): Float32Array => row(t, t.shape[0]! - 1);

export const decoderChecks: readonly DecoderCheck[] = [
  {
    name: "shapes are as announced",
    async run(decoder, { tokens }) {
      const { layers, hiddenSize, vocabSize } = decoder.spec;
      const { logits, residPost, finalNorm } = await decoder.forward(tokens, { capture: true });
      same("logits", logits.shape, [tokens.length, vocabSize]);
      same("residPost", residPost?.shape, [tokens.length, layers + 1, hiddenSize]);
      same("finalNorm", finalNorm.shape, [tokens.length, hiddenSize]);
      same("length", decoder.length, tokens.length);
    },
  },
  {
    name: "no hidden states unless captured",
    async run(decoder, { tokens }) {
      const { residPost } = await decoder.forward(tokens);
      if (residPost !== null) fail("residPost", "null", `[${residPost.shape.join(", ")}]`);
    },
  },
  {
    name: "layer 0 is the embedding",
    async run(decoder, options) {
      const embedded = await decoder.embed(options.tokens);
      const { residPost } = await decoder.forward(options.tokens, { capture: true });
      options.tokens.forEach((token, t) => close(`token ${token}`, row(residPost!, t, 0), row(embedded, t), options));
    },
  },
  {
    name: "the lens at the last layer gives the logits",
    async run(decoder, options) {
      const { layers, hiddenSize } = decoder.spec;
      const { tokens } = options;
      const { logits, residPost } = await decoder.forward(tokens, { capture: true });
      const states = new Float32Array(tokens.length * hiddenSize);
      tokens.forEach((_, t) => states.set(row(residPost!, t, layers), t * hiddenSize));
      close("logits", (await decoder.lens({ shape: [tokens.length, hiddenSize], data: states })).data, logits.data, options);
    },
  },
  {
    name: "the unembedding of the final norm gives the logits",
    async run(decoder, options) {
      const { logits, finalNorm } = await decoder.forward(options.tokens);
      close("logits", (await decoder.unembed(finalNorm)).data, logits.data, options);
    },
  },
  {
    name: "feeding embed(t) is feeding t",
    async run(decoder, options) {
      const { tokens } = options;
      const byToken = await decoder.forward(tokens, { capture: true });
      await decoder.rewind(0);
      const byVector = await decoder.forward(await decoder.embed(tokens), { capture: true });
      close("logits", byVector.logits.data, byToken.logits.data, options);
      close("residPost", byVector.residPost!.data, byToken.residPost!.data, options);
      await decoder.rewind(tokens.length - 1);
      close("one step", last((await decoder.forward(await decoder.embed(tokens.slice(-1)))).logits), last(byToken.logits), options);
    },
  },
  {
    name: "token by token is the same as all at once",
    async run(decoder, options) {
      const whole = await decoder.forward(options.tokens, { capture: true });
      await decoder.rewind(0);
      for (const [t, token] of options.tokens.entries()) {
        const one = await decoder.forward([token], { capture: true });
        close(`logits of step ${t}`, one.logits.data, row(whole.logits, t), options);
        close(`residPost of step ${t}`, one.residPost!.data, row(whole.residPost!, t), options);
        close(`finalNorm of step ${t}`, one.finalNorm.data, row(whole.finalNorm, t), options);
      }
    },
  },
  {
    name: "captured or not, the numbers are the same",
    async run(decoder, options) {
      const captured = await decoder.forward(options.tokens, { capture: true });
      await decoder.rewind(0);
      const quiet = await decoder.forward(options.tokens);
      close("logits", quiet.logits.data, captured.logits.data, options);
      close("finalNorm", quiet.finalNorm.data, captured.finalNorm.data, options);
    },
  },
  {
    name: "a forward pass leaves the results of earlier ones alone",
    async run(decoder, options) {
      const { logits, residPost, finalNorm } = await decoder.forward(options.tokens, { capture: true });
      const kept = [logits, residPost!, finalNorm].map(({ data }) => data.slice());
      await decoder.forward(options.tokens.toReversed(), { capture: true });
      [logits, residPost!, finalNorm].forEach(({ data }, i) => close(["logits", "residPost", "finalNorm"][i]!, data, kept[i]!, { ...options, tolerance: 0 }));
    },
  },
  {
    name: "what was rewound leaves no trace",
    async run(decoder, options) {
      const { tokens } = options;
      const first = await decoder.forward(tokens);
      await decoder.rewind(2);
      same("length", decoder.length, 2);
      await decoder.forward(tokens.slice(2).toReversed());
      await decoder.rewind(2);
      const again = await decoder.forward(tokens.slice(2));
      close("logits", last(again.logits), last(first.logits), options);
    },
  },
  {
    name: "only positions in the cache can be kept",
    async run(decoder, { tokens }) {
      await decoder.forward(tokens);
      for (const length of [-1, 1.5, tokens.length + 1]) await refused(`rewind(${length})`, decoder.rewind(length));
      same("length", decoder.length, tokens.length);
    },
  },
  {
    name: "two runs give the same numbers",
    async run(decoder, options) {
      const first = await decoder.forward(options.tokens);
      await decoder.rewind(0);
      close("logits", (await decoder.forward(options.tokens)).logits.data, first.logits.data, { ...options, tolerance: 0 });
    },
  },
  {
    name: "the embedding norm is that of the embedding rows",
    async run(decoder) {
      const n = Math.min(decoder.spec.vocabSize, 4096);
      const rows = await decoder.embed(Array.from({ length: n }, (_, i) => i));
      const norms = Array.from({ length: n }, (_, i) => Math.hypot(...row(rows, i)));
      const mean = norms.reduce((a, b) => a + b, 0) / n;
      // Exact where all rows were read, near it where only some were.
      const most = n === decoder.spec.vocabSize ? 1e-4 : 0.3;
      const off = Math.abs(decoder.embeddingNorm - mean) / mean;
      if (!(off <= most)) fail("embeddingNorm", `${mean} to within a share of ${most}`, decoder.embeddingNorm);
    },
  },
  {
    name: "a full context is refused, and what was there still stands",
    async run(decoder, { tokens }) {
      await decoder.forward(tokens);
      const tooMany = Array.from({ length: decoder.spec.contextLength - tokens.length + 1 }, () => tokens[0]!);
      await refused(`${tooMany.length} tokens more`, decoder.forward(tooMany));
      same("length", decoder.length, tokens.length);
    },
  },
  {
    name: "no positions are refused",
    async run(decoder) {
      await refused("no tokens", decoder.forward([]));
      await refused("no vectors", decoder.forward({ shape: [0, decoder.spec.hiddenSize], data: new Float32Array(0) }));
    },
  },
  {
    name: "vectors of another size are refused",
    async run(decoder) {
      const wide = { shape: [1, decoder.spec.hiddenSize + 1], data: new Float32Array(decoder.spec.hiddenSize + 1) };
      await refused("forward", decoder.forward(wide));
      await refused("unembed", decoder.unembed(wide));
      await refused("lens", decoder.lens(wide));
      same("length", decoder.length, 0);
    },
  },
  ...[-1, 1.5, Number.NaN].map((token): DecoderCheck => ({
    name: `token ${token} is refused`,
    async run(decoder) {
      await refused("forward", decoder.forward([token]));
      await refused("embed", decoder.embed([token]));
      same("length", decoder.length, 0);
    },
  })),
  {
    name: "a token behind the vocabulary is refused",
    async run(decoder) {
      await refused("forward", decoder.forward([decoder.spec.vocabSize]));
      await refused("embed", decoder.embed([decoder.spec.vocabSize]));
    },
  },
];
