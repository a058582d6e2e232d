/** On WebLLM: four hops, thought in four vectors. */
import { accuracyFigure } from "../accuracy.ts";

export default accuracyFigure("webllm-accuracy-pointer-chase-4-latent", { task: "pointer-chase", mode: "latent", difficulty: 4 }, { atLeast: 0.97 }, "q0f32");
