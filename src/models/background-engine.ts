/**
 * An engine beside the one that answers the question on screen, so that counting,
 * sweeping and comparing never hold that one up. It keeps one model, and is let
 * go of when another is asked for.
 */
import type { EngineHandle } from "../../workers/connect.ts";
import type { LoadProgress, LoadReport } from "../../workers/engine.ts";
import { nextEngine } from "./first-engine.ts";
import { type Files, type ModelChoice, modelRequest } from "./model-choice.ts";

export interface LoadedEngine {
  readonly engine: EngineHandle;
  readonly report: LoadReport;
}

export class BackgroundEngine {
  private own: { readonly engine: EngineHandle; readonly model: string; readonly files: Files | null; readonly loaded: Promise<LoadReport>; ready: boolean } | null = null;

  /**
   * The engine with this model: the one that there is, without what it was at; or a
   * new one, where the last has another model, or ended.
   *
   * @throws where it does not load, or is let go of meanwhile
   */
  async with(model: ModelChoice, files: Files | null = null, onProgress: (progress: LoadProgress) => void = () => undefined): Promise<LoadedEngine> {
    const key = JSON.stringify(model);
    if (this.own?.model !== key || this.own.files !== files) {
      this.release();
      const engine = nextEngine(model.engine);
      const own = { engine, model: key, files, loaded: engine.load(modelRequest(model, files), onProgress), ready: false };
      this.own = own;
      const forget = (): void => {
        if (this.own === own) this.own = null;
      };
      own.loaded.then(() => (own.ready = true), forget);
      void engine.ended.then(forget);
    }
    const { engine, loaded } = this.own;
    const report = await loaded;
    engine.stop();
    return { engine, report };
  }

  /** Stops what it is at. Half loaded it is let go of: it would only take the processor from the page. */
  stop(): void {
    if (this.own?.ready) this.own.engine.stop();
    else this.release();
  }

  /** Lets go of it where it has another model than this. */
  follow(model: ModelChoice): void {
    if (this.own && this.own.model !== JSON.stringify(model)) this.release();
  }

  release(): void {
    this.own?.engine.terminate();
    this.own = null;
  }
}
