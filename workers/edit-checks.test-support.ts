/**
 * What every Decoder that edits its residual stream must do, in the form of
 * `decoder-checks.test-support.ts`: a plain list that Vitest and a page in a
 * browser can run. Equality with the reference is tested where there are two decoders.
 */
import { row } from "../probes/tensor.ts";
import type { CheckOptions, DecoderCheck } from "./decoder-checks.test-support.ts";
import type { Decoder, Forward, ResidualEdit } from "./engine.ts";

function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`numbers: expected ${b.length}, got ${a.length}`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

function close(what: string, a: ArrayLike<number>, b: ArrayLike<number>, { tolerance }: CheckOptions): void {
  const largest = apart(a, b);
  if (!(largest <= tolerance)) throw new Error(`${what}: expected a difference of at most ${tolerance}, got ${largest}`);
}

function differs(what: string, a: ArrayLike<number>, b: ArrayLike<number>, { tolerance }: CheckOptions): void {
  const largest = apart(a, b);
  if (!(largest > tolerance)) throw new Error(`${what}: expected a difference above ${tolerance}, got ${largest}`);
}

async function refused(what: string, call: Promise<unknown>): Promise<void> {
  const error = await call.then(() => null, (reason: unknown) => reason);
  if (!(error instanceof Error)) throw new Error(`${what}: expected an EngineError, got an answer`);
  if (error.name !== "EngineError") throw new Error(`${what}: expected an EngineError, got ${String(error)}`);
}

/** Runs the tokens from an empty cache. */
async function fresh(decoder: Decoder, tokens: readonly number[], edits: readonly ResidualEdit[] = []): Promise<Forward> {
  await decoder.rewind(0);
  return decoder.forward(tokens, { capture: true, edits });
}

function everyLayer(decoder: Decoder): number[] {
  return Array.from({ length: decoder.spec.layers + 1 }, (_, layer) => layer);
}

/** A direction without symmetry, about as long as a state. */
function direction(decoder: Decoder): number[] {
  return Array.from({ length: decoder.spec.hiddenSize }, (_, i) => decoder.embeddingNorm * Math.sin(i + 1));
}

export const editChecks: readonly DecoderCheck[] = [
  {
    name: "replacing a state by itself changes nothing",
    async run(decoder, options) {
      const { tokens } = options;
      const plain = await fresh(decoder, tokens);
      for (const layer of everyLayer(decoder)) {
        const edits = tokens.map((_, t): ResidualEdit => ({ layer, row: t, operation: "replace", vector: row(plain.residPost!, t, layer) }));
        const { logits, residPost } = await fresh(decoder, tokens, edits);
        close(`logits, layer ${layer}`, logits.data, plain.logits.data, options);
        close(`residPost, layer ${layer}`, residPost!.data, plain.residPost!.data, options);
      }
    },
  },
  {
    name: "adding zero changes nothing",
    async run(decoder, options) {
      const plain = await fresh(decoder, options.tokens);
      const vector = new Float32Array(decoder.spec.hiddenSize);
      const edits = everyLayer(decoder).map((layer): ResidualEdit => ({ layer, row: 1, operation: "add", vector }));
      close("logits", (await fresh(decoder, options.tokens, edits)).logits.data, plain.logits.data, options);
    },
  },
  {
    name: "an edit stands in what is captured, and changes what comes after it only",
    async run(decoder, options) {
      const { tokens } = options;
      const plain = await fresh(decoder, tokens);
      const vector = direction(decoder);
      const at = 1;
      for (const layer of everyLayer(decoder)) {
        for (const operation of ["replace", "add"] as const) {
          const { logits, residPost } = await fresh(decoder, tokens, [{ layer, row: at, operation, vector }]);
          const before = row(plain.residPost!, at, layer);
          close(`the state after ${operation}, layer ${layer}`, row(residPost!, at, layer), vector.map((x, i) => (operation === "add" ? x + before[i]! : x)), options);
          close(`position 0, layer ${layer}`, row(residPost!, 0), row(plain.residPost!, 0), options);
          for (let below = 0; below < layer; below++) close(`layer ${below} under layer ${layer}`, row(residPost!, at, below), row(plain.residPost!, at, below), options);
          differs(`logits at the position, layer ${layer}`, row(logits, at), row(plain.logits, at), options);
          // Behind layer L − 1 no attention is left to carry it on.
          const carried = layer < decoder.spec.layers;
          (carried ? differs : close)(`logits of the next position, layer ${layer}`, row(logits, at + 1), row(plain.logits, at + 1), options);
        }
      }
    },
  },
  {
    name: "edits of one place are made in their order",
    async run(decoder, options) {
      const vector = direction(decoder);
      const half = vector.map((x) => x / 2);
      const once = await fresh(decoder, options.tokens, [{ layer: 1, row: 1, operation: "replace", vector }]);
      const steps = [{ operation: "add", vector }, { operation: "replace", vector: half }, { operation: "add", vector: half }] as const;
      const thrice = await fresh(decoder, options.tokens, steps.map((step) => ({ layer: 1, row: 1, ...step })));
      close("logits", thrice.logits.data, once.logits.data, options);
    },
  },
  {
    name: "a single step is edited as in a longer pass",
    async run(decoder, options) {
      const { tokens } = options;
      const vector = direction(decoder);
      const whole = await fresh(decoder, tokens, [{ layer: 1, row: 2, operation: "add", vector }]);
      await fresh(decoder, tokens.slice(0, 2));
      const one = await decoder.forward(tokens.slice(2, 3), { capture: true, edits: [{ layer: 1, row: 0, operation: "add", vector }] });
      close("residPost", one.residPost!.data, row(whole.residPost!, 2), options);
      const next = await decoder.forward(tokens.slice(3, 4));
      close("logits of the step after", next.logits.data, row(whole.logits, 3), options);
    },
  },
  {
    name: "vectors are edited as tokens are",
    async run(decoder, options) {
      const { tokens } = options;
      const edits: ResidualEdit[] = [0, 1].map((layer) => ({ layer, row: 1, operation: "add", vector: direction(decoder) }));
      const byToken = await fresh(decoder, tokens, edits);
      await decoder.rewind(0);
      const byVector = await decoder.forward(await decoder.embed(tokens), { edits });
      close("logits", byVector.logits.data, byToken.logits.data, options);
    },
  },
  {
    name: "a run after an edited one is as before",
    async run(decoder, options) {
      const plain = await fresh(decoder, options.tokens);
      await fresh(decoder, options.tokens, [{ layer: 0, row: 0, operation: "add", vector: direction(decoder) }]);
      close("logits", (await fresh(decoder, options.tokens)).logits.data, plain.logits.data, { ...options, tolerance: 0 });
    },
  },
  {
    name: "edits that do not fit are refused",
    async run(decoder, { tokens }) {
      const { layers, hiddenSize } = decoder.spec;
      const good: ResidualEdit = { layer: 0, row: 0, operation: "add", vector: new Float32Array(hiddenSize) };
      const bad: Partial<ResidualEdit>[] = [
        { layer: -1 }, { layer: layers + 1 }, { layer: 0.5 }, { row: -1 }, { row: tokens.length }, { row: Number.NaN },
        { vector: new Float32Array(hiddenSize + 1) }, { vector: [] }, { vector: new Float32Array(hiddenSize).fill(Number.NaN) }, { operation: "scale" as "add" },
      ];
      for (const change of bad) await refused(JSON.stringify(change), decoder.forward(tokens, { edits: [{ ...good, ...change }] }));
      if (decoder.length !== 0) throw new Error(`length: expected 0, got ${decoder.length}`);
    },
  },
];
