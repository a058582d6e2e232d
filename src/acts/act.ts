/**
 * What the reader does to a run, as a recipe: short enough for an address and a
 * sentence. It names vectors by where they come from ("problem 12"); the engine's
 * `Intervention` that it becomes holds them (`interventions.ts`).
 *
 * Everything is counted as on the page: thoughts and tokens of a chain from 1, steps
 * from the end of the prompt, which is 0.
 *
 *   acts=latent replace.1.argmax patch.2.3.p12     (a space is written + in an address)
 */
import { type DecodingMode, decodingModes } from "../../probes/trace.ts";
import { formatNumber } from "../format.ts";
import { words } from "../words.ts";

/** Where a vector comes from: the same place of the run on another problem or in another mode; chance, at the norm of what was there; or zeros. */
export type Source =
  | { readonly kind: "problem"; readonly seed: number }
  | { readonly kind: "mode"; readonly mode: DecodingMode }
  | { readonly kind: "random" }
  | { readonly kind: "zero" };

export type Act =
  | { readonly kind: "replace"; readonly thought: number; readonly by: "argmax" | "mean" }
  | { readonly kind: "replace"; readonly thought: number; readonly by: "soft"; readonly kept: number }
  | { readonly kind: "replace"; readonly thought: number; readonly by: "noise"; readonly sigma: number }
  | { readonly kind: "replace"; readonly thought: number; readonly by: "source"; readonly source: Source }
  /** `scale` times the way from what was there to the source is added. */
  | { readonly kind: "steer"; readonly thought: number; readonly source: Source; readonly scale: number }
  | { readonly kind: "skip"; readonly thought: number }
  | { readonly kind: "repeat"; readonly thought: number; readonly times: number }
  | { readonly kind: "reorder"; readonly order: readonly number[] }
  /** The chain ends after so many tokens, and the answer is asked for. */
  | { readonly kind: "truncate"; readonly after: number }
  /** null: a likely one, drawn by chance. */
  | { readonly kind: "corrupt"; readonly token: number; readonly by: number | null }
  /** The residual stream, at a step and layer. */
  | { readonly kind: "patch"; readonly step: number; readonly layer: number; readonly source: Source }
  | { readonly kind: "push"; readonly step: number; readonly layer: number; readonly source: Source; readonly scale: number };

/** What is done to the run of one mode. */
export interface ActList {
  readonly mode: DecodingMode;
  readonly acts: readonly Act[];
}

// ——— as text ———

export function encodeActs({ mode, acts }: ActList): string {
  return acts.length === 0 ? "" : [mode, ...acts.map(encodeAct)].join(" ");
}

function encodeAct(act: Act): string {
  switch (act.kind) {
    case "replace": {
      const what = act.by === "soft" ? [act.by, act.kept] : act.by === "noise" ? [act.by, act.sigma] : act.by === "source" ? [encodeSource(act.source)] : [act.by];
      return [act.kind, act.thought, ...what].join(".");
    }
    case "steer":
      return [act.kind, act.thought, encodeSource(act.source), act.scale].join(".");
    case "skip":
      return `${act.kind}.${act.thought}`;
    case "repeat":
      return `${act.kind}.${act.thought}.${act.times}`;
    case "reorder":
      return [act.kind, ...act.order].join(".");
    case "truncate":
      return `${act.kind}.${act.after}`;
    case "corrupt":
      return [act.kind, act.token, ...(act.by === null ? [] : [act.by])].join(".");
    case "patch":
      return [act.kind, act.step, act.layer, encodeSource(act.source)].join(".");
    case "push":
      return [act.kind, act.step, act.layer, encodeSource(act.source), act.scale].join(".");
  }
}

function encodeSource(source: Source): string {
  return source.kind === "problem" ? `p${source.seed}` : source.kind === "mode" ? source.mode : source.kind;
}

/** Reads a list; null where the text is none, or asks for what makes no sense. What it asks of a run is checked when it is run. */
export function decodeActs(text: string): ActList | null {
  const [name, ...rest] = text.split(" ").filter((word) => word !== "");
  const mode = decodingModes.find((known) => known === name);
  if (!mode || rest.length === 0) return null;
  const acts = rest.map(decodeAct);
  return acts.every((act) => act !== null) ? { mode, acts } : null;
}

