/** Logit-lens mass of thought c on the two letters of level c: the least of c = 1 … 3. */
import { frontierFigure } from "../frontier.ts";

export default frontierFigure("frontier-mass", ["hidden"], (masses) => Math.min(...masses), { atLeast: 0.9 });
