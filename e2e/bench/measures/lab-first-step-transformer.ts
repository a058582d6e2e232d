/** From the click on “train” to the first step of the lab's transformer, compilation included. */
import { firstTrainingStep } from "../first-training-step.ts";

export default firstTrainingStep("transformer", 4);
