/** The speed of training the sparse-attention toy in the tab, over that of PyTorch on one thread. */
import { toyTraining } from "../toy-training.ts";

export default toyTraining("sparse-attention", { atLeast: 0.15 });
