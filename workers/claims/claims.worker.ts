/** The essay's claims in a worker of their own; see `ClaimsService`. */
import { expose } from "comlink";
import { setPageBase } from "../page.ts";
import type { Judgement } from "./claim.ts";
import { loadEmbedded } from "./embedded-model.ts";
import type { RecordedRun } from "./evidence.ts";
import { claims } from "./index.ts";
import { recordedRun } from "./recorded.ts";
import { ClaimsService } from "./service.ts";

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
  async recorded(id: string): Promise<{ readonly run: RecordedRun; readonly judgement: Judgement } | null> {
    const run = await recordedRun(id);
    return run && { run, judgement: this.judge(id, run.evidence) };
  }
}

expose(new ClaimsWorker());
