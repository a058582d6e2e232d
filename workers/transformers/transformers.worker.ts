/** transformers.js in a worker of its own. */
import { exposeEngine } from "../expose.ts";
import { loadTransformers } from "./decoder.ts";

exposeEngine(loadTransformers);
