/** WebLLM in a worker of its own. */
import { exposeEngine } from "../expose.ts";
import { loadWebllm } from "./load.ts";

exposeEngine(loadWebllm);
