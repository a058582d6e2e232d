/** On WebLLM: three levels answered at once: chance is 1 in 2. */
import { accuracyFigure } from "../accuracy.ts";

export default accuracyFigure("webllm-accuracy-reachability-3-direct", { task: "reachability", mode: "direct", difficulty: 3 }, { atMost: 0.62 }, "q0f32");
