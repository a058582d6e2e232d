/** The page's end of the claims worker, with workers that answer, stay silent or crash. */
import { expose } from "comlink";
import { expect, test } from "vitest";
import type { Claim } from "./claims/claim.ts";
import { ClaimsService } from "./claims/service.ts";
import { type ClaimsHandle, connectClaims } from "./connect-claims.ts";

const claim: Claim = {
  id: "A1", system: "general", title: "?", statement: { en: "", zh: "" }, expectation: { verdict: "supports", text: "", sources: [] }, data: "", model: "", measurement: "", rule: "",
  thresholds: {}, seeds: [1], seconds: 1, doesNotShow: "", wouldChange: "", sabotage: { what: "", verdict: "refutes" },
  run: async ({ progress }) => {
    await progress(0.5, "half");
    return { quantities: [{ id: "x", label: "x", value: 1, unit: "1" }], figures: [{ kind: "bars", title: "x", y: { label: "x", unit: "" }, categories: ["a"], bars: [{ name: "x", values: [NaN] }] }] };
  },
  judge: () => ({ verdict: "supports", reason: "one" }),
};
/** Hears `stop` never, as a long compilation would. */
const deaf: Claim = { ...claim, id: "deaf", run: () => new Promise(() => undefined) };

class ClaimsWorker extends ClaimsService {
  base = "";
  setBase(base: string): void {
    this.base = base;
  }
}

/** A worker without a thread: the service behind a message channel. */
class FakeWorker extends EventTarget {
  terminated = false;
  readonly service = new ClaimsWorker({ claims: [claim, deaf], loadModel: () => Promise.reject(new Error("none")) });
  private readonly port: MessagePort;
  constructor() {
    super();
    const { port1, port2 } = new MessageChannel();
    expose(this.service, port1);
    this.port = port2;
    port2.addEventListener("message", (event) => this.dispatchEvent(new MessageEvent("message", { data: event.data as unknown })));
    port2.start();
  }
  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer);
  }
  terminate(): void {
    this.terminated = true;
    this.port.close();
  }
}

function connected(): { workers: FakeWorker[]; claims: ClaimsHandle } {
  const workers: FakeWorker[] = [];
  const create = (): Worker => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker as unknown as Worker;
  };
  return { workers, claims: connectClaims({ create, base: "http://localhost/app/", patience: 20 }) };
}

test("records, progress and evidence cross; the worker is told where the page lives", async () => {
  const { workers, claims } = connected();
  expect((await claims.list()).map(({ id }) => id)).toEqual(["A1", "deaf"]);
  const seen: number[] = [];
  const { run, judgement } = await claims.run({ id: "A1" }, ({ done }) => seen.push(done));
  expect([run.evidence.figures[0]!.kind, judgement.verdict, workers.length, workers[0]!.service.base]).toEqual(["bars", "supports", 1, "http://localhost/app/"]);
  expect(await claims.judge("A1", run.evidence, {})).toEqual({ verdict: "supports", reason: "one" });
  expect(seen).toEqual([0.5]);
  claims.terminate();
});
test("a run that does not hear stop is ended with its worker, as stopped; the next one has a new worker", async () => {
  const { workers, claims } = connected();
  const run = claims.run({ id: "deaf" }, () => undefined);
  const caught = expect(run).rejects.toMatchObject({ name: "AbortError" });
  await new Promise((done) => setTimeout(done, 5));
  claims.stop();
  await caught;
  expect(workers[0]!.terminated).toBe(true);
  expect((await claims.run({ id: "A1" }, () => undefined)).judgement.verdict).toBe("supports");
  expect(workers.length).toBe(2);
  claims.terminate();
});
test("stop spares the run that begins after it", async () => {
  const { workers, claims } = connected();
  const stopped = claims.run({ id: "deaf" }, () => undefined);
  const caught = expect(stopped).rejects.toThrow();
  claims.stop();
  await caught;
  const later = claims.run({ id: "A1" }, () => undefined);
  expect((await later).run.id).toBe("A1");
  await new Promise((done) => setTimeout(done, 40));
  expect(workers.at(-1)!.terminated).toBe(false);
  claims.terminate();
});
test("a crash rejects what is under way and says so; after terminate nothing runs", async () => {
  const { workers, claims } = connected();
  const run = claims.run({ id: "deaf" }, () => undefined);
  const caught = expect(run).rejects.toThrow("the claims worker crashed: out of memory");
  workers[0]!.dispatchEvent(Object.assign(new Event("error"), { message: "out of memory" }));
  await caught;
  claims.terminate();
  await expect(claims.list()).rejects.toThrow("got one that was ended");
});
