/**
 * Cuts two small models out of a decoder, from the same bytes and weights:
 * the embedding (tokens → layer 0) and the head (residual stream → logits).
 * The head of an early layer's state is the logit lens.
 */
import { EngineError } from "../../engine.ts";
import { elementTypeOf } from "./element-type.ts";
import { type Node, type OnnxModel, elementType, graphField } from "./model.ts";
import { string } from "./protobuf.ts";
import type { ResidualStream } from "./residual-stream.ts";
import { graphInput, graphOutput, node, renamed, rewired, withGraph } from "./write.ts";

/**
 * Tokens to layer 0.
 *
 *   input_ids int64 [B, S] → geo_embeddings float32 [B, S, D]
 */
export function cutEmbedding(model: OnnxModel, stream: ResidualStream): Uint8Array<ArrayBuffer> {
  const [layer0] = stream.layers;
  if (!layer0 || !stream.embedding) {
    throw new EngineError("cut: expected a model that looks up its own embeddings, got one that takes inputs_embeds; choose an export with the embedding inside");
  }
  return cut(model, stream, {
    stops: [],
    replaced: new Map(),
    extra: [node("Cast", [layer0], ["geo_embeddings"], { to: elementType.float32 })],
    roots: [layer0],
    output: "geo_embeddings",
  });
}

/**
 * States to logits, both ways: head(norm(state)), and head(state) where
 * `geo_normed` is true. One model for both, so that the head's weights, the
 * largest of a small model, are held once.
 *
 *   geo_state float32 [B, S, D], geo_normed bool [1, 1, 1] → geo_logits float32 [B, S, V]
 */
export function cutHead(model: OnnxModel, stream: ResidualStream): Uint8Array<ArrayBuffer> {
  const logits = model.outputs.find((output) => output.name === "logits") ?? model.outputs.find((output) => !output.name.startsWith("present"));
  if (!logits) throw new EngineError(`cut: expected an output named logits, got ${model.outputs.map((o) => o.name).join(", ")}; choose an export with a head`);
  const replaced = new Map<Node, Uint8Array>();
  const extra = [
    graphInput("geo_state", elementType.float32, ["geo_batch", "geo_positions", "geo_hidden_size"]),
    graphInput("geo_normed", elementType.bool, [1, 1, 1]),
  ];
  const as = (output: string, type: number): void => {
    extra.push(node("Cast", ["geo_state"], [output], { to: type }));
  };

  const { finalNorm, fusedNorm } = stream;
  const normNode = stream.wiring.producer.get(finalNorm);
  if (!normNode) throw new EngineError(`cut: expected a node that writes ${finalNorm}, got none; this export cannot be probed`);
  const stops: string[] = [];
  if (fusedNorm) {
    // norm(state + 0): the state is a sum already, so the addition is fed zeros and its bias is left out.
    const [, , gain = "", beta = ""] = fusedNorm.inputs;
    const inputs = fusedNorm.op.includes("Simplified") ? ["geo/state", "geo/zeros", gain] : ["geo/state", "geo/zeros", gain, beta];
    as("geo/state", elementTypeOf(model, stream.wiring, fusedNorm.inputs[0] ?? ""));
    extra.push(node("Sub", ["geo/state", "geo/state"], ["geo/zeros"]));
    stops.push("geo/state", "geo/zeros");
    replaced.set(normNode, rewired(model.bytes, fusedNorm, { inputs, outputs: ["geo/norm_of_state"] }));
  } else {
    const end = stream.layers[stream.layers.length - 1] ?? "";
    as(end, elementTypeOf(model, stream.wiring, end));
    stops.push(end);
    replaced.set(normNode, rewired(model.bytes, normNode, { outputs: renamed(normNode.outputs, finalNorm, "geo/norm_of_state") }));
  }
  as("geo/state_as_normed", elementTypeOf(model, stream.wiring, finalNorm));
  extra.push(
    node("Where", ["geo_normed", "geo/state_as_normed", "geo/norm_of_state"], [finalNorm]),
    node("Cast", [logits.name], ["geo_logits"], { to: elementType.float32 }),
  );
  return cut(model, stream, { stops, replaced, extra, roots: [logits.name], output: "geo_logits", normInputs: fusedNorm ? fusedNorm.inputs.slice(2) : [] });
}

interface Cut {
  /** Tensors that the new pieces give; nothing behind them is kept. */
  readonly stops: readonly string[];
  readonly replaced: ReadonlyMap<Node, Uint8Array>;
  readonly extra: readonly Uint8Array[];
  /** What is asked for; everything that it depends on is kept. */
  readonly roots: readonly string[];
  readonly output: string;
  /** For a rewired norm: which of its old inputs it still reads. */
  readonly normInputs?: readonly string[];
}

/** Keeps what the roots depend on, and makes a model of it. */
function cut(model: OnnxModel, stream: ResidualStream, { stops, replaced, extra, roots, output, normInputs = [] }: Cut): Uint8Array<ArrayBuffer> {
  const kept = new Set<Node>();
  const weights = new Set<string>();
  const inputs = new Set<string>();
  const todo = [...roots];
  const seen = new Set<string>(["", ...stops]);
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const producer = stream.wiring.producer.get(name);
    if (producer) {
      if (!kept.has(producer)) todo.push(...(producer === stream.fusedNorm ? normInputs : producer.inputs));
      kept.add(producer);
    } else if (model.initializers.has(name)) weights.add(name);
    else inputs.add(name);
  }
  const parts = [string(graphField.name, "geo_cut")];
  for (const old of model.nodes) if (kept.has(old)) parts.push(replaced.get(old) ?? model.bytes.subarray(old.start, old.end));
  for (const name of weights) {
    const weight = model.initializers.get(name);
    if (weight) parts.push(model.bytes.subarray(weight.start, weight.end));
  }
  for (const name of inputs) {
    const input = model.inputs.find((candidate) => candidate.name === name);
    if (!input || name.startsWith("past") || name === "attention_mask") {
      throw new EngineError(`cut: expected ${output} to depend on weights alone, got a dependence on ${name}; this export cannot be probed`);
    }
    parts.push(graphInput(name, input.type, input.shape));
  }
  return withGraph(model, [...parts, ...extra, graphOutput(output)]);
}
