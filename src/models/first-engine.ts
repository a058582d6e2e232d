/**
 * The first engine's worker, started before anything else of the page is
 * evaluated: its runtime takes longest to be ready. `app.ts` imports this first.
 */
import { connect, type EngineHandle } from "../../workers/connect.ts";
import type { EngineKind } from "./model-choice.ts";

/** The address is read by hand: `settings.ts` would bring in half of the page before the worker starts. */
const first: EngineKind = /[?&]engine=webllm(&|$)/.test(location.hash) ? "webllm" : "transformers";
let waiting: EngineHandle | null = connect(first);

/** An engine: the one that is starting already, where it is of this kind, or a new one. */
export function nextEngine(kind: EngineKind): EngineHandle {
  const early = waiting;
  waiting = null;
  if (early && kind === first) return early;
  early?.terminate();
  return connect(kind);
}
