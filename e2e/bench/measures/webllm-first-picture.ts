/** From the start of navigation to the first complete picture with the embedded model on WebLLM, software adapter. */
import { probe } from "../../pages.ts";
import { firstPicture } from "../first-picture.ts";

export default firstPicture("webllm-first-picture", probe({ engine: "webllm" }), 8000);
