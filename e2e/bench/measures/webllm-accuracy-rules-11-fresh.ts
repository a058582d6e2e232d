/** On WebLLM: a fresh rule after eleven examples, which say nothing about the question: chance is 1 in 4. */
import { accuracyFigure } from "../accuracy.ts";

export default accuracyFigure("webllm-accuracy-rules-11-fresh", { task: "rules", mode: "icl", difficulty: 11, variant: "fresh-rule" }, { atMost: 0.35 }, "q0f32");
