/**
 * A model of the lab as a `Decoder`: the same modes, probes and views as for a
 * language model.
 *
 * Its cache is what was fed in, [contextLength, D], and the edits that were made:
 * at a dozen or two positions the whole sequence goes through the network again
 * at every step, by the very function that was trained. Behind the last position
 * stand zeros, which a causal model does not see.
 */
import type { SequenceTask } from "../../probes/tasks/sequence/sequence-task.ts";
import { row, type Tensor, tensor } from "../../probes/tensor.ts";
import type { EngineRecord, ModelSpec } from "../../probes/trace.ts";
import { type Decoder, type Forward, type ForwardOptions, type ResidualEdit, type Tokenizer } from "../engine.ts";
import { checkInput, checkRewind, checkStates, checkTokens } from "../decoder-input.ts";
import { checkEdits } from "../residual-edits.ts";
import { dispose, fromTensor, jit, keep, np, type OwnedFunction, toTensor } from "../toys/autodiff.ts";
import { layerNorm, type Norm } from "../toys/layer-norm.ts";
import { type Weights, withWeights } from "../toys/weights.ts";
import type { Architecture, InnerArrays, InnerMeaning } from "./architecture.ts";
import { hiddenSize, initialSequenceModel, layers, type ModelSize, sequenceModel, type SequenceParameters } from "./sequence-model.ts";
import { weightsHash } from "./weights-hash.ts";
import { vocabularyTokenizer } from "./vocabulary-tokenizer.ts";

/** What one block kept or decided, of all positions in the cache. */
export interface InnerState extends InnerMeaning {
  readonly name: string;
  /** 1 … L */
  readonly layer: number;
  /** `vectors`: [T, N]; `pattern`: [H, T, T] */
  readonly values: Tensor;
}

/** Residual stream [T, L+1, D], final norm [T, D], logits [T, V]. */
type Pass = { residual: np.Array; final: np.Array; logits: np.Array; inner: InnerArrays[] };
type CompiledPass = OwnedFunction<(p: SequenceParameters, x: np.Array, keeps: np.Array, adds: np.Array) => Pass>;

/** Compiling takes a second, so it is done once for each architecture, whatever the weights. */
const passes = new Map<Architecture, CompiledPass>();

function passOf(architecture: Architecture): CompiledPass {
  const known = passes.get(architecture);
  if (known) return known;
  const pass = jit(((p: SequenceParameters, x: np.Array, keeps: np.Array, adds: np.Array): Pass => {
    const edits = { keep: np.split(keeps, layers + 1, 0), add: np.split(adds, layers + 1, 0) };
    const { residual, final, logits, inner, penalty } = sequenceModel(architecture, p, x, edits);
    penalty.dispose();
    return { residual: np.stack(residual, 2), final, logits, inner };
  }) as never) as unknown as CompiledPass;
  passes.set(architecture, pass);
  return pass;
}

const normed = jit(((norm: Norm, states: np.Array) => layerNorm(norm, states)) as never) as unknown as OwnedFunction<(norm: Norm, states: np.Array) => np.Array>;

interface Edited {
  readonly position: number;
  readonly edit: ResidualEdit;
}

export class ToyDecoder implements Decoder {
  readonly record: EngineRecord = { name: "Geodesic lab", runtime: "jax-js 0.1.25", device: "wasm", adapter: null };
  readonly embeddingNorm: number;
  length = 0;

  private readonly embedding: Tensor;
  private readonly fed: Tensor;
  private edited: Edited[] = [];
  private latest: { readonly layer: number; readonly name: string; readonly values: Tensor }[] = [];

  private constructor(
    private readonly architecture: Architecture,
    private readonly parameters: SequenceParameters,
    readonly tokenizer: Tokenizer,
    readonly spec: ModelSpec,
  ) {
    const { vocabSize, contextLength } = spec;
    this.embedding = toTensor(parameters.embedding.ref);
    this.fed = tensor([contextLength, hiddenSize]);
    let norms = 0;
    for (let v = 0; v < vocabSize; v++) norms += Math.hypot(...row(this.embedding, v));
    this.embeddingNorm = norms / vocabSize;
  }

  /** @throws RangeError where the weights are not those of this architecture on this task */
  static async from(architecture: Architecture, task: SequenceTask, weights: Weights): Promise<ToyDecoder> {
    const size: ModelSize = { vocabSize: task.vocabulary.length, contextLength: task.length };
    const parameters = withWeights(initialSequenceModel(architecture, size, 0), weights);
    return new ToyDecoder(architecture, parameters, vocabularyTokenizer(task), {
      id: `lab/${architecture.id}/${task.id}`,
      engine: "toy",
      architecture: architecture.id,
      layers,
      hiddenSize,
      ...size,
      quantization: "f32",
      source: "lab",
      revision: await weightsHash(weights),
    });
  }

