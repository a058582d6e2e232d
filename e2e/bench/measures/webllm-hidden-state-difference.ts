/** WebLLM's hidden states in float32, with our library on WebGPU, against float64. */
import { hiddenStateFigure } from "../hidden-states.ts";

export default hiddenStateFigure("webllm-hidden-state-difference", "q0f32", { atMost: 1e-3 });
