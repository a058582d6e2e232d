/** On WebLLM: three levels, thought in three vectors. */
import { accuracyFigure } from "../accuracy.ts";

export default accuracyFigure("webllm-accuracy-reachability-3-latent", { task: "reachability", mode: "latent", difficulty: 3 }, { atLeast: 0.97 }, "q0f32");
