/** transformers.js's hidden states in float32, on wasm, against float64. */
import { hiddenStateFigure } from "../hidden-states.ts";

export default hiddenStateFigure("hidden-state-difference", "fp32", { atMost: 1e-4 });
