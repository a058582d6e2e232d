/**
 * Finds the residual stream of a decoder by following the graph.
 *
 * Names differ between exporters and change from one upload to the next, so
 * none is relied on. The stream starts where input_ids look up the embedding
 * table. From there each block adds to it, as a plain Add or inside a fused
 * Skip(Simplified)LayerNormalization, whose fourth output is the sum. It ends
 * in the norm that the head reads. Counting the additions backwards from that
 * end gives the layers: position embeddings, if any, are added first.
 *
 * Left out: exports that take inputs_embeds (their embedding is another file),
 * and graphs inside graphs (If, Loop, Scan), whose tensors cannot be read.
 */
import { EngineError } from "../../engine.ts";
import { type Node, type OnnxModel, type Wiring, wiring } from "./model.ts";

export interface ResidualStream {
  /**
   * The tensor that holds each layer, [L+1]. Layer 0 is the token embedding as
   * it enters the stream (scaled, where the model scales it; before position
   * embeddings are added). Layer L is null where the last addition happens
   * inside the final norm's node and has to be asked for (splice.ts does).
   */
  readonly layers: readonly (string | null)[];
  /** The tensor after the final norm, which the head reads. */
  readonly finalNorm: string;
  /** The node that ends the stream where addition and norm are fused; else null. */
  readonly fusedNorm: Node | null;
  /** The node that writes layer 0; null where it is a graph input. */
  readonly embedding: Node | null;
  readonly wiring: Wiring;
}

const skipNorm = /^Skip(Simplified)?LayerNormalization$/;
const norm = /^(Simplified)?LayerNormalization$|^RMSNormalization$/;
/** What reads the final norm: the head itself, or what picks positions and quantizes in front of it. */
const head = /^(MatMul|MatMulNBits|MatMulBnb4|Gemm|FusedMatMul|Reshape|Slice|Gather|GatherND|DynamicQuantizeLinear|QuantizeLinear|DynamicQuantizeMatMul|MatMulIntegerToFloat|QLinearMatMul)$/;
const elementwise = /^(Mul|Div|Cast|Pow|ReduceMean|Add|Sqrt|Reciprocal|Sub|Identity)$/;

/**
 * @param model   the decoder
 * @param layers  L, from config.json
 * @throws EngineError that says what was not found
 */
export function residualStream(model: Omit<OnnxModel, "bytes">, layers: number): ResidualStream {
  const nested = model.nodes.find((node) => node.hasSubgraph);
  if (nested) {
    throw new EngineError(`residual stream: expected one flat graph, got ${nested.op} (${nested.name}) with a graph inside, whose tensors cannot be read; choose a newer export of this model`);
  }
  const wires = wiring(model);
  const graph = { model, ...wires, order: new Map(model.nodes.map((node, i) => [node, i])) };
  const start = embeddingOutput(graph);
  const { chain, fusedNorm } = follow(graph, start);
  const finalNorm = fusedNorm ? (fusedNorm.outputs[0] ?? null) : normBeforeHead(graph, last(chain));
  if (!finalNorm) {
    throw new EngineError(`residual stream: expected a final norm and a head after ${last(chain)}, got neither within reach; this export cannot be probed`);
  }

  const fusedSum = fusedNorm ? (fusedNorm.outputs[3] ?? "") : "";
  const additions = chain.length - 1 + (fusedNorm && !fusedSum ? 1 : 0);
  const perLayer = Math.max(1, Math.floor(additions / layers));
  const lead = additions - perLayer * layers;
  if (lead < 0 || lead > 2 || perLayer > 4) {
    throw new EngineError(`residual stream: expected 1 to 4 additions for each of ${layers} layers, got ${additions} after ${start}; this export cannot be probed`);
  }
  const found: (string | null)[] = [start];
  for (let layer = 1; layer <= layers; layer++) found.push(chain[lead + perLayer * layer] ?? null);
  attentionInItsLayer(graph, found);
  return { layers: found, finalNorm, fusedNorm, embedding: wires.producer.get(start) ?? null, wiring: wires };
}

interface Graph extends Wiring {
  readonly model: Omit<OnnxModel, "bytes">;
  readonly order: ReadonlyMap<Node, number>;
}

function last(chain: readonly string[]): string {
  return chain[chain.length - 1] ?? "";
}

/** The output of the embedding lookup: the Gather whose indices come from input_ids. */
function embeddingOutput(graph: Graph): string {
  if (graph.model.inputs.some((input) => input.name === "inputs_embeds")) return passThrough(graph, "inputs_embeds");
  const queue = ["input_ids"];
  const seen = new Set(queue);
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    for (const { node, slot } of graph.consumers.get(name) ?? []) {
      const output = node.outputs[0] ?? "";
      if (/^Gather(BlockQuantized)?$/.test(node.op) && slot === 1) return passThrough(graph, output);
      if (/^(Cast|Reshape|Clip|Identity|Unsqueeze|Squeeze)$/.test(node.op) && slot === 0 && !seen.has(output)) {
        seen.add(output);
        queue.push(output);
      }
    }
  }
  const inputs = graph.model.inputs.map((input) => input.name).filter((name) => !name.startsWith("past"));
  throw new EngineError(`residual stream: expected an embedding lookup of input_ids, got a graph of ${graph.model.nodes.length} nodes with inputs ${inputs.join(", ") || "none"} and no such lookup; this is not a decoder that can be probed`);
}

