/**
 * Work on many problems in the background: on an engine of its own where the model is
 * small enough to be there twice, else on the page's, until that one is asked something
 * else. Fires `change` after each change.
 */
import type { EngineHandle } from "../../workers/connect.ts";
import { EngineError } from "../../workers/engine.ts";
import type { Session } from "../session.ts";
import { BackgroundEngine, type LoadedEngine } from "./background-engine.ts";
import { messageOf } from "./engine-host.ts";
import type { ModelChoice } from "./model-choice.ts";

export abstract class BackgroundWork extends EventTarget {
  running = false;
  error = "";
  private readonly own = new BackgroundEngine();
  /** The engine that is at it now. */
  private handle: EngineHandle | null = null;
  /** Which beginning this is: what still comes of an earlier one is dropped. */
  private round = 0;

  /** Stops; what has been counted stays. */
  stop(): void {
    if (!this.running) return;
    this.round++;
    this.running = false;
    this.handle?.stop();
    this.handle = null;
    this.own.stop();
    this.changed();
  }

  /** Lets go of the engine of our own where it has another model than the page. */
  follow(model: ModelChoice): void {
    this.own.follow(model);
  }

  /**
   * Begins anew, behind whatever was under way.
   *
   * @param where  begins an error's message
   * @param work  keeps nothing that comes when `current` is false
   */
  protected async begin(where: string, { settings, engine, report }: Pick<Session, "settings" | "engine" | "report">, work: (loaded: LoadedEngine, current: () => boolean) => Promise<unknown>): Promise<void> {
    this.handle?.stop();
    this.handle = null;
    const round = ++this.round;
    const current = (): boolean => round === this.round;
    this.error = "";
    this.running = true;
    this.changed();
    try {
      const loaded = settings.model.source === "embedded" ? await this.own.with(settings.model) : engine && report ? { engine, report } : null;
      if (!current()) return;
      if (!loaded) throw new EngineError(`${where}: expected a loaded model, got none; load one first`);
      this.handle = loaded.engine;
      await work(loaded, current);
    } catch (error) {
      if (current() && !(error instanceof Error && error.name === "AbortError")) this.error = messageOf(error);
    } finally {
      if (current()) {
        this.running = false;
        this.handle = null;
        this.changed();
      }
    }
  }

  /** Goes on with another engine, which `stop` then stops. */
  protected goOnWith(engine: EngineHandle): void {
    this.handle = engine;
  }

  /** Ends without having begun. */
  protected refuse(error: string): void {
    this.stop();
    this.error = error;
    this.changed();
  }

  protected changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
