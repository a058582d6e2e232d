/**
 * The engine that the page runs its questions on: its worker, the loading of a
 * model, and how either may end.
 */
import type { LoadProgress, LoadReport } from "../../workers/engine.ts";
import type { EngineHandle } from "../../workers/connect.ts";
import { nextEngine } from "./first-engine.ts";
import { type Files, type ModelChoice, modelRequest } from "./model-choice.ts";
import { askToKeep, type Kept, keptOf } from "./stored-models.ts";
import { messageOf } from "../message.ts";

export { messageOf } from "../message.ts";

export type LoadState =
  | { readonly status: "idle" }
  | { readonly status: "loading"; readonly progress: LoadProgress | null }
  /** Broken off by the reader, to go on later. */
  | { readonly status: "paused"; readonly kept: Kept | null }
  | { readonly status: "ready"; readonly report: LoadReport }
  | { readonly status: "failed"; readonly message: string; readonly kept: Kept | null }
  /** It was ready, and is no more; what it had answered stays on the page. */
  | { readonly status: "lost"; readonly message: string; readonly report: LoadReport };

export class EngineHost {
  state: LoadState = { status: "idle" };
  handle: EngineHandle | null = null;

  /** @param changed  called after each change of `state` */
  constructor(private readonly changed: () => void) {}

  /** The report of the model in use, also while its engine is lost. */
  get report(): LoadReport | null {
    const { state } = this;
    return state.status === "ready" || state.status === "lost" ? state.report : null;
  }

  /**
   * Ends the engine that there was and loads a model on a new one.
   *
   * @returns the report; null where it failed, was stopped, or another load took its place
   */
  async load(model: ModelChoice, files: Files | null): Promise<LoadReport | null> {
    this.handle?.terminate();
    const handle = nextEngine(model.engine);
    this.handle = handle;
    this.become({ status: "loading", progress: null });
    try {
      const report = await handle.load(modelRequest(model, files), (progress) => {
        // Progress has a channel of its own; its last message may come after the end.
        if (handle !== this.handle || this.state.status !== "loading") return;
        if (progress.phase === "download" && model.source === "hub") askToKeep(progress.total);
        this.become({ status: "loading", progress });
      });
      if (handle !== this.handle) return null;
      this.become({ status: "ready", report });
      void handle.ended.then((error) => handle === this.handle && this.lose(error));
      return report;
    } catch (error) {
      if (handle !== this.handle) return null;
      const stopped = error instanceof Error && error.name === "AbortError";
      const kept = await keptOf(model);
      if (handle === this.handle) this.become(stopped ? { status: "paused", kept } : { status: "failed", message: messageOf(error), kept });
      return null;
    }
  }

  /** Stops loading, or the runs under way. What was downloaded is kept. */
  stop(): void {
    this.handle?.stop();
  }

  /** The engine is gone: says why, once. */
  lose(error: Error): void {
    if (this.state.status === "ready") this.become({ status: "lost", message: messageOf(error), report: this.state.report });
  }

  private become(state: LoadState): void {
    this.state = state;
    this.changed();
  }
}
