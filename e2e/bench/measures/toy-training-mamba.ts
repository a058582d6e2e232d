/** The speed of training the mamba toy in the tab, over that of PyTorch on one thread. */
import { toyTraining } from "../toy-training.ts";

export default toyTraining("mamba", { atLeast: 0.15 });
