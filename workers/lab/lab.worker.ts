/** The lab in a worker of its own; see `LabService`. */
import { expose } from "comlink";
import { LabService } from "./lab-service.ts";

expose(new LabService());
