import { expect, test, vi } from "vitest";
import { pressKey } from "./keyboard.ts";
import type { Session } from "./session.ts";
import { initialSettings } from "./settings.ts";

function session() {
  const calls = { step: vi.fn(), select: vi.fn(), play: vi.fn(), change: vi.fn(async () => {}) };
  return { calls, session: { settings: initialSettings, player: { toggle: calls.play }, ...calls } as unknown as Session };
}

test("arrows step and change the layer", () => {
  const { session: s, calls } = session();
  expect(pressKey(s, "ArrowRight", vi.fn())).toBe(true);
  expect(calls.step).toHaveBeenLastCalledWith(1);
  pressKey(s, "ArrowLeft", vi.fn());
  expect(calls.step).toHaveBeenLastCalledWith(-1);
  pressKey(s, "ArrowUp", vi.fn());
  expect(calls.select).toHaveBeenLastCalledWith({ layer: initialSettings.selection.layer + 1 });
});

test("space plays, digits and M choose a mode, N draws a new problem, ? helps", () => {
  const { session: s, calls } = session();
  const help = vi.fn();
  pressKey(s, " ", help);
  expect(calls.play).toHaveBeenCalled();
  pressKey(s, "2", help);
  expect(calls.select).toHaveBeenLastCalledWith({ mode: "icl" });
  pressKey(s, "M", help);
  expect(calls.select).toHaveBeenLastCalledWith({ mode: "direct" });
  pressKey(s, "n", help);
  expect(calls.change).toHaveBeenCalledWith({ seed: expect.any(Number) });
  pressKey(s, "?", help);
  expect(help).toHaveBeenCalled();
});

test("other keys are left alone", () => expect(pressKey(session().session, "x", vi.fn())).toBe(false));
