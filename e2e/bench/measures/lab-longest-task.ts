/** How long the page itself is ever busy while a model trains in the lab's worker; 0 where no task lasts 50 ms. */
import { longestTask } from "../first-training-step.ts";

export default longestTask(["mlp", "transformer"]);