function decodeAct(text: string): Act | null {
  const [kind, ...fields] = text.split(".");
  const whole = (field: string | undefined): number => (field !== undefined && /^-?\d{1,9}$/.test(field) ? Number(field) : Number.NaN);
  /** A number at the end may have a decimal point of its own. */
  const number = (from: number): number => (/^-?\d{1,6}(\.\d{1,6})?$/.test(fields.slice(from).join(".")) ? Number(fields.slice(from).join(".")) : Number.NaN);
  const source = (field: string | undefined): Source | null => decodeSource(field ?? "");
  const first = whole(fields[0]);
  const only = (count: number): boolean => fields.length === count;
  if (Number.isNaN(first)) return null;
  switch (kind) {
    case "replace": {
      const by = fields[1];
      if ((by === "argmax" || by === "mean") && only(2)) return { kind, thought: first, by };
      if (by === "soft") return only(3) && whole(fields[2]) >= 1 ? { kind, thought: first, by, kept: whole(fields[2]) } : null;
      if (by === "noise") return number(2) >= 0 ? { kind, thought: first, by, sigma: number(2) } : null;
      const from = source(by);
      return from && only(2) ? { kind, thought: first, by: "source", source: from } : null;
    }
    case "steer": {
      const from = source(fields[1]);
      return from && Number.isFinite(number(2)) ? { kind, thought: first, source: from, scale: number(2) } : null;
    }
    case "skip":
      return only(1) ? { kind, thought: first } : null;
    case "repeat":
      return only(2) && whole(fields[1]) >= 1 ? { kind, thought: first, times: whole(fields[1]) } : null;
    case "reorder": {
      const order = fields.map(whole);
      return order.some(Number.isNaN) ? null : { kind, order };
    }
    case "truncate":
      return only(1) ? { kind, after: first } : null;
    case "corrupt":
      if (only(1)) return { kind, token: first, by: null };
      return only(2) && whole(fields[1]) >= 0 ? { kind, token: first, by: whole(fields[1]) } : null;
    case "patch":
    case "push": {
      const layer = whole(fields[1]);
      const from = source(fields[2]);
      if (Number.isNaN(layer) || !from) return null;
      if (kind === "patch") return only(3) ? { kind, step: first, layer, source: from } : null;
      return Number.isFinite(number(3)) ? { kind, step: first, layer, source: from, scale: number(3) } : null;
    }
    default:
      return null;
  }
}

function decodeSource(text: string): Source | null {
  if (/^p\d{1,10}$/.test(text)) return { kind: "problem", seed: Number(text.slice(1)) };
  if (text === "random" || text === "zero") return { kind: text };
  const mode = decodingModes.find((known) => known === text);
  return mode ? { kind: "mode", mode } : null;
}

// ——— in words ———

/** @param tokenText  how a token is written, by id */
export function actInWords(act: Act, tokenText: (token: number) => string): string {
  switch (act.kind) {
    case "replace":
      return `thought ${act.thought} ${replacementInWords(act)}`;
    case "steer":
      return `thought ${act.thought} is pushed ${formatNumber(act.scale)} × of the way to ${sourceInWords(act.source, "the thought")}`;
    case "skip":
      return `thought ${act.thought} is left out`;
    case "repeat":
      return `thought ${act.thought} is fed in ${act.times === 1 ? "twice" : `${act.times + 1} times`}`;
    case "reorder":
      return `the thoughts come in the order ${act.order.join(", ")}`;
    case "truncate":
      return act.after === 0 ? "the answer is asked for before the first token of the chain" : `the chain ends after token ${act.after}, and the answer is asked for`;
    case "corrupt":
      return act.by === null ? `token ${act.token} of the chain becomes another likely one, drawn by chance` : `token ${act.token} of the chain becomes “${tokenText(act.by)}”`;
    case "patch":
      return `${place(act)} becomes ${sourceInWords(act.source, "the state")}`;
    case "push":
      return `${place(act)} is pushed ${formatNumber(act.scale)} × of the way to ${sourceInWords(act.source, "the state")}`;
  }
}

function replacementInWords(act: Extract<Act, { kind: "replace" }>): string {
  switch (act.by) {
    case "argmax":
      return "becomes the embedding of its likeliest token";
    case "mean":
      return "becomes the mean of the thoughts before it";
    case "soft":
      return `becomes a mixture of its ${act.kept} likeliest tokens`;
    case "noise":
      return `gets noise of ${formatNumber(act.sigma)} × its norm`;
    case "source":
      return `becomes ${sourceInWords(act.source, "the thought")}`;
  }
}

function place({ step, layer }: { readonly step: number; readonly layer: number }): string {
  return `the state at step ${formatNumber(step)}, ${layer === 0 ? "the embedding" : `layer ${layer}`},`;
}

/** @param what  what is taken: "the thought" or "the state" */
export function sourceInWords(source: Source, what: string): string {
  switch (source.kind) {
    case "problem":
      return `${what} of problem ${source.seed} there`;
    case "mode":
      return `the state of the ${words.modes[source.mode].name} run there`;
    case "random":
      return "a random vector of its norm";
    case "zero":
      return "zeros";
  }
}

/** What an act takes the place of: of two with the same place, the later one counts. Pushes add up. */
function placeOf(act: Act): string | null {
  switch (act.kind) {
    case "replace":
    case "skip":
    case "repeat":
      return `${act.kind} ${act.thought}`;
    case "corrupt":
      return `${act.kind} ${act.token}`;
    case "patch":
      return `${act.kind} ${act.step} ${act.layer}`;
    case "reorder":
    case "truncate":
      return act.kind;
    case "steer":
    case "push":
      return null;
  }
}

/** The list with one more act; an act that takes the same place goes. */
export function withAct(list: ActList | null, mode: DecodingMode, act: Act): ActList {
  const before = list?.mode === mode ? list.acts : [];
  const place = placeOf(act);
  return { mode, acts: [...before.filter((other) => place === null || placeOf(other) !== place), act] };
}

export function sameAct(a: Act, b: Act): boolean {
  return encodeAct(a) === encodeAct(b);
}
