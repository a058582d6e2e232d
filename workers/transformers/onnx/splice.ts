/**
 * Makes a decoder show its hidden states and accept vectors in place of tokens,
 * by editing the model's bytes in memory. Weights are not touched.
 *
 * New inputs
 *   geo_embeds  float32 [B, S or 1, D]  vectors to feed in
 *   geo_mask    bool    [B, S or 1, 1]  where to feed them in
 * New outputs
 *   geo_hidden  float32 [B, S, (L+1)·D] the residual stream, layer by layer
 *   geo_final   float32 [B, S, D]       after the final norm
 *
 * Layer 0 becomes Where(geo_mask, geo_embeds, embedding of the token), so one
 * session takes tokens, vectors, and any mixture. Where a model scales its
 * embeddings (Gemma), vectors enter after the scale.
 */
import { EngineError } from "../../engine.ts";
import { elementTypeOf } from "./element-type.ts";
import { type Node, type OnnxModel, elementType } from "./model.ts";
import type { ResidualStream } from "./residual-stream.ts";
import { graphInput, graphOutput, graphParts, node, renamed, rewired, withGraph } from "./write.ts";

/** Names of what is added. No exporter uses them, and none begins with `present`, which would read as KV cache. */
export const added = { embeds: "geo_embeds", mask: "geo_mask", hidden: "geo_hidden", final: "geo_final" } as const;

export interface Spliced {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The tensors that `geo_hidden` stacks, [L+1]. */
  readonly tensors: readonly string[];
}

/** What else is changed in the same go. */
export interface Changes {
  readonly replaced: ReadonlyMap<Node, Uint8Array>;
  readonly extra: readonly Uint8Array[];
  /** The name that layer 0 is written under, where something else then makes layer 0 of it. */
  readonly layer0: string;
}

export function splice(model: OnnxModel, stream: ResidualStream, changes: Changes | null = null): Spliced {
  const start = stream.layers[0];
  if (!start || !stream.embedding) {
    throw new EngineError("splice: expected a model that looks up its own embeddings, got one that takes inputs_embeds; choose an export with the embedding inside");
  }
  const replaced = new Map<Node, Uint8Array>(changes?.replaced);
  const extra: Uint8Array[] = [...(changes?.extra ?? [])];

  const ofToken = "geo/embedding_of_token";
  replaced.set(stream.embedding, rewired(model.bytes, stream.embedding, { outputs: renamed(stream.embedding.outputs, start, ofToken) }));
  const type = elementTypeOf(model, stream.wiring, start);
  let vectors: string = added.embeds;
  if (type !== elementType.float32) {
    vectors = "geo/embeds_as_model_type";
    extra.push(node("Cast", [added.embeds], [vectors], { to: type }));
  }
  extra.push(
    graphInput(added.embeds, elementType.float32, ["geo_batch", "geo_positions", "geo_hidden_size"]),
    graphInput(added.mask, elementType.bool, ["geo_batch_of_mask", "geo_positions_of_mask", 1]),
    node("Where", [added.mask, vectors, ofToken], [changes?.layer0 ?? start]),
  );

  const tensors = stream.layers.map((name) => name ?? "geo/last_layer");
  if (stream.fusedNorm && stream.layers.includes(null) && !replaced.has(stream.fusedNorm)) {
    // The fused node gives its sum, which is layer L, when asked.
    const [norm = "", mean = "", deviation = ""] = stream.fusedNorm.outputs;
    replaced.set(stream.fusedNorm, rewired(model.bytes, stream.fusedNorm, { outputs: [norm, mean, deviation, "geo/last_layer"] }));
  }
  const asFloat32 = (name: string, output: string): Uint8Array => node("Cast", [name], [output], { to: elementType.float32 });
  tensors.forEach((name, layer) => extra.push(asFloat32(name, `geo/layer_${layer}`)));
  extra.push(
    node("Concat", tensors.map((_, layer) => `geo/layer_${layer}`), [added.hidden], { axis: -1 }),
    asFloat32(stream.finalNorm, added.final),
    graphOutput(added.hidden),
    graphOutput(added.final),
  );
  return { bytes: withGraph(model, [...graphParts(model, replaced), ...extra]), tensors };
}
