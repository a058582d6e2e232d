/** On WebLLM: four hops answered at once: chance is 1 in 15. */
import { accuracyFigure } from "../accuracy.ts";

export default accuracyFigure("webllm-accuracy-pointer-chase-4-direct", { task: "pointer-chase", mode: "direct", difficulty: 4 }, { atMost: 0.12 }, "q0f32");
