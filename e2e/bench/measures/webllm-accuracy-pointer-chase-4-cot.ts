/** On WebLLM: four hops, each letter on the way written down. */
import { accuracyFigure } from "../accuracy.ts";

export default accuracyFigure("webllm-accuracy-pointer-chase-4-cot", { task: "pointer-chase", mode: "cot", difficulty: 4 }, { atLeast: 0.97 }, "q0f32");
