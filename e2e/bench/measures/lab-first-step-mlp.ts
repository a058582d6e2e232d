/** From the click on “train” to the first step of the lab's MLP, compilation included. */
import { firstTrainingStep } from "../first-training-step.ts";

export default firstTrainingStep("mlp", 1);
