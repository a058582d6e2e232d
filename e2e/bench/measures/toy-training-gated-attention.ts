/** The speed of training the gated-attention toy in the tab, over that of PyTorch on one thread. */
import { toyTraining } from "../toy-training.ts";

export default toyTraining("gated-attention", { atLeast: 0.15 });
