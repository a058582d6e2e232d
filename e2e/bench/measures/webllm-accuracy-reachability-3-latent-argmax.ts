/** On WebLLM: three levels, each thought replaced by its most likely token: a single path, which guesses as well as chance. */
import { accuracyFigure } from "../accuracy.ts";

export default accuracyFigure("webllm-accuracy-reachability-3-latent-argmax", { task: "reachability", mode: "latent", difficulty: 3, thought: "argmax" }, { atMost: 0.62 }, "q0f32");
