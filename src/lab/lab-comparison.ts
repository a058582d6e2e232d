/**
 * One problem, several architectures, and the language model beside them: each
 * reads it, and the same measures are taken of all. Fires `change` as they come in.
 *
 * Hidden states of different models live in different spaces, so each has a
 * projection of its own; what can be compared are the measures.
 */
import { probe } from "../../probes/index.ts";
import { jointTrajectory } from "../../probes/joint.ts";
import { task as findTask } from "../../probes/tasks/index.ts";
import type { Trace } from "../../probes/trace.ts";
import type { Axis, Figure, Line } from "../../workers/claims/claim.ts";
import type { LabHandle } from "../../workers/connect-lab.ts";
import type { ProbeHandle } from "../../workers/connect-probes.ts";
import { requestFor } from "../../workers/decoding/request.ts";
import type { ArchitectureId } from "../../workers/lab/architecture.ts";
import { recordedWeights } from "../../workers/lab/recorded.ts";
import { BackgroundEngine } from "../models/background-engine.ts";
import { messageOf } from "../message.ts";
import { explanations } from "./lab-explanations.ts";
import type { LabTraining } from "./lab-training.ts";
import { embeddedModel } from "../models/model-choice.ts";
import { originOf } from "../selection.ts";
import type { PlotTrack } from "../views/picture/trajectory-plot.ts";

/** Models differ in depth: a layer is named by its place. */
export type LayerChoice = "embedding" | "first" | "last";

/** What is compared. */
export interface Compared {
  readonly task: string;
  readonly difficulty: number;
  /** Number of a test problem. */
  readonly problem: number;
  readonly architectures: readonly ArchitectureId[];
  readonly layer: LayerChoice;
}

export interface Picture {
  readonly tracks: readonly PlotTrack[];
  readonly explained: readonly number[] | null;
  readonly trust: number;
}

/** One model's runs, or why there are none. */
export interface Entry {
  readonly id: ArchitectureId | "language-model";
  readonly name: string;
  /** Of the language model two: at once, and by a chain of thought. */
  readonly traces: readonly Trace[];
  readonly picture: Picture | null;
  /** "" where there is a run. */
  readonly missing: string;
}

/** The measures that are drawn, by probe id. */
export const comparedProbes = ["answer-probability", "entropy", "turning-angle", "step-length"] as const;
export type ComparedProbe = (typeof comparedProbes)[number];

const measureAxes: Readonly<Record<ComparedProbe, Axis>> = {
  "answer-probability": { label: "p(right answer)", unit: "" },
  entropy: { label: "entropy of the next token", unit: "nats" },
  "turning-angle": { label: "turning angle", unit: "rad" },
  // Streams differ in size from model to model.
  "step-length": { label: "step length", unit: "of the run’s mean" },
};

/** What the language model is asked beside a task of the lab: pointer chase, with so many arrows, and why that. */
export function beside(task: string, difficulty: number): { readonly hops: number; readonly why: string } {
  if (task === "small-pointer-chase") return { hops: difficulty, why: "the same task with sixteen letters" };
  if (task === "cups" || task === "modular-program") return { hops: Math.min(4, Math.max(2, difficulty)), why: "the nearest task that it learnt: steps that have to be taken one after the other" };
  return { hops: 1, why: "the nearest task that it learnt: one lookup among sixteen pairs" };
}

export class LabComparison extends EventTarget {
  entries: readonly Entry[] = [];
  figures: ReadonlyMap<ComparedProbe, Figure> = new Map();
  busy = false;
  notice = "";

  private round = 0;
  private shown = "";
  private readonly background = new BackgroundEngine();
  /** By what was asked: reading a problem again gives the same. */
  private readonly read = new Map<string, Promise<Trace[]>>();

  constructor(
    private readonly lab: LabHandle,
    private readonly probes: ProbeHandle,
    private readonly training: LabTraining,
  ) {
    super();
  }

  /** Shows this; does nothing where it is shown already. */
  async show(wanted: Compared): Promise<void> {
    const key = JSON.stringify([wanted, wanted.architectures.map((id) => this.training.keptModel(id, wanted.task)?.steps)]);
    if (key === this.shown) return;
    this.shown = key;
    const round = ++this.round;
    this.busy = true;
    this.notice = "";
    this.changed();
    const ids: Entry["id"][] = [...wanted.architectures, "language-model"];
    const entries = new Map<Entry["id"], Entry>();
    for (const id of ids) {
      const entry = await this.entry(id, wanted);
      if (round !== this.round) return;
      entries.set(id, entry);
      this.entries = ids.flatMap((listed) => entries.get(listed) ?? []);
      this.figures = await this.measure(this.entries, wanted.layer);
      if (round !== this.round) return;
      this.changed();
    }
    this.busy = false;
    this.changed();
  }

