/** The speed of training the transformer toy in the tab, over that of PyTorch on one thread. */
import { toyTraining } from "../toy-training.ts";

export default toyTraining("transformer", { atLeast: 0.15 });
