/** The speed of training the rnn toy in the tab, over that of PyTorch on one thread. */
import { toyTraining } from "../toy-training.ts";

export default toyTraining("rnn", { atLeast: 0.15 });
