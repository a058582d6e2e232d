/**
 * The first engine's worker, started before anything else of the page is
 * evaluated: its runtime takes longest to be ready. `app.ts` imports this first.
 */
import { connect, type EngineHandle } from "../workers/connect.ts";

let waiting: EngineHandle | null = connect("transformers");

/** An engine: the one that is starting already, or a new one. */
export function nextEngine(): EngineHandle {
  const engine = waiting ?? connect("transformers");
  waiting = null;
  return engine;
}