/** A weight, or a weight after a cast. */
function isConstant(graph: Graph, name: string | undefined): boolean {
  if (!name) return false;
  if (graph.model.initializers.has(name)) return true;
  const node = graph.producer.get(name);
  return node?.op === "Constant" || (node?.op === "Cast" && isConstant(graph, node.inputs[0]));
}

/** The readers of a tensor, but for those that only ask for its shape. */
function readers(graph: Graph, name: string): readonly { readonly node: Node; readonly slot: number }[] {
  return (graph.consumers.get(name) ?? []).filter(({ node }) => node.op !== "Shape");
}

/** Goes on to the cast, scaled or dequantized form of a tensor where nothing else reads it: it is the same point of the stream. */
function passThrough(graph: Graph, name: string): string {
  for (;;) {
    const [only, another] = readers(graph, name);
    if (!only || another) return name;
    const { node, slot } = only;
    const scaled = node.op === "Mul" && isConstant(graph, node.inputs[1 - slot]);
    const sameNumbers = /^(Cast|Identity|Dropout|DequantizeLinear)$/.test(node.op) && slot === 0;
    const output = node.outputs[0];
    if (!output || !(scaled || sameNumbers)) return name;
    name = output;
  }
}

/** The tensors of the stream, from the embedding on, each the one before plus something. */
function follow(graph: Graph, start: string): { chain: string[]; fusedNorm: Node | null } {
  const chain = [start];
  let fusedNorm: Node | null = null;
  for (;;) {
    const here = readers(graph, last(chain));
    const skip = here.find(({ node, slot }) => skipNorm.test(node.op) && slot < 2)?.node;
    if (skip) {
      fusedNorm = skip;
      const sum = skip.outputs[3];
      if (!sum) return { chain, fusedNorm };
      chain.push(passThrough(graph, sum));
      continue;
    }
    // Where the block's input is read more than once (parallel attention and
    // MLP), the last Add is the one that closes the block.
    const adds = here.filter(({ node, slot }) => node.op === "Add" && !isConstant(graph, node.inputs[1 - slot])).map(({ node }) => node);
    const add = adds.reduce<Node | null>((latest, node) => (!latest || position(graph, node) > position(graph, latest) ? node : latest), null);
    const sum = add?.outputs[0];
    // A stream that ends in a fused norm ends there only if nothing reads its sum.
    if (!sum) return { chain, fusedNorm: here.length === 0 ? fusedNorm : null };
    fusedNorm = null;
    chain.push(passThrough(graph, sum));
  }
}

/** Where a node stands in the order of execution; a graph input comes before all. */
function position(graph: Graph, node: Node | undefined): number {
  return node ? (graph.order.get(node) ?? -1) : -1;
}

/** The output of the norm that follows the stream's end: one node, or a handful of elementwise ones. */
function normBeforeHead(graph: Graph, end: string): string | null {
  const whole = readers(graph, end).find(({ node, slot }) => norm.test(node.op) && slot === 0);
  if (whole) return whole.node.outputs[0] ?? null;
  const seen = new Set<string>();
  const stack = [end];
  for (let name = stack.pop(); name !== undefined && seen.size < 64; name = stack.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const { node, slot } of readers(graph, name)) {
      if (head.test(node.op) && slot === 0 && name !== end) return name;
      const output = node.outputs[0];
      if (elementwise.test(node.op) && output) stack.push(output);
    }
  }
  return null;
}

/** The KV cache of layer l must be read between layer l and layer l+1; anything else means that the count went wrong. */
function attentionInItsLayer(graph: Graph, layers: readonly (string | null)[]): void {
  const written = layers.map((name) => (name ? position(graph, graph.producer.get(name)) : Number.POSITIVE_INFINITY));
  for (const { name } of graph.model.inputs) {
    const layer = Number(/^past_key_values\.(\d+)\.key$/.exec(name)?.[1] ?? "NaN");
    const node = graph.consumers.get(name)?.find((reader) => reader.node.op !== "Shape")?.node;
    if (Number.isNaN(layer) || !node) continue;
    const before = written[layer];
    const after = written[layer + 1];
    const at = position(graph, node);
    if (before === undefined || after === undefined || at < before || at > after) {
      throw new EngineError(`residual stream: expected the attention of layer ${layer} between ${layers[layer]} and ${layers[layer + 1] ?? "the final norm"}, got it elsewhere; the layers of this export cannot be told apart`);
    }
  }
}
