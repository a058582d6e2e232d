import { EngineError } from "../../engine.ts";
import { type OnnxModel, type Wiring, elementType } from "./model.ts";

/**
 * The element type of a tensor: as the file says, or else from what makes it.
 *
 * Exporters write types down for most tensors, but not all. Where they do not,
 * the table of a lookup, the scales of a quantized one, the target of a cast or
 * the weight of a norm decides; other operators pass the type of an input on.
 */
export function elementTypeOf(model: OnnxModel, wires: Wiring, name: string, depth = 0): number {
  const written = model.types.get(name)?.type || model.initializers.get(name)?.type || model.inputs.find((input) => input.name === name)?.type;
  if (written) return written;
  const node = wires.producer.get(name);
  // A chain longer than the graph goes in a circle.
  if (!node || depth > model.nodes.length) {
    throw new EngineError(`onnx: expected to find the element type of ${name}, got no trace of it; this export cannot be probed`);
  }
  if (node.op === "Cast") return node.integers.get("to") ?? elementType.float32;
  // The slot that has the type of the output.
  const slot = /^(GatherBlockQuantized|Skip(Simplified)?LayerNormalization)$/.test(node.op) ? 2 : /^(DequantizeLinear|Where|(Simplified)?LayerNormalization|RMSNormalization)$/.test(node.op) ? 1 : 0;
  return elementTypeOf(model, wires, node.inputs[slot] ?? "", depth + 1);
}
