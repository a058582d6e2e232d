/**
 * The eight architectures as blocks. Inner widths are chosen so that all have as
 * many parameters as the transformer, to within 5 %.
 */
import type { Random } from "../../probes/random.ts";
import { dispose, np, type Parameters } from "../toys/autodiff.ts";
import { cnn, type Cnn, initialCnn, receptiveFields } from "../toys/cnn.ts";
import { gatedAttention, type GatedAttention, initialGatedAttention } from "../toys/gated-attention.ts";
import { glorot } from "../toys/initialise.ts";
import { initialNorm, layerNorm, type Norm } from "../toys/layer-norm.ts";
import { initialMamba, mamba, type Mamba } from "../toys/mamba.ts";
import { initialMoe, moe, type Moe } from "../toys/moe.ts";
import { initialMlp, mlp, type Mlp, window } from "../toys/mlp.ts";
import { initialRnn, rnn, type Rnn } from "../toys/rnn.ts";
import { sparseAttention } from "../toys/sparse-attention.ts";
import { attention, type Attention, initialAttention, mergeHeads } from "../toys/transformer.ts";
import type { Architecture, ArchitectureId, InnerArrays } from "./architecture.ts";
import { layers } from "./sequence-model.ts";

// ——— widths ———

/** Tokens in the perceptron's window, and its hidden units. */
const perceptron = { width: 8, hidden: 30 };
/** Taps of a kernel, channels between the two kernels of a block, and the dilation of each block. */
const convolutional = { taps: 3, channels: 45, dilations: [4, 1] };
/** Units of the gated recurrent state. */
const recurrent = 36;
/** Channels, and numbers of state for each. */
const stateSpace = { channels: 73, stateSize: 4 };
const heads = 2;
/** Hidden units of the perceptron behind attention; behind a gate, which has parameters of its own, fewer. */
const behindAttention = 64;
const behindGate = 48;
/** Experts, hidden units of each, and how many a token is sent to. */
const experts = { count: 4, hidden: 15, selected: 1 };
/** Weight of the load-balance loss. */
const balanceWeight = 0.01;
/** Keys that a query keeps. */
const kept = 4;

/** A block of one part: x + part(norm(x)). */
type Single<P extends Parameters> = { norm: Norm } & P;

const perceptronBlock: Architecture = {
  id: "mlp",
  positions: false,
  reach: layers * (perceptron.width - 1) + 1,
  inner: { hidden: { kind: "vectors", title: "hidden units", columns: "unit" } },
  initial: (random, D) => ({ norm: initialNorm(D), mlp: initialMlp(random, [perceptron.width * D, perceptron.hidden, D], "gelu") }),
  block(parameters, x) {
    const { norm, mlp: p } = parameters as Single<{ mlp: Mlp }>;
    const { output, hidden } = mlp(p, window(layerNorm(norm, x.ref), perceptron.width), "gelu");
    return { stream: x.add(output), inner: { hidden: hidden[0]! } };
  },
};

const convolutionalBlock: Architecture = {
  id: "cnn",
  positions: false,
  // Two kernels in each block.
  reach: receptiveFields(convolutional.dilations.flatMap(() => [convolutional.taps, convolutional.taps]), convolutional.dilations.flatMap((dilation) => [{ dilation }, { dilation }])).at(-1)!,
  inner: { features: { kind: "vectors", title: "feature map between the two kernels", columns: "channel" } },
  initial: (random, D) => ({ norm: initialNorm(D), cnn: initialCnn(random, [D, convolutional.channels, D], [convolutional.taps]) }),
  block(parameters, x, layer) {
    const { norm, cnn: p } = parameters as Single<{ cnn: Cnn }>;
    const channelsFirst = layerNorm(norm, x.ref).transpose([0, 2, 1]);
    const { output, features } = cnn(p, channelsFirst, { padding: "causal", dilation: convolutional.dilations[layer] ?? 1 });
    return { stream: x.add(output.transpose([0, 2, 1])), inner: { features: features[0]!.transpose([0, 2, 1]) } };
  },
};

const recurrentBlock: Architecture = {
  id: "rnn",
  positions: false,
  reach: null,
  inner: {
    hidden: { kind: "vectors", title: "hidden state h", columns: "unit" },
    update: { kind: "vectors", title: "update gate z: 1 keeps the state", columns: "unit" },
    reset: { kind: "vectors", title: "reset gate r: 0 forgets it in the candidate", columns: "unit" },
  },
  initial: (random, D) => ({ norm: initialNorm(D), rnn: initialRnn(random, D, recurrent, "gated"), output: glorot(random, [recurrent, D]) }),
  block(parameters, x) {
    const { norm, rnn: p, output } = parameters as Single<{ rnn: Rnn; output: np.Array }>;
    const { hidden, gates } = rnn(p, layerNorm(norm, x.ref), { form: "gated" });
    return { stream: x.add(np.matmul(hidden.ref, output)), inner: { hidden, update: gates["update"]!, reset: gates["reset"]! } };
  },
};

const stateSpaceBlock: Architecture = {
  id: "mamba",
  positions: false,
  reach: null,
  inner: {
    state: { kind: "vectors", title: "size of the state ‖h‖ of each channel", columns: "channel" },
    delta: { kind: "vectors", title: "step size Δ: large takes in and forgets, small keeps", columns: "channel" },
    gate: { kind: "vectors", title: "gate silu(z)", columns: "channel" },
  },
  initial: (random, D) => ({ norm: initialNorm(D), mamba: initialMamba(random, { hiddenSize: D, ...stateSpace }) }),
  block(parameters, x) {
    const { norm, mamba: p } = parameters as Single<{ mamba: Mamba }>;
    const { output, state, delta, gate, B, C } = mamba(p, layerNorm(norm, x.ref));
    dispose([B, C]);
    return { stream: x.add(output), inner: { state: np.sqrt(np.square(state).sum(-1)), delta, gate } };
  },
};

