/** What is compared: the question, and two ways of answering it. All of it but dropped files lives in the address. */
import { type DecodingMode, decodingModes, type Thought, thoughts } from "../../probes/trace.ts";
import { decodeModel, embedded, embeddedModel, embeddedWeights, encodeModel, engineNames, type ModelChoice, modelTitle, sameModel } from "../models/model-choice.ts";
import { decodeAddress, encodeAddress, initialSettings, type Settings } from "../settings.ts";
import { writeAddress } from "../places.ts";
import { words } from "../words.ts";

export type SideName = "a" | "b";
export const sideNames: readonly SideName[] = ["a", "b"];

/** One way of answering. */
export interface SideChoice {
  readonly model: ModelChoice;
  readonly mode: DecodingMode;
  /** How a latent step makes its input; null takes what suits the model. */
  readonly thought: Thought | null;
}

export interface CompareSettings {
  /** Task, difficulty, shots, variant, seed and thoughts, and the selected step and layer; the rest is not used. */
  readonly question: Settings;
  readonly sides: Readonly<Record<SideName, SideChoice>>;
}

const latent = (model: ModelChoice, thought: Thought | null = null): SideChoice => ({ model, mode: "latent", thought });
const [float32, fourBit] = [embedded("transformers", embeddedWeights.transformers[0]), embedded("transformers", embeddedWeights.transformers[1])];

/** Comparisons that are one click away, the first of them at once. */
export const presets: readonly { readonly title: string; readonly sides: CompareSettings["sides"] }[] = [
  { title: "float32 and 4-bit", sides: { a: latent(float32), b: latent(fourBit) } },
  { title: "transformers.js and WebLLM", sides: { a: latent(float32), b: latent(embedded("webllm", embeddedWeights.webllm[0])) } },
  { title: "latent loop and chain of thought", sides: { a: latent(float32), b: { model: float32, mode: "cot", thought: null } } },
  { title: "thoughts and pause tokens", sides: { a: latent(float32), b: latent(float32, "pause") } },
];

export const initialComparison: CompareSettings = { question: initialSettings, sides: presets[0]!.sides };

/** The keys of a question in an address. */
const questionKeys = ["task", "difficulty", "shots", "variant", "seed", "thoughts", "step", "layer"] as const;

export function encodeComparison({ question, sides }: CompareSettings): string {
  const all = new URLSearchParams(encodeAddress(question).split("?")[1]);
  const query = new URLSearchParams();
  for (const key of questionKeys) {
    const value = all.get(key);
    if (value !== null) query.set(key, value);
  }
  for (const name of sideNames) {
    const { model, mode, thought } = sides[name];
    query.set(name, thought === null ? mode : `${mode} ${thought}`);
    const of = new URLSearchParams();
    encodeModel(model, of);
    for (const [key, value] of of) query.set(`${name}.${key}`, value);
  }
  return writeAddress({ place: "compare", query });
}

/** Reads an address; what is missing or makes no sense keeps its initial value. */
export function decodeComparison(query: URLSearchParams): CompareSettings {
  const asked = new URLSearchParams();
  for (const key of questionKeys) {
    const value = query.get(key);
    if (value !== null) asked.set(key, value);
  }
  return { question: decodeAddress(`?${asked}`), sides: { a: decodeSide(query, "a"), b: decodeSide(query, "b") } };
}

function decodeSide(query: URLSearchParams, name: SideName): SideChoice {
  const written = query.get(name);
  if (written === null) return initialComparison.sides[name];
  const [modeName, thoughtName] = written.split(" ");
  const mode = decodingModes.find((known) => known === modeName) ?? "latent";
  const thought = mode === "latent" ? (thoughts.find((known) => known === thoughtName) ?? null) : null;
  const of = new URLSearchParams([...query].flatMap(([key, value]) => (key.startsWith(`${name}.`) ? [[key.slice(2), value]] : [])));
  return { model: decodeModel(of), mode, thought };
}

export function sameSide(a: SideChoice, b: SideChoice): boolean {
  return sameModel(a.model, b.model) && a.mode === b.mode && a.thought === b.thought;
}

/** What sets the two apart, in a few words each. */
export function sideLabels({ a, b }: CompareSettings["sides"]): Record<SideName, string> {
  const label = (side: SideChoice): string => {
    const parts: string[] = [];
    if (!sameModel(a.model, b.model)) parts.push(side.model.source !== "embedded" ? modelTitle(side.model) : a.model.engine !== b.model.engine ? `${engineNames[side.model.engine]}, ${weightsOf(side.model)}` : weightsOf(side.model));
    if (a.mode !== b.mode) parts.push(words.modes[side.mode].name);
    if (a.thought !== b.thought && side.mode === "latent") parts.push(words.thoughts[side.thought ?? "hidden"]);
    return parts.join(", ");
  };
  const [first, second] = [label(a), label(b)];
  return { a: first === "" ? "A" : `A: ${first}`, b: second === "" ? "B" : `B: ${second}` };
}

function weightsOf({ engine, dtype }: ModelChoice): string {
  return dtype === embeddedWeights[engine][1] ? "4-bit" : "float32";
}

/** The embedded model's weights are here at once: comparing them costs no download. */
export function isEmbedded({ model }: SideChoice): boolean {
  return model.source === embeddedModel.source;
}
