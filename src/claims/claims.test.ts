/** The state of the claims page, over an engine made for the test. */
import { expect, test } from "vitest";
import type { ClaimRun } from "../../workers/claims/evidence.ts";
import type { ClaimRecord, JudgedRun } from "../../workers/claims/service.ts";
import { Claims, type ClaimsEngine, type Keeper } from "./claims.ts";

const records = [{ id: "slow", seconds: 20 }, { id: "quick", seconds: 2 }, { id: "broken", seconds: 5 }] as unknown as ClaimRecord[];
const runOf = (id: string, sabotaged = false): ClaimRun => ({ id, seeds: [1], size: "live", sabotaged, evidence: { quantities: [], figures: [] }, date: "", milliseconds: 4000 });

/** Runs end when `finish` is called, except that of `broken`, which fails. */
class TestEngine implements ClaimsEngine {
  readonly began: string[] = [];
  private ends: { resolve: () => void; reject: (error: Error) => void } | null = null;
  list = () => Promise.resolve([...records]);
  recorded = () => Promise.resolve(null);
  judge = (id: string) => (id === "old" ? Promise.reject(new Error("no such quantity")) : Promise.resolve({ verdict: "mixed" as const, reason: "r" }));
  run: ClaimsEngine["run"] = ({ id, sabotaged = false }) => {
    this.began.push(sabotaged ? `${id}, sabotaged` : id);
    if (id === "broken") return Promise.reject(new Error("it broke"));
    return new Promise<JudgedRun>((resolve, reject) => {
      this.ends = { resolve: () => resolve({ run: runOf(id, sabotaged), judgement: { verdict: sabotaged ? "refutes" : "supports", reason: "r" } }), reject };
    });
  };
  stop = () => this.ends?.reject(Object.assign(new Error("stopped"), { name: "AbortError" }));
  async finish(): Promise<void> {
    this.ends?.resolve();
    await settle();
  }
}
const settle = (): Promise<void> => new Promise((done) => setTimeout(done, 1));

function setUp(kept: ClaimRun[] = []): { claims: Claims; engine: TestEngine; store: Map<string, ClaimRun> } {
  const store = new Map(kept.map((run) => [run.id, run]));
  const keeper: Keeper = { all: () => Promise.resolve([...store.values()]), keep: (run) => Promise.resolve(void store.set(run.id, run)), forget: (id) => Promise.resolve(void store.delete(id)) };
  const engine = new TestEngine();
  return { claims: new Claims(engine, keeper), engine, store };
}

test("what was kept is judged anew; what no longer fits is forgotten", async () => {
  const unfit = { ...runOf("quick") };
  const { claims, engine, store } = setUp([runOf("slow"), unfit, runOf("gone")]);
  engine.judge = (id) => (id === "quick" ? Promise.reject(new Error("no such quantity")) : Promise.resolve({ verdict: "mixed", reason: "r" }));
  await claims.start();
  expect([claims.verdict("slow"), claims.verdict("quick"), claims.verdict("gone")]).toEqual(["mixed", null, null]);
  expect([...store.keys()]).toEqual(["slow", "gone"]);
});
test("all run, quickest first; a broken one says so and the rest goes on; the time left follows the pace", async () => {
  const { claims, engine, store } = setUp();
  await claims.start();
  claims.runAll(claims.records!);
  expect(claims.queue).toEqual({ done: 0, of: 3, secondsLeft: 27 });
  await engine.finish();
  await settle();
  expect(engine.began).toEqual(["quick", "broken", "slow"]);
  expect(claims.errors.get("broken")).toBe("it broke");
  // Two seconds were named and four were taken: so for the other twenty.
  expect(claims.queue).toEqual({ done: 2, of: 3, secondsLeft: 40 });
  await engine.finish();
  expect([claims.running, claims.verdict("slow"), claims.verdict("quick"), claims.verdict("broken")]).toEqual([null, "supports", "supports", null]);
  expect([...store.keys()]).toEqual(["quick", "slow"]);
});
test("stop empties the line, and says nothing of an error", async () => {
  const { claims, engine } = setUp();
  await claims.start();
  claims.run({ id: "slow" }, { id: "quick" }, { id: "slow" });
  expect([claims.isBusy("quick"), claims.waiting.length]).toEqual([true, 1]);
  claims.stop();
  await settle();
  expect([claims.running, claims.waiting.length, claims.errors.size, engine.began]).toEqual([null, 0, 0, ["slow"]]);
});
test("a sabotaged run is kept apart, and not in the browser", async () => {
  const { claims, engine, store } = setUp();
  await claims.start();
  claims.run({ id: "quick", sabotaged: true });
  await engine.finish();
  expect([claims.verdict("quick"), claims.sabotaged.get("quick")?.judgement.verdict, store.size]).toEqual([null, "refutes", 0]);
});
test("without a worker there is a word about it, and a second try", async () => {
  const { claims, engine } = setUp();
  engine.list = () => Promise.reject(new Error("the claims worker crashed"));
  await claims.start();
  expect([claims.records, claims.error]).toEqual([null, "the claims worker crashed"]);
  engine.list = () => Promise.resolve(records);
  await claims.start();
  expect(claims.records?.length).toBe(3);
});
