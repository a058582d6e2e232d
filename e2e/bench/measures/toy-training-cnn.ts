/** The speed of training the cnn toy in the tab, over that of PyTorch on one thread. */
import { toyTraining } from "../toy-training.ts";

export default toyTraining("cnn", { atLeast: 0.15 });
