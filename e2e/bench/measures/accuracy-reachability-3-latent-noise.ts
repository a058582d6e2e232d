/** Three levels, noise of half its norm added to each thought: the directions of two letters are still told apart. */
import { accuracyFigure } from "../accuracy.ts";

export default accuracyFigure("accuracy-reachability-3-latent-noise", { task: "reachability", mode: "latent", difficulty: 3, thought: "noise", noise: 0.5 }, { atLeast: 0.9 });
