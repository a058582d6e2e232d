/** All claims, in the order of the essay. A new one is a file beside this one and a line here. */
import type { Claim } from "./claim.ts";
import { claim as k5 } from "./k5-easy-and-hard.ts";

export const claims: readonly Claim[] = [
  k5,
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
