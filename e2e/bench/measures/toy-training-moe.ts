/** The speed of training the moe toy in the tab, over that of PyTorch on one thread. */
import { toyTraining } from "../toy-training.ts";

export default toyTraining("moe", { atLeast: 0.15 });
