/** The speed of training the mlp toy in the tab, over that of PyTorch on one thread. */
import { toyTraining } from "../toy-training.ts";

export default toyTraining("mlp", { atLeast: 0.15 });
