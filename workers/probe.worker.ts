/** Runs probes off the main thread; see `ProbeService`. */
import { expose } from "comlink";
import { ProbeService } from "./probe-service.ts";

expose(new ProbeService());
