/** On WebLLM: a learnt rule after five examples. */
import { accuracyFigure } from "../accuracy.ts";

export default accuracyFigure("webllm-accuracy-rules-5", { task: "rules", mode: "icl", difficulty: 5, variant: "in-distribution" }, { atLeast: 0.9 }, "q0f32");
