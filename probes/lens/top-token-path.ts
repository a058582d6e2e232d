/**
 * Which token the lens ranks first at each layer, and how often that changes on the
 * way up: the path of a prediction through the layers.
 *
 * Source: nostalgebraist 2020 (logit lens).
 *
 * Where it misleads: a change between two nearly equal tokens counts like any other.
 */
import type { Probe } from "../probe.ts";
import { consecutive } from "../geometry/trajectory.ts";
import { lensOf } from "./lens-grid.ts";
import type { Tensor } from "../tensor.ts";

/** [T, L+1] the first token of each cell, row by row; NaN where a cell keeps none. From tokens [T, L+1, K]. */
export function topTokens({ shape: [T = 0, layers = 0, kept = 0], data }: Tensor): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: T * layers }, (_, cell) => (kept > 0 ? data[cell * kept]! : NaN));
}

/** One stretch of layers, `from` to `to` inclusive, that read out as the same token. */
export interface TokenStretch {
  readonly token: number;
  readonly from: number;
  readonly to: number;
}

/** The stretches of equal top tokens of one step, from the embedding to the last layer; empty where there is no layer. */
export function topTokenPath(tokens: Tensor, step: number): TokenStretch[] {
  const layers = tokens.shape[1] ?? 0;
  const top = topTokens(tokens).subarray(step * layers, (step + 1) * layers);
  const path: { token: number; from: number; to: number }[] = [];
  top.forEach((token, l) => {
    const last = path[path.length - 1];
    if (last && last.token === token) last.to = l;
    else path.push({ token, from: l, to: l });
  });
  return path;
}

/** [T] how many times the top token changes from layer to layer; NaN where there is no layer. */
export function topTokenChanges(tokens: Tensor): Float32Array<ArrayBuffer> {
  const [T = 0, layers = 0] = tokens.shape;
  return Float32Array.from({ length: T }, (_, step) => (layers > 0 ? topTokenPath(tokens, step).length - 1 : NaN));
}

export const topTokenChangesProbe: Probe = {
  id: "top-token-changes",
  name: "top-token changes",
  group: "readout",
  kind: "series",
  title: "How often does it change its mind on the way up?",
  unit: "changes",
  source: "logit lens, nostalgebraist 2020",
  formula: "number of layers l with argmax of the lens at l ≠ argmax at l − 1",
  help: "The logit lens reads a likeliest token from every layer, and this counts how often it changes from one layer to the next. 0 means that the embedding already reads out as the prediction. Each change is a layer that overruled the one below.",
  caveat: "A change between two nearly equal tokens counts like any other, and early layers are read with the last layer’s dictionary.",
  needs: ["lens"],
  range: [0, null],
  measure(trace, { from }) {
    const values = topTokenChanges(lensOf(trace).tokens).slice(from);
    return { kind: "series", steps: consecutive(from, values.length), values };
  },
};