  /** Lets go of the language model; it is loaded again when it is asked for. */
  release(): void {
    this.round++;
    this.shown = "";
    this.background.release();
  }

  private async entry(id: Entry["id"], wanted: Compared): Promise<Entry> {
    const name = id === "language-model" ? "nano, the language model" : explanations[id].name;
    try {
      const traces = id === "language-model" ? await this.languageModel(wanted) : await this.labModel(id, wanted);
      if (traces.length === 0) return { id, name, traces, picture: null, missing: "not trained on this task yet" };
      return { id, name, traces, picture: await this.project(traces, wanted.layer), missing: "" };
    } catch (error) {
      return { id, name, traces: [], picture: null, missing: messageOf(error) };
    }
  }

  private async labModel(architecture: ArchitectureId, { task, difficulty, problem }: Compared): Promise<Trace[]> {
    const trained = this.training.keptModel(architecture, task) ?? (await recordedWeights(architecture, task));
    if (!trained) return [];
    const { trace } = await this.lab.look({ architecture, task, difficulty, problem, weights: trained.weights });
    return [trace];
  }

  private languageModel({ task, difficulty, problem }: Compared): Promise<Trace[]> {
    const { hops } = beside(task, difficulty);
    const key = `${hops} ${problem}`;
    let traces = this.read.get(key);
    if (!traces) {
      traces = this.answers(hops, problem);
      traces.catch(() => this.read.delete(key));
      this.read.set(key, traces);
    }
    return traces;
  }

  private async answers(hops: number, seed: number): Promise<Trace[]> {
    const { engine } = await this.background.with(embeddedModel);
    const task = findTask("pointer-chase");
    const drawn = task.draw(seed, { difficulty: hops, shots: 0, variant: null });
    const run = (mode: "direct" | "cot"): Promise<Trace> => engine.run(requestFor(task, drawn, mode, { shots: 0 }), () => undefined);
    return [await run("direct"), await run("cot")];
  }

  private async project(traces: readonly Trace[], choice: LayerChoice): Promise<Picture> {
    // A model of the lab reads a dozen or two tokens; of the language model's many those of the question are drawn.
    const joint = jointTrajectory(traces, layerOf(traces[0]!, choice), traces[0]!.model.engine === "toy" ? "all" : "question");
    const { coordinates, explained, trustworthiness } = await this.probes.project({ points: joint.points, method: "pca", seed: 1 });
    const tracks = traces.map((trace, i): PlotTrack => {
      const rows = joint.index.flatMap((point, r) => (point.trace === i ? [r] : []));
      const points = new Float32Array(rows.length * 2);
      rows.forEach((r, k) => points.set(coordinates.data.subarray(2 * r, 2 * r + 2), 2 * k));
      const origin = originOf(trace);
      const steps = rows.map((r) => trace.steps[joint.index[r]!.step]!);
      return { mode: trace.mode, control: false, steps: steps.map(({ index }) => index - origin), labels: steps.map(({ text }) => text), phases: steps.map(({ phase }) => phase), points };
    });
    return { tracks, explained, trust: trustworthiness };
  }

  /** Each measure of all models, on the same axes: at once, over the steps up to the answer. */
  private async measure(entries: readonly Entry[], choice: LayerChoice): Promise<Map<ComparedProbe, Figure>> {
    const figures = new Map<ComparedProbe, Figure>();
    const lab = entries.filter(({ id, traces }) => id !== "language-model" && traces.length > 0);
    const first = lab.length > 0 ? -Math.max(...lab.map(({ traces }) => originOf(traces[0]!))) : -Infinity;
    for (const id of comparedProbes) {
      const { title } = probe(id);
      const lines: Line[] = [];
      for (const { name, traces } of entries) {
        const [trace] = traces;
        if (!trace) continue;
        const measured = await this.probes.measure(trace, id, { layer: layerOf(trace, choice), from: 0 });
        if (measured.kind !== "series") continue;
        const origin = originOf(trace);
        const values = Array.from(measured.values);
        const scale = id === "step-length" ? mean(values.filter(Number.isFinite)) : 1;
        // A prompt of the language model is longer: what comes before the others begin would only make them small.
        const shown = measured.steps.map((step) => step - origin >= first);
        lines.push({ name, x: measured.steps.map((step) => step - origin).filter((_, i) => shown[i]), y: values.map((value) => value / scale).filter((_, i) => shown[i]) });
      }
      figures.set(id, { kind: "lines", title, x: { label: "token, 0 = the one behind which the answer stands", unit: "" }, y: measureAxes[id], lines });
    }
    return figures;
  }

  private changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}

function layerOf({ model }: Trace, choice: LayerChoice): number {
  return { embedding: 0, first: 1, last: model.layers }[choice];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
