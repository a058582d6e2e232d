/** The essay's claims in a worker of their own; see `ClaimsService`. */
import { expose } from "comlink";
import { setPageBase } from "../page.ts";
import { loadEmbedded } from "./embedded-model.ts";
import { claims } from "./index.ts";
import { recordedRun } from "./recorded.ts";
import { ClaimsService, type JudgedRecording } from "./service.ts";

/** The service, told where the page lives, and with the results that were recorded beforehand. */
export class ClaimsWorker extends ClaimsService {
  constructor() {
    super({ claims, loadModel: loadEmbedded });
  }

  /** Where embedded models are fetched from. */
  setBase(base: string): void {
    setPageBase(base);
  }

  /** Null where nothing was recorded. */
  async recorded(id: string): Promise<JudgedRecording | null> {
    const run = await recordedRun(id);
    return run && this.judgeRecorded(run);
  }
}

expose(new ClaimsWorker());
