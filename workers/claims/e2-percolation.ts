/**
 * E2: is emergence a percolation threshold?
 *
 * Facts "entity i has property j" are the edges of a bipartite graph of n entities
 * and m properties, each known with probability p. Beyond p_c = 1/√(nm) a giant
 * component connects a share S of all nodes; for n = m it solves, in the limit,
 *
 *   S = 1 − exp(−(p/p_c) S)
 *
 * There are two such worlds, and a model is trained on the known facts of both. That
 * i has j, where this is not among them, follows by steps i – j′ – i′ – j alone,
 * and so only for pairs within one component: about a share S². What the model
 * makes of it is measured on facts that it has not seen, against pairs of the two
 * worlds: inferred = 2 · AUROC − 1, 0 by guessing, at best about the share connected.
 *
 * The model is the smallest that can tell two worlds apart: a vector for each
 * entity and property, the score their product (a linear network of two layers on
 * one-hot input), trained with sampled negatives (Mikolov et al. 2013).
 *
 * Source: Lubana et al. 2024, arXiv:2408.12578; Erdős & Rényi 1960 for S.
 */
import { Random } from "../../probes/random.ts";
import { auroc } from "../../probes/statistics/auroc.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { valueOf, type Claim, type ClaimContext, type Evidence, type Quantity } from "./claim.ts";
import { decimals } from "./apparatus/numerals.ts";
import { lineOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";

const nodes = 200;
const worlds = 2;
/** p / p_c, with p_c = 1 / nodes. */
export const coverages = [0.5, 1, 1.5, 2, 2.5, 3, 4, 5];
/** Share of nodes in the largest component, of the claims table. */
const table: Readonly<Record<number, number>> = { 0.5: 0.02, 1: 0.12, 1.5: 0.61, 2: 0.8, 3: 0.94 };
const rate = 0.1;
const negatives = 4;

interface ModelKind {
  readonly id: string;
  readonly name: string;
  /** Numbers per entity and property. */
  readonly width: number;
  /** Share of the full training. */
  readonly training: number;
}

const models: readonly ModelKind[] = [
  { id: "small", name: "model of width 2", width: 2, training: 1 },
  { id: "short", name: "the same, a quarter of the training", width: 2, training: 0.25 },
  { id: "wide", name: "model of width 16", width: 16, training: 1 },
];

/** An entity and a property, numbered through all worlds. */
type Fact = readonly [entity: number, property: number];

/** Graphs per seed and coverage, in a live run. */
export const liveGraphs = 300;

export const claim: Claim = {
  id: "E2",
  system: "scaling",
  title: "Is emergence a percolation threshold?",
  statement: { en: "At the critical point the coverage of the manifold reaches the percolation threshold: scattered local knowledge is suddenly connected into one map, and from A→B and B→C emerges A→C.", zh: "模型对流形的覆盖密度达到了渗流阈值。分散的局部知识突然连通成一个全局一致的图谱" },
  expectation: {
    verdict: "mixed",
    text: "The facts do connect at a threshold, and no model can infer what is not connected. But where a model's own jump comes is a matter of the model too: of its size, and of how long it was trained.",
    sources: [{ text: "Lubana et al. 2024, arXiv:2408.12578: a percolation model of emergence" }, { text: "Brill 2024, arXiv:2412.07942" }],
  },
  data: `Two worlds of ${nodes} entities and ${nodes} properties; every fact of a world is known with probability p, from half of p_c = 1/${nodes} to five times that. As coverage grows, facts are added to those already known.`,
  model: "A vector for each entity and each property, of 2 or 16 numbers; the score of a fact is their product. Logistic loss, four sampled negatives per fact, plain gradient descent.",
  measurement: "Giant component: share of nodes in the largest component of a world, by union and find. Connected: share of unknown facts within one component. Inferred: 2 · AUROC − 1 of unknown facts against pairs across the worlds. Each jumps where its mean over seeds first reaches a half (between coverages by a straight line).",
  rule: "Supports where the model of width 2, after full and after a quarter of the training, jumps within same of where the facts connect. Refutes where it does not jump after full training. Else mixed.",
  thresholds: {
    same: { value: 0.3, unit: "p_c", meaning: "distance of two jumps that counts as none" },
  },
  seeds: [1, 2, 3, 4, 5],
  seconds: 6,
  doesNotShow: "How language models acquire abilities: here are two worlds of random facts and nothing else to go by. Nor that larger models infer less; this one has no reason to prefer a simple answer, and remembers.",
  wouldChange: "A model that infers whatever is connected, however long it was trained. In the sabotaged run nothing can be inferred, and there is no jump.",
  sabotage: { what: "Each fact is taught with a property drawn from either world.", verdict: "refutes" },

  run: (context) => measure(context, context.size === "full" ? { epochs: 600, graphs: 1000 } : { epochs: 200, graphs: liveGraphs }),

  judge(evidence, { same = NaN }) {
    const [connected, small, short] = ["connected", "small", "short"].map((id) => valueOf(evidence, `jump-${id}`)) as [number, number, number];
    const near = [small, short].filter((at) => Math.abs(at - connected) <= same).length;
    const place = (at: number): string => (Number.isNaN(at) ? "nowhere" : `at ${decimals(at)} p_c`);
    return {
      verdict: Number.isNaN(small) ? "refutes" : near === 2 ? "supports" : "mixed",
      reason: `Half of the unknown facts are connected ${place(connected)}; the model infers half of them ${place(small)}, after a quarter of the training ${place(short)} (the same: within ${same} p_c).`,
    };
  },
};

/** @param graphs  on which the giant component is measured, per seed and coverage */
export async function measure({ seeds, sabotaged, progress }: ClaimContext, { epochs, graphs }: { readonly epochs: number; readonly graphs: number }): Promise<Evidence> {
  const giant: number[][] = [];
  const connected: number[][] = [];
  const inferred = models.map(() => [] as number[][]);
  for (const [s, seed] of seeds.entries()) {
    const random = new Random(seed);
    giant.push(giantComponents(random, graphs));
    const ranks = drawRanks(random.fork("facts"));
    const lines = models.map(() => [] as number[]);
    const shares: number[] = [];
    for (const [c, coverage] of coverages.entries()) {
      const facts = ranks.filter(({ rank }) => rank < coverage / nodes).map(({ fact }) => fact);
      const trial = drawTrial(facts, random.fork(`trial ${coverage}`));
      shares.push(trial.connected);
      for (const [m, model] of models.entries()) {
        await progress((s + (c + m / models.length) / coverages.length) / seeds.length, `${model.name} learns ${facts.length} facts, seed ${seed}`);
        const draw = random.fork(`${model.id} ${coverage}`);
        const taught = sabotaged ? facts.map(([entity]): Fact => [entity, draw.integer(worlds * nodes)]) : facts;
        lines[m]!.push(inferredShare(trial, train(taught, model.width, Math.ceil(epochs * model.training), draw)));
      }
    }
    connected.push(shares);
    lines.forEach((line, m) => inferred[m]!.push(line));
  }
  await progress(1, "done");
  const jumpOf = (lines: readonly number[][]): Pick<Quantity, "value" | "n" | "unit"> => ({ value: jump(coverages.map((_, c) => mean(lines.map((line) => line[c]!)))), unit: "p_c", n: lines.length });
  return {
    quantities: [
      { id: "jump-connected", label: "where half of the unknown facts are connected", ...jumpOf(connected) },
      ...models.map(({ id, name }, m) => ({ id: `jump-${id}`, label: `where half of them are inferred, ${name}`, ...jumpOf(inferred[m]!) })),
      ...coverages.filter((coverage) => coverage in table).map((coverage) => overSeeds({ id: `giant-${coverage}`, label: `giant component at ${coverage} p_c`, unit: "1", reference: { value: table[coverage]!, source: `computed once for the claims table; ${giantShare(coverage).toFixed(3)} in the limit` } }, giant.map((line) => line[coverages.indexOf(coverage)]!))),
      overSeeds({ id: "connected", label: "unknown facts connected, at 3 p_c", unit: "1", reference: { value: giantShare(3) ** 2, source: "S² in the limit" } }, connected.map((line) => line[coverages.indexOf(3)]!)),
      ...models.map(({ id, name }, m) => overSeeds({ id, label: `unknown facts inferred, at 3 p_c, ${name}`, unit: "1" }, inferred[m]!.map((line) => line[coverages.indexOf(3)]!))),
    ],
    figures: [
      {
        kind: "lines",
        title: "What is connected, and what a model infers",
        x: { label: "coverage p / p_c", unit: "" },
        y: { label: "share of the unknown facts", unit: "" },
        lines: [
          ...models.map(({ name }, m) => lineOverSeeds(name, coverages, inferred[m]!)),
          lineOverSeeds("connected: all that can be inferred", coverages, connected, "theory"),
          { name: "guessing", role: "null", x: coverages, y: coverages.map(() => 0) },
        ],
      },
      {
        kind: "lines",
        title: "The giant component",
        x: { label: "coverage p / p_c", unit: "" },
        y: { label: "share of nodes", unit: "" },
        lines: [lineOverSeeds(`graphs of ${nodes} and ${nodes} nodes`, coverages, giant), { name: "S = 1 − exp(−S p/p_c)", role: "theory", x: coverages, y: coverages.map(giantShare) }],
      },
    ],
  };
}

/** Where a curve over the coverages first reaches a half, by straight lines; NaN where it does not. */
export function jump(values: readonly number[], level = 0.5): number {
  const i = values.findIndex((value) => value >= level);
  if (i <= 0) return i === 0 ? coverages[0]! : NaN;
  const [low, high] = [values[i - 1]!, values[i]!];
  return coverages[i - 1]! + ((level - low) / (high - low)) * (coverages[i]! - coverages[i - 1]!);
}

/** The largest solution of S = 1 − exp(−c S): 0 up to c = 1. */
export function giantShare(coverage: number): number {
  if (coverage <= 1) return 0;
  let S = 1;
  for (let i = 0; i < 1000; i++) S = 1 - Math.exp(-coverage * S);
  return S;
}

/** Mean share of the largest component over so many graphs, by coverage. */
export function giantComponents(random: Random, graphs: number): number[] {
  return coverages.map((coverage) => mean(Array.from({ length: graphs }, () => largestComponent(drawGraph(coverage / nodes, random)))));
}

/** Components of a bipartite graph by union and find: entities first, then properties. */
function components(size: number, facts: Iterable<Fact>): (node: number) => number {
  const parent = Int32Array.from({ length: 2 * size }, (_, i) => i);
  const find = (node: number): number => {
    while (parent[node] !== node) node = parent[node] = parent[parent[node]!]!;
    return node;
  };
  for (const [entity, property] of facts) parent[find(entity)] = find(size + property);
  return find;
}

/** The edges of one world of which each is there with probability p, from one to the next by geometric steps. */
function drawGraph(p: number, random: Random): Fact[] {
  const facts: Fact[] = [];
  for (let at = -1; ; ) {
    at += 1 + Math.floor(Math.log1p(-random.uniform()) / Math.log1p(-p));
    if (at >= nodes * nodes) return facts;
    facts.push([Math.floor(at / nodes), at % nodes]);
  }
}

export function largestComponent(facts: readonly Fact[], size = nodes): number {
  const find = components(size, facts);
  const counts = new Int32Array(2 * size);
  for (let node = 0; node < 2 * size; node++) counts[find(node)]!++;
  return Math.max(...counts) / (2 * size);
}

/** The facts of all worlds that the largest coverage knows, each with its rank: it is known where p exceeds that. */
function drawRanks(random: Random): { readonly fact: Fact; readonly rank: number }[] {
  const most = coverages.at(-1)! / nodes;
  return Array.from({ length: worlds }, (_, world) => drawGraph(most, random).map(([i, j]) => ({ fact: [world * nodes + i, world * nodes + j] as const, rank: most * random.uniform() }))).flat();
}

interface Trial {
  /** Facts of a world that are not known. */
  readonly unknown: readonly Fact[];
  /** Pairs across the worlds. */
  readonly across: readonly Fact[];
  /** Share of the unknown facts within one component. */
  readonly connected: number;
}

function drawTrial(facts: readonly Fact[], random: Random, pairs = 1000): Trial {
  const total = worlds * nodes;
  const known = new Set(facts.map(([i, j]) => i * total + j));
  const find = components(total, facts);
  const unknown: Fact[] = [];
  const across: Fact[] = [];
  while (unknown.length < pairs) {
    const i = random.integer(total);
    const j = Math.floor(i / nodes) * nodes + random.integer(nodes);
    if (!known.has(i * total + j)) unknown.push([i, j]);
    across.push([i, (j + nodes) % total]);
  }
  return { unknown, across, connected: unknown.filter(([i, j]) => find(i) === find(total + j)).length / pairs };
}

/** The score of a fact, after training on the given ones. */
function train(facts: readonly Fact[], width: number, epochs: number, random: Random): (fact: Fact) => number {
  const total = worlds * nodes;
  const vectors = (): Float64Array => Float64Array.from({ length: total * width }, () => 0.1 * random.normal());
  const [entities, properties] = [vectors(), vectors()];
  const score = (i: number, j: number): number => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += entities[i * width + k]! * properties[j * width + k]!;
    return sum;
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const [i, known] of random.shuffle(facts)) {
      for (let draw = 0; draw <= negatives; draw++) {
        const j = draw === 0 ? known : random.integer(total);
        const error = rate * (1 / (1 + Math.exp(-score(i, j))) - (draw === 0 ? 1 : 0));
        for (let a = i * width, b = j * width, end = a + width; a < end; a++, b++) {
          const entity = entities[a]!;
          entities[a] = entity - error * properties[b]!;
          properties[b]! -= error * entity;
        }
      }
    }
  }
  return ([i, j]) => score(i, j);
}

function inferredShare({ unknown, across }: Trial, score: (fact: Fact) => number): number {
  return 2 * auroc(unknown.map(score), across.map(score)) - 1;
}
