/**
 * From which layer on the logit lens says what the model will say: the smallest l
 * such that the top token is the last layer's at every layer from l on.
 *
 * 0 where already the embedding reads out as the prediction, L where only the
 * last layer does. Unit: layers.
 *
 * Source: in this form with the logit lens; the idea Baldock et al. 2021,
 * arXiv:2106.09647 (there with nearest-neighbour probes).
 *
 * Where it misleads: two tokens near a tie make it late though nothing is decided
 * there; the lens reads early layers with the last layer's dictionary.
 */
import type { Probe } from "../probe.ts";
import type { Tensor } from "../tensor.ts";
import { consecutive } from "../geometry/trajectory.ts";
import { lensOf } from "./lens-grid.ts";
import { topTokens } from "./top-token-path.ts";

/**
 * @param tokens  the likeliest tokens of each cell, best first, [T, L+1, K]
 * @returns       [T] layers; NaN where there is no layer or no token
 */
export function predictionDepths(tokens: Tensor): Float32Array<ArrayBuffer> {
  const [T = 0, layers = 0] = tokens.shape;
  const top = topTokens(tokens);
  const depths = new Float32Array(T).fill(NaN);
  for (let t = 0; t < T; t++) {
    let l = layers - 1;
    const final = top[t * layers + l];
    if (final === undefined || Number.isNaN(final)) continue;
    while (l > 0 && top[t * layers + l - 1] === final) l--;
    depths[t] = l;
  }
  return depths;
}

export const predictionDepth: Probe = {
  id: "prediction-depth",
  name: "prediction depth",
  group: "readout",
  kind: "series",
  title: "How deep is it decided?",
  unit: "layers",
  source: "logit lens form of Baldock et al. 2021, arXiv:2106.09647",
  formula: "min l: argmax of the lens at every layer from l on = argmax of the model",
  help: "The layer from which on the logit lens reads the token that the model predicts. A small number is decided early. The number of layers itself means that the last one changed it.",
  caveat: "Two tokens near a tie make it late though nothing is decided there, and the lens reads early layers with the last layer's dictionary.",
  needs: ["lens"],
  range: [0, null],
  measure(trace, { from }) {
    const values = predictionDepths(lensOf(trace).tokens).slice(from);
    return { kind: "series", steps: consecutive(from, values.length), values };
  },
};
