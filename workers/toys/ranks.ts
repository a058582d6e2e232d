/** Which entries are largest, as a mask: what routers and sparse attention choose by. No gradient goes through a choice. */
import { lax, np } from "./autodiff.ts";

/** The place of each entry among those of its row (the last axis): 0 for the largest; of equals, the first. */
export function ranks(x: np.Array): np.Array {
  return np.argsort(np.argsort(lax.stopGradient(x).mul(-1), -1), -1);
}

/** 1 at the k largest of each row, 0 elsewhere. */
export function topMask(x: np.Array, k: number): np.Array {
  return ranks(x).less(k).astype(np.float32);
}
