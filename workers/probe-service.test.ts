import { expose, proxy, wrap } from "comlink";
import { expect, test } from "vitest";
import { probe as findProbe } from "../probes/index.ts";
import { populationRow } from "../probes/population/row.ts";
import { Random } from "../probes/random.ts";
import { tensor, type Tensor } from "../probes/tensor.ts";
import { exampleTrace } from "../probes/trace.example.ts";
import { connectProbes } from "./connect-probes.ts";
import { ProbeService, type ProjectProgress } from "./probe-service.ts";

function cloud(n: number, D: number): Tensor {
  const random = new Random(1);
  return tensor([n, D], Float32Array.from({ length: n * D }, () => random.normal()));
}

test("measures by the probe's id", () => {
  const m = new ProbeService().measure(exampleTrace({ steps: 6 }), "step-length", { layer: 1, from: 2 });
  expect(m.kind === "series" && m.steps).toEqual([3, 4, 5]);
  expect(() => new ProbeService().measure(exampleTrace(), "no-such", { layer: 0, from: 0 })).toThrow("got \"no-such\"");
});
test("all measures of a run, and one at every step and layer", async () => {
  const trace = exampleTrace({ steps: 9, layers: 2, hiddenSize: 4 });
  const service = new ProbeService();
  const all = await service.runMeasures(trace, { seed: 1, from: 1 });
  expect([all!.layers, all!.states]).toEqual([[0, 1, 2], 8]);
  expect(service.runMeasure(trace, "turning-angle", 1)).toEqual(all!.measures.get("turning-angle"));
  const stopped = service.runMeasures(exampleTrace({ steps: 400, layers: 2, hiddenSize: 900 }), { seed: 1 }, () => service.stop());
  expect(await stopped).toBeNull();
});
test("a population: rows come in, curves and comparisons go out", async () => {
  const service = new ProbeService();
  const ids = ["directness", "entropy"];
  const cells = [{ mode: "cot" as const }, { mode: "latent" as const }];
  service.beginPopulation(ids, 2);
  const rows = Array.from({ length: 6 }, (_, i) =>
    populationRow(i, cells.map(({ mode }, c) => exampleTrace({ steps: 9, layers: 2, hiddenSize: 5, mode, seed: 10 * i + c })), [], { probes: ids.map(findProbe), start: "question", draws: 1, steps: 20, keepLast: true }, new Random(i)));
  service.addToPopulation("model", rows.slice(0, 2));
  service.addToPopulation("model", rows.slice(2));
  service.addToPopulation("untrained", rows.slice(0, 3));
  const view = service.viewPopulation({ measures: [{ probe: "directness", correction: "raw", over: "layers" }, { probe: "entropy", correction: "matched", over: "layers" }], layer: 1, band: "problems", nullsOf: 1 });
  expect([view.problems, view.untrainedProblems, view.cells[0]!.states]).toEqual([6, 3, 8]);
  const [direct, entropy] = view.measures;
  expect(direct!.nulls.map((n) => n.kind)).toEqual(["shuffled", "walk", "untrained"]);
  expect(direct!.curves.map((c) => [...c.n])).toEqual([[6, 6, 6], [6, 6, 6]]);
  expect([direct!.comparisons.length, direct!.summaries[0]!.n, entropy!.nulls.map((n) => n.kind)]).toEqual([1, 6, ["untrained"]]);
  expect(view.flows[0]).toMatchObject({ a: 0, b: 1, n: 6 });
  const clouds = await service.populationClouds([0, 2]);
  expect(clouds!.cells.map((c) => [c.cell, c.layer, c.n])).toEqual([[0, 0, 6], [1, 0, 6], [0, 2, 6], [1, 2, 6]]);
  expect(() => service.viewPopulation({ measures: [{ probe: "two-nn", correction: "raw", over: "layers" }], layer: 0, band: "mean", nullsOf: 0 })).toThrow("measure it first");
});
test("PCA in one step", async () => {
  const p = await new ProbeService().project({ points: cloud(30, 8), method: "pca", seed: 1 });
  expect([p.coordinates.shape, p.components?.shape, p.explained?.length, p.epochs, p.stopped]).toEqual([[30, 2], [2, 8], 2, 0, false]);
  expect([p.neighbours, p.trustNeighbours]).toEqual([14, 14]);
  expect(p.trustworthiness).toBeGreaterThan(0.5);
});
test("two points are drawn, and nothing is claimed of them", async () => {
  for (const method of ["pca", "umap"] as const) {
    const p = await new ProbeService().project({ points: cloud(2, 8), method, seed: 1 });
    expect(p.coordinates.data.every(Number.isFinite)).toBe(true);
    expect([p.trustworthiness, p.continuity, p.trustNeighbours]).toEqual([NaN, NaN, 0]);
  }
});
test("a wrong request says what is wrong", async () => {
  const service = new ProbeService();
  await expect(service.project({ points: tensor([4]), method: "pca", seed: 1 })).rejects.toThrow("expected points [n, D]");
  await expect(service.project({ points: cloud(3, 2), method: "tsne" as "pca", seed: 1 })).rejects.toThrow("got tsne");
  await expect(service.project({ points: cloud(3, 2), method: "pca", seed: 1, k: 0 })).rejects.toThrow("k of at least 1");
});
test("UMAP reports progress to its end, and the layout does not depend on the batches", async () => {
  const seen: number[] = [];
  const request = { points: cloud(40, 6), method: "umap", seed: 3, epochs: 200 } as const;
  const p = await new ProbeService().project(request, ({ epoch, epochs }) => { seen.push(epoch); expect(epochs).toBe(200); });
  expect([p.epochs, p.stopped, p.explained, p.neighbours, seen.at(-1)]).toEqual([200, false, null, 15, 200]);
  expect((await new ProbeService().project(request)).coordinates).toEqual(p.coordinates);
});
test("Isomap, plane and answer axis: judged, with what a reader must know", async () => {
  const service = new ProbeService();
  const points = cloud(60, 8);
  for (const request of [
    { method: "isomap" },
    { method: "plane", states: [0, 1, 2] },
    { method: "answer-axis", axis: { groups: Array.from({ length: 60 }, (_, i): 0 | 1 => (i % 2 ? 1 : 0)) } },
  ] as const) {
    const p = await service.project({ points, seed: 1, ...request });
    expect([p.method, p.coordinates.shape, p.judged, p.stopped]).toEqual([request.method, [60, 2], 60, false]);
    for (const x of [p.trustworthiness, p.continuity, p.stress, p.geodesic]) expect(x).toBeGreaterThan(0);
    expect(p.explained === null).toBe(request.method === "isomap");
    expect(p.remarks.length).toBe(request.method === "answer-axis" ? 1 : 0);
  }
  await expect(service.project({ points, method: "plane", seed: 1 })).rejects.toThrow("expected three states");
  await expect(service.project({ points, method: "answer-axis", seed: 1 })).rejects.toThrow("expected axis");
});
test("new points are placed in what was kept, where the fitted ones lie", async () => {
  const service = new ProbeService();
  const points = cloud(60, 8);
  const few = tensor([5, 8], points.data.slice(0, 40));
  for (const method of ["pca", "isomap", "umap"] as const) {
    const p = await service.project({ points, method, seed: 1, epochs: 60, keep: method });
    const placed = service.place(method, few);
    expect(placed.shape).toEqual([5, 2]);
    placed.data.forEach((x, i) => expect(Math.abs(x - p.coordinates.data[i]!)).toBeLessThan(1e-3));
  }
  service.forget("pca");
  expect(() => service.place("pca", few)).toThrow("(isomap, umap), got \"pca\"");
});
test("seeds side by side are the single layouts", async () => {
  const service = new ProbeService();
  const request = { points: cloud(40, 6), method: "umap", seed: 0, epochs: 30 } as const;
  const seen = new Set<number>();
  const both = await service.projectSeeds(request, [1, 2], (seed) => void seen.add(seed));
  expect(both.map((p) => p.seed)).toEqual([1, 2]);
  expect([...seen]).toEqual([1, 2]);
  expect(both[1]).toEqual(await service.project({ ...request, seed: 2 }));
  await expect(service.projectSeeds({ ...request, method: "pca" }, [1])).rejects.toThrow("only its picture depends on the seed");
});
test("a long PCA tells its steps and can be stopped; without a picture it rejects", async () => {
  const service = new ProbeService();
  const phases = new Set<string>();
  const request = { points: cloud(3000, 600), method: "pca", seed: 1 } as const;
  const stopped = service.project(request, undefined, ({ phase }) => {
    phases.add(phase);
    service.stop();
  });
  await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
  expect([...phases]).toEqual(["components"]);
});
test("stop ends the layout, with what there is; the next one runs", async () => {
  const service = new ProbeService();
  const request = { points: cloud(200, 6), method: "umap", seed: 3, epochs: 100_000 } as const;
  const p = await service.project(request, () => service.stop());
  expect(p.stopped).toBe(true);
  expect(p.epochs).toBeLessThan(100_000);
  expect(p.coordinates.data.every(Number.isFinite)).toBe(true);
  expect((await service.project({ ...request, epochs: 5 })).stopped).toBe(false);
});
test("before umap-js builds its graph, it is told and can be stopped", async () => {
  const service = new ProbeService();
  const request = { points: cloud(40, 6), method: "umap", seed: 3, epochs: 5 } as const;
  await expect(service.project(request, undefined, () => service.stop())).rejects.toMatchObject({ name: "AbortError" });
  await expect(service.projectSeeds(request, [1, 2], undefined, () => service.stop())).rejects.toMatchObject({ name: "AbortError" });
  let graphs = 0;
  const begun = await service.projectSeeds(request, [1, 2], undefined, ({ phase }) => { if (phase === "graph" && ++graphs === 2) service.stop(); });
  expect(begun.map((p) => [p.seed, p.epochs, p.stopped])).toEqual([[1, 5, false]]);
});
test("over Comlink: plain data cross, progress arrives, stop gets through", async () => {
  const { port1, port2 } = new MessageChannel();
  expose(new ProbeService(), port1);
  const remote = wrap<ProbeService>(port2);
  const progress: ProjectProgress[] = [];
  const done = remote.project(
    { points: cloud(100, 6), method: "umap", seed: 3, epochs: 1_000_000 },
    proxy((x: ProjectProgress) => {
      progress.push(x);
      void remote.stop();
    }),
  );
  expect((await done).stopped).toBe(true);
  expect(progress[0]!.coordinates.shape).toEqual([100, 2]);
  expect(await remote.measure(exampleTrace({ steps: 4 }), "entropy", { layer: 0, from: 0 })).toMatchObject({ kind: "series", steps: [0, 1, 2, 3] });
  port1.close();
  port2.close();
});

