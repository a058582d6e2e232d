/**
 * What the reader has chosen: all of it lives in the page's address, so that a
 * link shows the same run. Prompts that someone typed stay out of it.
 */
import { type PictureMethod, pictureMethods } from "../probes/run-picture.ts";
import { tasks } from "../probes/tasks/index.ts";
import { type DecodingMode, decodingModes, type Thought, thoughtControls, type ThoughtMethod, thoughtMethods } from "../probes/trace.ts";
import { decodeModel, embeddedModel, encodeModel, type ModelChoice } from "./models/model-choice.ts";
import type { Selection } from "./selection.ts";

/** Which steps of a run are drawn in the projection. */
export type Extent = "thinking" | "question" | "all";

/** The panels at the foot of the page that can be unfolded. */
export type Closely = "run" | "modes";
export const closely: readonly Closely[] = ["run", "modes"];

/** A state that a plane goes through: the step, counted from the end of the prompt, of a mode's run. */
export interface PlanePoint {
  readonly mode: DecodingMode;
  readonly step: number;
}

export interface Settings {
  readonly model: ModelChoice;
  readonly task: string;
  readonly difficulty: number;
  readonly shots: number;
  readonly variant: string | null;
  readonly seed: number;
  /** Latent steps; null takes the task's own number (one per hop or level). */
  readonly thoughts: number | null;
  /** How a latent step makes its next input; null takes what suits the model. */
  readonly thought: ThoughtMethod | null;
  /** The control beside the latent loop; `hidden` shows none. */
  readonly control: Thought;
  readonly noise: number;
  /** Temperature of the chain of thought; 0 is greedy. */
  readonly temperature: number;
  readonly projection: PictureMethod;
  readonly layoutSeed: number;
  /** UMAP: how many seeds are drawn side by side, from `layoutSeed` on. */
  readonly seeds: number;
  readonly extent: Extent;
  /** The three states of the plane; none: first, middle and last of the selected mode. */
  readonly plane: readonly PlanePoint[];
  /** Which panels are unfolded. */
  readonly unfolded: readonly Closely[];
  /** Which measures are shown over many problems, by probe id. */
  readonly measures: readonly string[];
  readonly selection: Selection;
  /** What is done to a run, as text (`act.ts`); "" is nothing. */
  readonly acts: string;
}

export const initialSettings: Settings = {
  model: embeddedModel,
  task: "pointer-chase",
  difficulty: 4,
  shots: 3,
  variant: null,
  seed: 7,
  thoughts: null,
  thought: null,
  control: "hidden",
  noise: 0.5,
  temperature: 0,
  projection: "pca",
  layoutSeed: 1,
  seeds: 1,
  extent: "thinking",
  plane: [],
  unfolded: [],
  measures: ["directness", "turning-angle", "lens-entropy"],
  selection: { mode: "latent", step: 2, layer: 3 },
  acts: "",
};

/** Longer lists of acts are not written into an address. */
const longestActs = 300;

/** Settings that a task can serve: difficulty, shots and variant moved into its range. */
export function fitToTask(settings: Settings): Settings {
  const task = tasks.find((t) => t.id === settings.task) ?? tasks[0]!;
  const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, Math.round(value)));
  return {
    ...settings,
    task: task.id,
    difficulty: clamp(settings.difficulty, task.difficulty.minimum, task.difficulty.maximum),
    shots: task.shots ? clamp(settings.shots, task.shots.minimum, task.shots.maximum) : settings.shots,
    variant: task.variants.some((v) => v.id === settings.variant) ? settings.variant : (task.variants[0]?.id ?? null),
    thoughts: settings.thoughts === null ? null : clamp(settings.thoughts, 0, task.maxThoughts),
  };
}

