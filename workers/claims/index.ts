/** All claims, in the order of the essay. A new one is a file beside this one and a line here. */
import type { Claim } from "./claim.ts";
import { claim as c2 } from "./c2-equivariance.ts";
import { claim as c6 } from "./c6-receptive-field.ts";
import { claim as e2 } from "./e2-percolation.ts";
import { claim as e3 } from "./e3-composition.ts";
import { claim as e5 } from "./e5-linear-after-jump.ts";
import { claim as g0 } from "./g0-flattening.ts";
import { claim as i3 } from "./i3-attention-as-gradient-descent.ts";
import { claim as i4 } from "./i4-convex-hull.ts";
import { claim as k1 } from "./k1-sensitivity.ts";
import { claim as k5 } from "./k5-easy-and-hard.ts";
import { claim as l4 } from "./l4-covering-exponent.ts";
import { claim as l6 } from "./l6-memorising-power-law.ts";
import { claim as m4 } from "./m4-distance-concentration.ts";
import { claim as m6 } from "./m6-rings-through-layers.ts";
import { claim as o4 } from "./o4-forgetting.ts";
import { claim as o5 } from "./o5-drift.ts";
import { claim as p2 } from "./p2-top-k.ts";
import { claim as p3 } from "./p3-window.ts";
import { claim as p4 } from "./p4-budgets.ts";
import { claim as q2g } from "./q2g-gate-place.ts";
import { claim as q3g } from "./q3g-attention-sink.ts";
import { claim as r2 } from "./r2-flip-flop.ts";
import { claim as r4 } from "./r4-jacobian-products.ts";
import { claim as r7 } from "./r7-loops-in-memory.ts";
import { claim as s1 } from "./s1-optimal-projection.ts";
import { claim as s3 } from "./s3-selection.ts";
import { claim as s4 } from "./s4-recall-capacity.ts";
import { claim as t1 } from "./t1-set-without-positions.ts";
import { claim as t2 } from "./t2-dynamic-adjacency.ts";
import { claim as t5 } from "./t5-wormholes.ts";
import { claim as t7 } from "./t7-heads-and-factors.ts";
import { claim as x1 } from "./x1-local-operators.ts";
import { claim as z1 } from "./z1-noise-in-the-channel.ts";
import { claim as z1b } from "./z1b-channels.ts";
import { claim as z2 } from "./z2-superposition.ts";
import { claim as z3 } from "./z3-bandwidth.ts";

export const claims: readonly Claim[] = [
  g0,
  m4,
  m6,
  c2,
  c6,
  r2,
  r4,
  r7,
  s1,
  s3,
  s4,
  t1,
  t2,
  t5,
  t7,
  l4,
  l6,
  e2,
  e3,
  e5,
  x1,
  p2,
  p3,
  p4,
  q2g,
  q3g,
  i3,
  i4,
  k1,
  k5,
  z1,
  z1b,
  z2,
  z3,
  o4,
  o5,
];

/**
 * The claim of this row.
 *
 * @throws RangeError where there is none
 */
export function claim(id: string): Claim {
  const found = claims.find((candidate) => candidate.id === id);
  if (!found) throw new RangeError(`claim: expected one of ${claims.map((candidate) => candidate.id).join(", ")}; got ${JSON.stringify(id)}`);
  return found;
}