/** A worker without a thread: a service behind a message channel, or silence. */
class FakeWorker extends EventTarget {
  terminated = false;
  private readonly port: MessagePort | null;
  constructor(answers: boolean) {
    super();
    const { port1, port2 } = new MessageChannel();
    if (answers) expose(new ProbeService(), port1);
    this.port = answers ? port2 : null;
    port2.addEventListener("message", (event) => this.dispatchEvent(new MessageEvent("message", { data: event.data as unknown })));
    port2.start();
    if (!answers) port2.close();
  }
  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.port?.postMessage(message, transfer);
  }
  terminate(): void {
    this.terminated = true;
    this.port?.close();
  }
  crash(message: string): void {
    this.dispatchEvent(Object.assign(new Event("error"), { message }));
  }
}

test("a crash rejects the call under way, and the next call starts a new worker", async () => {
  const workers = [new FakeWorker(false), new FakeWorker(true)];
  let started = 0;
  const probes = connectProbes(() => workers[started++] as unknown as Worker);
  const call = probes.project({ points: cloud(5, 3), method: "pca", seed: 1 });
  workers[0]!.crash("out of memory");
  await expect(call).rejects.toMatchObject({ name: "ProbeError", message: expect.stringContaining("out of memory") as string });
  expect(workers[0]!.terminated).toBe(true);
  expect((await probes.project({ points: cloud(5, 3), method: "pca", seed: 1 })).coordinates.shape).toEqual([5, 2]);
  expect(started).toBe(2);
  probes.terminate();
  await expect(probes.measure(exampleTrace(), "entropy", { layer: 0, from: 0 })).rejects.toThrow("ended");
});
test("a large run crosses in pieces, and is measured as if it had crossed whole; two at once do not mix", async () => {
  const worker = new FakeWorker(true);
  const probes = connectProbes(() => worker as unknown as Worker);
  const [a, b] = [1, 2].map((seed) => exampleTrace({ steps: 60, layers: 5, hiddenSize: 800, seed }));
  expect(a!.activations.residPost.data.length).toBeGreaterThan(1 << 18);
  const [one, two] = await Promise.all([a!, b!].map((trace) => probes.runMeasures(trace, { seed: 1, draws: 2 })));
  const service = new ProbeService();
  expect(one).toEqual(await service.runMeasures(a!, { seed: 1, draws: 2 }));
  expect(two).toEqual(await service.runMeasures(b!, { seed: 1, draws: 2 }));
  expect(a!.activations.residPost.data.length).toBe(60 * 6 * 800);
  await expect(service.parcelMeasures({ seed: 1 })).rejects.toThrow("begin with beginTrace");
  probes.terminate();
});
test("stop without a worker starts none", () => {
  connectProbes(() => { throw new Error("started"); }).stop();
});
