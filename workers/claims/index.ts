/** All claims, in the order of the essay. A new one is a file beside this one and a line here. */
import type { Claim } from "./claim.ts";
import { claim as k5 } from "./k5-easy-and-hard.ts";
import { claim as p4 } from "./p4-budgets.ts";
import { claim as t2 } from "./t2-dynamic-adjacency.ts";
import { claim as z1b } from "./z1b-channels.ts";
import { claim as z2 } from "./z2-superposition.ts";

export const claims: readonly Claim[] = [
  t2,
  p4,
  k5,
  z1b,
  z2,
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
