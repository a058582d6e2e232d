/**
 * A model as it was before training: the same shapes, matrices drawn anew, norms 1.
 * Entries are normal with standard deviation 1/√(inputs), those that write to
 * the residual stream smaller by √(2L); an untied embedding is √D times the
 * head, so that it is of size 1. So `models/train/model.py` begins.
 */
import { Random } from "../../probes/random.ts";
import { tensor, type Tensor } from "../../probes/tensor.ts";
import { type LlamaModel, llamaShapes } from "../llama.ts";

export function untrained({ config }: LlamaModel, seed = 1): LlamaModel {
  const random = new Random(seed).fork("untrained");
  const weights = new Map<string, Tensor>();
  for (const [name, shape] of llamaShapes(config)) {
    const weight = tensor(shape);
    if (shape.length === 1) weight.data.fill(name.endsWith("bias") ? 0 : 1);
    else {
      const writes = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
      const deviation = (writes ? 1 / Math.sqrt(2 * config.layers) : 1) / Math.sqrt(shape[1]!);
      for (let i = 0; i < weight.data.length; i++) weight.data[i] = deviation * random.normal();
    }
    weights.set(name, weight);
  }
  const head = weights.get("lm_head.weight");
  if (head) weights.set("model.embed_tokens.weight", tensor(head.shape, head.data.map((x) => x * Math.sqrt(config.hiddenSize))));
  return { config, weights };
}