  async embed(tokens: readonly number[]): Promise<Tensor> {
    checkTokens(tokens, this.spec);
    const out = tensor([tokens.length, hiddenSize]);
    tokens.forEach((token, i) => {
      out.data.set(row(this.embedding, token), i * hiddenSize);
    });
    return out;
  }

  async forward(input: readonly number[] | Tensor, { capture = false, edits = [] }: ForwardOptions = {}): Promise<Forward> {
    const start = this.length;
    const n = checkInput(input, this.spec, start);
    const vectors = "shape" in input ? input : await this.embed(input);
    checkEdits(edits, n, this.spec);
    this.fed.data.set(vectors.data, start * hiddenSize);
    this.edited.push(...edits.map((edit) => ({ position: start + edit.row, edit })));
    this.length += n;

    const { residual, final, logits, inner } = this.compute();
    this.latest = inner.flatMap((arrays, l) => Object.entries(arrays).map(([name, array]) => ({ layer: l + 1, name, values: toTensor(array) })));
    const rows = (array: np.Array): Tensor => rowsOf(toTensor(array), start, n);
    const [residPost, finalNorm, out] = [rows(residual), rows(final), rows(logits)];
    return { logits: out, residPost: capture ? residPost : null, finalNorm };
  }

  /** The blocks' inner states at the positions in the cache, as the latest forward pass left them; in a block, in the order that the architecture gives. */
  innerStates(): InnerState[] {
    const { inner } = this.architecture;
    // jit sorts the names of what it returns.
    const order = Object.keys(inner);
    const states = this.latest.map(({ layer, name, values }) => {
      const meaning = inner[name]!;
      return { ...meaning, name, layer, values: meaning.kind === "pattern" ? corner(values, this.length) : rowsOf(values, 0, this.length) };
    });
    return states.sort((a, b) => a.layer - b.layer || order.indexOf(a.name) - order.indexOf(b.name));
  }

  async unembed(states: Tensor): Promise<Tensor> {
    checkStates("states", states, this.spec);
    return toTensor(np.matmul(fromTensor(states), this.parameters.unembedding.ref));
  }

  async lens(states: Tensor): Promise<Tensor> {
    checkStates("states", states, this.spec);
    return toTensor(np.matmul(normed(keep(this.parameters.finalNorm), fromTensor(states)), this.parameters.unembedding.ref));
  }

  async rewind(length: number): Promise<void> {
    checkRewind(length, this.length);
    this.length = length;
    this.fed.data.fill(0, length * hiddenSize);
    this.edited = this.edited.filter(({ position }) => position < length);
  }

  async dispose(): Promise<void> {
    dispose(this.parameters);
  }

  /** Everything that was fed in, with every edit, through the network. */
  private compute(): Pass {
    const T = this.spec.contextLength;
    const keeps = tensor([layers + 1, T, 1]);
    const adds = tensor([layers + 1, T, hiddenSize]);
    keeps.data.fill(1);
    for (const { position, edit: { layer, operation, vector } } of this.edited) {
      const sum = row(adds, layer, position);
      if (operation === "replace") {
        row(keeps, layer, position).fill(0);
        sum.fill(0);
      }
      for (let i = 0; i < hiddenSize; i++) sum[i] = sum[i]! + vector[i]!;
    }
    return passOf(this.architecture)(keep(this.parameters), fromTensor(this.fed).reshape([1, T, hiddenSize]), fromTensor(keeps), fromTensor(adds));
  }
}

/** Rows `start` … `start + n − 1` of [1, T, …] as [n, …], copied. */
function rowsOf({ shape, data }: Tensor, start: number, n: number): Tensor {
  const [, T = 1, ...inner] = shape;
  const width = data.length / T;
  return { shape: [n, ...inner], data: data.slice(start * width, (start + n) * width) };
}

/** The first n rows and columns of each head of [1, H, T, T], as [H, n, n]. */
function corner({ shape, data }: Tensor, n: number): Tensor {
  const [, H = 1, T = 1] = shape;
  const out = tensor([H, n, n]);
  for (let h = 0; h < H; h++) for (let t = 0; t < n; t++) out.data.set(data.subarray((h * T + t) * T, (h * T + t) * T + n), (h * n + t) * n);
  return out;
}
