/**
 * A spliced decoder (see `splice.ts`) whose residual stream can be changed on
 * its way: each layer l becomes
 *
 *   x ⊙ keep + add,   geo_keep_l and geo_add_l float32 [1, S or 1, D or 1]
 *
 * before anything reads it, so that keep 1 and add 0 leave it as it is to the
 * bit, keep 0 replaces it, and keep 1 adds to it. Where an exporter fuses the
 * addition that makes a layer with the norm that reads it, the two are parted:
 * the sum is made and changed first, and the norm gets it plus zeros.
 *
 * It has twice the inputs of the other and more kernels, so it is a session of
 * its own, made when first something is edited.
 */
import { EngineError } from "../../engine.ts";
import { elementTypeOf } from "./element-type.ts";
import { type Node, type OnnxModel, elementType } from "./model.ts";
import type { ResidualStream } from "./residual-stream.ts";
import { type Spliced, splice } from "./splice.ts";
import { graphInput, node, renamed, rewired } from "./write.ts";

/** Names of a layer's two inputs. */
export function editInputs(layer: number): { readonly keep: string; readonly add: string } {
  return { keep: `geo_keep_${layer}`, add: `geo_add_${layer}` };
}

const skipNorm = /^Skip(Simplified)?LayerNormalization$/;

/** @throws EngineError where the graph gives no way between two layers */
export function spliceEditing(model: OnnxModel, stream: ResidualStream): Spliced {
  const replaced = new Map<Node, Uint8Array>();
  const extra: Uint8Array[] = [];
  for (const [layer, name] of stream.layers.entries()) {
    const { keep, add } = editInputs(layer);
    const state = name ?? "geo/last_layer";
    const before = `geo/before_edit_${layer}`;
    const producer = name === null ? stream.fusedNorm : stream.wiring.producer.get(name);
    let type: number;
    if (layer === 0) type = elementTypeOf(model, stream.wiring, state);
    else if (producer && skipNorm.test(producer.op) && (name === null || producer.outputs[3] === name)) {
      type = elementTypeOf(model, stream.wiring, producer.inputs[0] ?? "");
      replaced.set(producer, parted(model, producer, layer, { state, before }, extra));
    } else if (producer) {
      if (skipNorm.test(stream.wiring.producer.get(producer.inputs[0] ?? "")?.op ?? "") && producer.op === "Cast") {
        throw new EngineError(`edit: expected layer ${layer} to be made by an addition, got a cast behind a fused norm; this export cannot be edited`);
      }
      type = elementTypeOf(model, stream.wiring, state);
      replaced.set(producer, rewired(model.bytes, producer, { outputs: renamed(producer.outputs, state, before) }));
    } else throw new EngineError(`edit: expected a node that makes layer ${layer}, got none; this export cannot be edited`);

    const same = type === elementType.float32;
    const [scale, shift] = same ? [keep, add] : [`geo/keep_${layer}`, `geo/add_${layer}`];
    extra.push(graphInput(keep, elementType.float32, ["geo_batch", `geo_kept_${layer}`, `geo_kept_width_${layer}`]), graphInput(add, elementType.float32, ["geo_batch", `geo_added_${layer}`, `geo_added_width_${layer}`]));
    if (!same) extra.push(node("Cast", [keep], [scale], { to: type }), node("Cast", [add], [shift], { to: type }));
    extra.push(node("Mul", [before, scale], [`geo/kept_${layer}`]), node("Add", [`geo/kept_${layer}`, shift], [state]));
  }
  return splice(model, stream, { replaced, extra, layer0: "geo/before_edit_0" });
}

/** A fused node that gets its sum from outside; the addition joins the extra nodes. */
function parted(model: OnnxModel, fused: Node, layer: number, { state, before }: { state: string; before: string }, extra: Uint8Array[]): Uint8Array {
  const [input = "", skip = "", gain = "", ...rest] = fused.inputs;
  const simplified = fused.op.includes("Simplified");
  const bias = (simplified ? rest[0] : rest[1]) ?? "";
  const zeros = `geo/no_skip_${layer}`;
  extra.push(node("Add", [input, skip], [bias ? `geo/before_bias_${layer}` : before]), node("Sub", [state, state], [zeros]));
  if (bias) extra.push(node("Add", [`geo/before_bias_${layer}`, bias], [before]));
  const [normed = "", mean = "", deviation = ""] = fused.outputs;
  const outputs = mean || deviation ? [normed, mean, deviation] : [normed];
  return rewired(model.bytes, fused, { inputs: [state, zeros, gain, ...(simplified || !rest[0] ? [] : [rest[0]])], outputs });
}

