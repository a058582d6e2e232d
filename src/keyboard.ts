/** The page's keys. They are left alone while someone types or a dialog is open. */
import { decodingModes } from "../probes/trace.ts";
import type { Session } from "./session.ts";
import { nextSeed } from "./views/question-bar.ts";

/** Does what a key says; false where it means nothing here. */
export function pressKey(session: Session, key: string, help: () => void): boolean {
  const { selection, seed } = session.settings;
  const modeIndex = decodingModes.indexOf(selection.mode);
  const move = moveOf(key);
  if (move?.steps) session.step(move.steps);
  else if (move) session.select({ layer: selection.layer + move.layers });
  else if (key === " ") session.player.toggle();
  else if (/^[1-4]$/.test(key)) session.select({ mode: decodingModes[Number(key) - 1]! });
  else if (key === "m" || key === "M") session.select({ mode: decodingModes[(modeIndex + 1) % decodingModes.length]! });
  else if (key === "n" || key === "N") void session.change({ seed: nextSeed(seed) });
  else if (key === "?") help();
  else return false;
  return true;
}

/** The keys that move a selection of step and layer, wherever there is one: how far each moves it; null for any other key. */
export function moveOf(key: string): { readonly steps: number; readonly layers: number } | null {
  if (key === "ArrowRight" || key === "ArrowLeft") return { steps: key === "ArrowRight" ? 1 : -1, layers: 0 };
  if (key === "ArrowUp" || key === "ArrowDown") return { steps: 0, layers: key === "ArrowUp" ? 1 : -1 };
  return null;
}

/** Whether a key event belongs to a field, a control or a dialog rather than to the page. */
export function isTaken(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  for (const target of event.composedPath()) {
    if (!(target instanceof HTMLElement)) continue;
    if (target instanceof HTMLDialogElement && target.open) return true;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return true;
    // Space presses a focused button.
    if (event.key === " " && /^(BUTTON|SUMMARY|A)$/.test(target.tagName)) return true;
  }
  return false;
}
