/**
 * Trains every architecture of the lab on every task and keeps what came of it in
 * `workers/lab/recorded/results.json`: `npx tsx tools/record-lab.ts`.
 *
 * What is there already is left alone, so it can be stopped and started again.
 *
 *   --seed N       of parameters and batches; default 1
 *   --only A,B     architectures, tasks, or architecture/task
 *   --seconds N    begins no training that might end later than this
 *   --again        trains also what is there
 *
 * Weights go to `build/lab/`, out of the repository; `pack-lab.ts` takes from there what is shipped.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { sequenceTasks } from "../probes/tasks/sequence/index.ts";
import { wilson } from "../probes/statistics/wilson.ts";
import { architectures } from "../workers/lab/architectures.ts";
import { type LessonRequest, recipe } from "../workers/lab/lesson.ts";
import type { LessonResult } from "../workers/lab/results.ts";
import { stepsToReach } from "../workers/lab/results.ts";
import { Student } from "../workers/lab/student.ts";
import { packWeights } from "../workers/toys/weights.ts";

const results = new URL("../workers/lab/recorded/results.json", import.meta.url);
const weights = new URL("../build/lab/", import.meta.url);

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" }, only: { type: "string" }, seconds: { type: "string" }, again: { type: "boolean", default: false } } });
const seed = Number(values.seed);
const only = values.only?.split(",");
const deadline = performance.now() + 1000 * Number(values.seconds ?? "Infinity");

function recorded(): LessonResult[] {
  return existsSync(results) ? (JSON.parse(readFileSync(results, "utf8")) as LessonResult[]) : [];
}

const same = (a: LessonRequest, b: LessonRequest): boolean => a.architecture === b.architecture && a.task === b.task && a.seed === b.seed;

/** One result a line: a change of one is a change of one line. */
function keep(result: LessonResult): void {
  const order = (r: LessonRequest): number => (sequenceTasks.findIndex(({ id }) => id === r.task) * 100 + architectures.findIndex(({ id }) => id === r.architecture)) * 1000 + r.seed;
  const all = [...recorded().filter((r) => !same(r, result)), result].sort((a, b) => order(a) - order(b));
  mkdirSync(new URL(".", results), { recursive: true });
  writeFileSync(results, `[\n${all.map((r) => JSON.stringify(r)).join(",\n")}\n]\n`);
}

/** How long a training of this architecture may take, s: as the longest one before, and a margin. */
function expected(architecture: string): number {
  const before = recorded().filter((r) => r.architecture === architecture).map(({ seconds }) => seconds);
  return 1.4 * Math.max(...before, before.length > 0 ? 0 : 50) + 5;
}

for (const task of sequenceTasks) {
  for (const { id: architecture } of architectures) {
    const request: LessonRequest = { architecture, task: task.id, seed };
    if (only && !only.some((name) => [architecture, task.id, `${architecture}/${task.id}`].includes(name))) continue;
    if (!values.again && recorded().some((r) => same(r, request))) continue;
    if (performance.now() + 1000 * expected(architecture) > deadline) process.exit(0);
    const student = new Student(request);
    for await (const { step } of student.study(recipe.steps)) if (step % 500 === 0) console.log(`  ${architecture} ${task.id} step ${step}: loss ${student.losses.at(-1)?.[1].toFixed(3)}, right ${student.progress.at(-1)?.correct} of ${student.progress.at(-1)?.of}`);
    const result = student.result(new Date().toISOString().slice(0, 10));
    keep(result);
    mkdirSync(weights, { recursive: true });
    writeFileSync(new URL(`${architecture}-${task.id}-${seed}.json`, weights), JSON.stringify(packWeights(student.weights())));
    student.dispose();
    const { correct, of } = result.accuracy.find(({ difficulty }) => difficulty === task.difficulty.initial)!;
    const [low, high] = wilson(correct, of);
    console.log(`${architecture} ${task.id} seed ${seed}: ${(correct / of).toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}], reached ${stepsToReach(result) ?? "not"}, ${result.parameters} parameters, ${result.seconds.toFixed(1)} s (${((1000 * result.seconds) / result.steps).toFixed(1)} ms a step)`);
  }
}
