/** What can be done at the selected step of a run: only what its mode allows. */
import type { Step } from "../../probes/trace.ts";
import { bareToken, formatNumber } from "../format.ts";
import type { Act, Source } from "./act.ts";
import type { LiveRun } from "../live-run.ts";
import { originOf, type Selection } from "../selection.ts";
import { holdsInWords } from "../views/picture/thought-ring.ts";
import { words } from "../words.ts";

/** What the reader has set for the acts that have a size. */
export interface ActSizes {
  /** Noise over the thought's norm. */
  readonly sigma: number;
  /** Tokens in a mixture. */
  readonly kept: number;
  /** How much of the way a push goes. */
  readonly scale: number;
  /** Seed of the other problem. */
  readonly other: number;
}

export interface Offer {
  readonly label: string;
  readonly act: Act;
}

export interface OfferGroup {
  /** The beginning of a sentence that each label ends. */
  readonly heading: string;
  readonly offers: readonly Offer[];
}

/** Corrupted tokens are offered by name, so many of them. */
const named = 4;

/**
 * @param others   runs of the same question in other modes, whose states can be put in
 * @param inside   whether the engine reaches the residual stream of this model
 */
export function offersAt(run: LiveRun, { step, layer }: Selection, sizes: ActSizes, others: readonly LiveRun[], inside = true): OfferGroup[] {
  const origin = originOf(run);
  const at = run.steps[origin + step];
  if (!at) return [];
  const groups: OfferGroup[] = [];
  if (at.phase === "thought") groups.push(...(run.mode === "latent" ? thoughtOffers(run, at, step, sizes, others) : tokenOffers(run, at, step)));
  if (inside) groups.push(stateOffers(run, step, layer, sizes, others));
  return groups;
}

function thoughtOffers(run: LiveRun, at: Step, thought: number, { sigma, kept, scale, other }: ActSizes, others: readonly LiveRun[]): OfferGroup[] {
  const problem: Source = { kind: "problem", seed: other };
  const replace = (source: Source): Act => ({ kind: "replace", thought, by: "source", source });
  const last = run.steps.filter(({ phase }) => phase === "thought").length;
  const order = Array.from({ length: last }, (_, i) => (i + 1 === thought ? thought + 1 : i === thought ? thought : i + 1));
  return [
    {
      heading: `What if thought ${thought}${at.holds ? ` (${holdsInWords(at.holds, 2)})` : ""} were`,
      offers: [
        { label: "its likeliest token", act: { kind: "replace", thought, by: "argmax" } },
        { label: `a mixture of its ${kept} likeliest`, act: { kind: "replace", thought, by: "soft", kept } },
        ...(run.request.problem ? [{ label: `that of problem ${other}`, act: replace(problem) }] : []),
        ...others.filter(({ mode }) => mode === "cot").map(({ mode }): Offer => ({ label: `the token that the ${words.modes[mode].name} has there`, act: replace({ kind: "mode", mode }) })),
        ...(thought > 1 ? [{ label: "the mean of those before", act: { kind: "replace", thought, by: "mean" } } as const] : []),
        { label: `itself with noise of ${sigma} × its norm`, act: { kind: "replace", thought, by: "noise", sigma } },
        { label: "a random vector", act: replace({ kind: "random" }) },
        { label: "zeros", act: replace({ kind: "zero" }) },
      ],
    },
    {
      heading: "Or were",
      offers: [
        { label: "left out", act: { kind: "skip", thought } },
        { label: "fed in twice", act: { kind: "repeat", thought, times: 1 } },
        ...(thought < last ? [{ label: "swapped with the next", act: { kind: "reorder", order } } as const] : []),
        ...(run.request.problem ? [{ label: `pushed ${scale} × of the way to that of problem ${other}`, act: { kind: "steer", thought, source: problem, scale } } as const] : []),
      ],
    },
  ];
}

function tokenOffers(run: LiveRun, at: Step, token: number): OfferGroup[] {
  const before = run.steps[at.index - 1];
  const alternatives = (before?.top ?? []).filter((other) => other.token !== at.token && bareToken(other.text) !== "").slice(0, named);
  return [
    {
      heading: `What if token ${token}, “${bareToken(at.text)}”, were`,
      offers: [
        ...alternatives.map((other): Offer => ({ label: `“${bareToken(other.text)}”`, act: { kind: "corrupt", token, by: other.token } })),
        { label: "another likely one, by chance", act: { kind: "corrupt", token, by: null } },
      ],
    },
    {
      heading: "Or the chain ended, and the answer were asked for,",
      offers: [
        { label: "before it", act: { kind: "truncate", after: token - 1 } },
        { label: "behind it", act: { kind: "truncate", after: token } },
      ],
    },
  ];
}

function stateOffers(run: LiveRun, step: number, layer: number, { scale, other }: ActSizes, others: readonly LiveRun[]): OfferGroup {
  const patch = (source: Source): Act => ({ kind: "patch", step, layer, source });
  const problem: Source = { kind: "problem", seed: other };
  return {
    heading: `Inside the network, what if the state at step ${formatNumber(step)}, ${layer === 0 ? "the embedding" : `layer ${layer}`}, were`,
    offers: [
      ...(run.request.problem
        ? [
            { label: `that of problem ${other}`, act: patch(problem) },
            { label: `pushed ${scale} × of the way to it`, act: { kind: "push", step, layer, source: problem, scale } } as const,
          ]
        : []),
      ...others.filter(({ mode }) => mode !== run.mode).map(({ mode }): Offer => ({ label: `that of ${words.modes[mode].name}`, act: patch({ kind: "mode", mode }) })),
      { label: "a random vector", act: patch({ kind: "random" }) },
      { label: "zeros", act: patch({ kind: "zero" }) },
    ],
  };
}