/** x + attention(norm(x)), then x + perceptron(norm(x)). */
type AttentionBlock<A extends Parameters, M extends Parameters> = { attentionNorm: Norm; attention: A; mlpNorm: Norm; mlp: M };

/** How tokens are mixed, and what each then goes through on its own. */
interface Parts<A extends Parameters, M extends Parameters> {
  initialMixer(random: Random, hiddenSize: number): A;
  mixer(p: A, x: np.Array): { output: np.Array; inner: InnerArrays };
  initialFeedForward(random: Random, hiddenSize: number): M;
  feedForward(p: M, x: np.Array): { output: np.Array; inner: InnerArrays; penalty?: np.Array };
}

function attentionBlock<A extends Parameters, M extends Parameters>(id: ArchitectureId, inner: Architecture["inner"], parts: Parts<A, M>): Architecture {
  return {
    id,
    positions: true,
    reach: null,
    inner,
    initial: (random, D) => ({ attentionNorm: initialNorm(D), attention: parts.initialMixer(random, D), mlpNorm: initialNorm(D), mlp: parts.initialFeedForward(random, D) }),
    block(parameters, x) {
      const p = parameters as AttentionBlock<A, M>;
      const mixed = parts.mixer(p.attention, layerNorm(p.attentionNorm, x.ref));
      x = x.add(mixed.output);
      const { output, inner: own, ...rest } = parts.feedForward(p.mlp, layerNorm(p.mlpNorm, x.ref));
      return { stream: x.add(output), inner: { ...mixed.inner, ...own }, ...rest };
    },
  };
}

const pattern = { kind: "pattern", title: "attention pattern: who looks where", columns: "token looked at" } as const;

const denseAttention = {
  initialMixer: (random: Random, D: number): Attention => initialAttention(random, D, heads),
  mixer(p: Attention, x: np.Array): { output: np.Array; inner: InnerArrays } {
    const { output, pattern: looked, heads: brought, cache } = attention(p, x, { heads });
    dispose([brought, cache]);
    return { output, inner: { pattern: looked } };
  },
};

/** @param hidden  units */
function denseFeedForward(hidden: number): Pick<Parts<never, Mlp>, "initialFeedForward" | "feedForward"> {
  return {
    initialFeedForward: (random, D) => initialMlp(random, [D, hidden, D], "gelu"),
    feedForward(p, x) {
      const { output, hidden: units } = mlp(p, x, "gelu");
      dispose(units);
      return { output, inner: {} };
    },
  };
}

const transformerBlock = attentionBlock("transformer", { pattern }, { ...denseAttention, ...denseFeedForward(behindAttention) });

const mixtureBlock = attentionBlock("moe", {
  router: { kind: "vectors", title: "router probabilities", columns: "expert" },
  selected: { kind: "vectors", title: "expert that the token is sent to", columns: "expert" },
  pattern,
}, {
  ...denseAttention,
  initialFeedForward: (random, D) => initialMoe(random, { inputSize: D, hiddenSize: experts.hidden, experts: experts.count }),
  feedForward(p: Moe, x) {
    const { output, router, selected, weights, load, balance } = moe(p, x, { selected: experts.selected });
    dispose([weights, load]);
    return { output, inner: { router, selected }, penalty: balance.mul(balanceWeight) };
  },
});

const sparseBlock = attentionBlock("sparse-attention", {
  selected: { kind: "pattern", title: "selected set: the keys that each token keeps", columns: "token looked at" },
  pattern,
}, {
  initialMixer: denseAttention.initialMixer,
  mixer(p: Attention, x) {
    const { output, selected, pattern: looked, heads: brought, cache } = sparseAttention(p, x, { heads, selection: { by: "score", k: kept } });
    dispose([brought, cache]);
    return { output, inner: { selected, pattern: looked } };
  },
  ...denseFeedForward(behindAttention),
});

const gatedBlock = attentionBlock("gated-attention", {
  gate: { kind: "vectors", title: "gate on what the heads bring: 0 closes", columns: "element of the heads" },
  pattern,
}, {
  initialMixer: (random, D) => initialGatedAttention(random, D, heads, { place: "attention" }),
  mixer(p: GatedAttention, x) {
    const { output, gate, pattern: looked, heads: brought, cache } = gatedAttention(p, x, { heads, place: "attention" });
    dispose([brought, cache]);
    return { output, inner: { gate: mergeHeads(gate), pattern: looked } };
  },
  ...denseFeedForward(behindGate),
});

/** In the order of the essay. */
export const architectures: readonly Architecture[] = [
  perceptronBlock, convolutionalBlock, recurrentBlock, stateSpaceBlock, transformerBlock, mixtureBlock, sparseBlock, gatedBlock,
];

/** @throws RangeError where there is no such architecture */
export function architecture(id: string): Architecture {
  const found = architectures.find((candidate) => candidate.id === id);
  if (found) return found;
  throw new RangeError(`architecture: expected one of ${architectures.map((known) => known.id).join(", ")}, got ${id}; choose one of these`);
}