/** The part of the address after `#`. Only what differs from the initial settings is written. */
export function encodeAddress(settings: Settings): string {
  const query = new URLSearchParams();
  const put = (key: string, value: string | number | null, initial: string | number | null): void => {
    if (value !== initial && value !== null) query.set(key, String(value));
  };
  const { model, selection } = settings;
  const first = initialSettings;
  encodeModel(model, query);
  query.set("task", settings.task);
  query.set("difficulty", String(settings.difficulty));
  put("shots", settings.shots, first.shots);
  const variants = tasks.find((t) => t.id === settings.task)?.variants;
  put("variant", settings.variant, variants?.[0]?.id ?? null);
  query.set("seed", String(settings.seed));
  put("thoughts", settings.thoughts, first.thoughts);
  put("thought", settings.thought, null);
  put("control", settings.control, first.control);
  if (settings.control === "noise") put("noise", settings.noise, null);
  put("temperature", settings.temperature, first.temperature);
  put("projection", settings.projection, first.projection);
  if (settings.projection === "umap") {
    put("layout", settings.layoutSeed, first.layoutSeed);
    put("seeds", settings.seeds, first.seeds);
  }
  if (settings.projection === "plane" && settings.plane.length > 0) query.set("plane", settings.plane.map(({ mode, step }) => `${mode}.${step}`).join());
  put("extent", settings.extent, first.extent);
  put("unfolded", settings.unfolded.join(), first.unfolded.join());
  if (settings.unfolded.includes("modes")) put("measures", settings.measures.join(), first.measures.join());
  put("mode", selection.mode, first.selection.mode);
  put("step", selection.step, first.selection.step);
  put("layer", selection.layer, first.selection.layer);
  if (settings.acts.length <= longestActs) put("acts", settings.acts, first.acts);
  return `/probe?${query}`;
}

/** Reads an address; whatever is missing or makes no sense keeps its initial value. */
export function decodeAddress(hash: string): Settings {
  const query = new URLSearchParams(hash.slice(hash.indexOf("?") + 1));
  const first = initialSettings;
  const number = (key: string, initial: number, low: number, high: number): number => {
    const raw = query.get(key);
    const value = raw === null || raw === "" ? Number.NaN : Number(raw);
    return Number.isFinite(value) && value >= low && value <= high ? value : initial;
  };
  const oneOf = <T extends string>(key: string, options: readonly T[], initial: T): T => {
    const value = query.get(key);
    return options.find((option) => option === value) ?? initial;
  };
  const integer = (key: string, initial: number, low: number, high: number): number => Math.round(number(key, initial, low, high));
  return fitToTask({
    model: decodeModel(query),
    task: query.get("task") ?? first.task,
    difficulty: integer("difficulty", first.difficulty, 0, 99),
    shots: integer("shots", first.shots, 0, 99),
    variant: query.get("variant"),
    seed: integer("seed", first.seed, 0, 2 ** 31 - 1),
    thoughts: query.has("thoughts") ? integer("thoughts", 0, 0, 99) : null,
    thought: oneOf<ThoughtMethod | "">("thought", thoughtMethods, "") || null,
    control: oneOf<Thought>("control", ["hidden", ...thoughtControls], first.control),
    noise: number("noise", first.noise, 0, 10),
    temperature: number("temperature", first.temperature, 0, 5),
    projection: oneOf("projection", pictureMethods, first.projection),
    layoutSeed: integer("layout", first.layoutSeed, 0, 999),
    seeds: integer("seeds", first.seeds, 1, 3),
    plane: planeOf(query.get("plane") ?? ""),
    unfolded: closely.filter((part) => (query.get("unfolded") ?? "").split(",").includes(part)),
    measures: query.has("measures") ? [...new Set(query.get("measures")!.split(",").filter((id) => /^[a-z0-9-]{1,40}$/.test(id)))].slice(0, 40) : first.measures,
    extent: oneOf("extent", ["thinking", "question", "all"] as const, first.extent),
    selection: {
      mode: oneOf<DecodingMode>("mode", decodingModes, first.selection.mode),
      step: integer("step", first.selection.step, -999, 9999),
      layer: integer("layer", first.selection.layer, 0, 999),
    },
    acts: (query.get("acts") ?? first.acts).slice(0, longestActs),
  });
}

/** Three states, `mode.step` each; none where the text says anything else. */
function planeOf(text: string): PlanePoint[] {
  const points = text.split(",").flatMap((part): PlanePoint[] => {
    const [mode, step] = part.split(".");
    const found = decodingModes.find((one) => one === mode);
    return found && step !== undefined && /^-?\d{1,4}$/.test(step) ? [{ mode: found, step: Number(step) }] : [];
  });
  return points.length === 3 ? points : [];
}
