/**
 * Trains every architecture of the lab on every task and keeps what came of it in
 * `workers/lab/recorded/results.json`: `npx tsx tools/record-lab.ts`.
 *
 * What is there already is left alone, so it can be stopped and started again, and
 * several may run beside one another on parts of it.
 *
 *   --seed N       of parameters and batches; default 1
 *   --only A,B     architectures, tasks, or architecture/task
 *   --seconds N    stops after so long; a training under way goes on the next time
 *   --again        trains also what is there
 *
 * Each result, and the weights, go to `build/lab/` first; `pack-lab.ts` ships weights from there.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { wilson } from "../probes/statistics/wilson.ts";
import { sequenceTasks } from "../probes/tasks/sequence/index.ts";
import { architectures } from "../workers/lab/architectures.ts";
import { type LessonRequest, recipe } from "../workers/lab/lesson.ts";
import { type LessonResult, stepsToReach } from "../workers/lab/results.ts";
import { smoothing, Student, type StudentCheckpoint } from "../workers/lab/student.ts";
import { encodeWeights } from "../workers/lab/weights-file.ts";
import { type PackedWeights, packWeights, unpackWeights } from "../workers/toys/weights.ts";

const kept = new URL("../workers/lab/recorded/results.json", import.meta.url);
const made = new URL("../build/lab/", import.meta.url);

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" }, only: { type: "string" }, seconds: { type: "string" }, again: { type: "boolean", default: false } } });
const seed = Number(values.seed);
const only = values.only?.split(",");
const deadline = performance.now() + 1000 * Number(values.seconds ?? "Infinity");

const name = ({ architecture, task, seed }: LessonRequest): string => `${architecture}-${task}-${seed}`;

function recorded(): LessonResult[] {
  return existsSync(kept) ? (JSON.parse(readFileSync(kept, "utf8")) as LessonResult[]) : [];
}

/** Results in the table's order, one a line: a change of one is a change of one line. */
function gather(): void {
  const fresh = readdirSync(made).filter((file) => file.endsWith(".json")).map((file) => JSON.parse(readFileSync(new URL(file, made), "utf8")) as LessonResult);
  const all = new Map([...recorded(), ...fresh].map((result) => [name(result), result]));
  const place = ({ task, architecture, seed }: LessonRequest): number => (sequenceTasks.findIndex(({ id }) => id === task) * 100 + architectures.findIndex(({ id }) => id === architecture)) * 1000 + seed;
  const sorted = [...all.values()].sort((a, b) => place(a) - place(b));
  mkdirSync(new URL(".", kept), { recursive: true });
  writeFileSync(kept, `[\n${sorted.map((result) => JSON.stringify(result)).join(",\n")}\n]\n`);
}

type Written = Omit<StudentCheckpoint, "arrays"> & { readonly arrays: PackedWeights };

/** The student as it was left, or a new one. */
function student(request: LessonRequest): Student {
  const file = checkpointOf(request);
  if (!existsSync(file)) return new Student(request);
  const read = JSON.parse(readFileSync(file, "utf8")) as Written;
  return new Student(request, undefined, { ...read, arrays: unpackWeights(read.arrays) });
}

function checkpointOf(request: LessonRequest): URL {
  return new URL(`${name(request)}.checkpoint`, made);
}

mkdirSync(made, { recursive: true });
for (const task of sequenceTasks) {
  for (const { id: architecture } of architectures) {
    const request: LessonRequest = { architecture, task: task.id, seed };
    if (only && !only.some((wanted) => [architecture, task.id, `${architecture}/${task.id}`].includes(wanted))) continue;
    if (!values.again && recorded().some((result) => name(result) === name(request))) continue;
    const taught = student(request);
    for await (const { step } of taught.study(recipe.steps)) {
      if (step % 200 === 0) console.log(`  ${name(request)} step ${step}: loss ${taught.losses.at(-1)?.[1].toFixed(3)}, right ${taught.progress.at(-1)?.correct} of ${taught.progress.at(-1)?.of}`);
      const late = performance.now() >= deadline && step % smoothing === 0;
      // The last examination takes its time, too.
      if (!late && step < recipe.steps) continue;
      const { arrays, ...rest } = taught.checkpoint();
      writeFileSync(checkpointOf(request), JSON.stringify({ ...rest, arrays: packWeights(arrays) }));
      if (!late) continue;
      console.log(`  ${name(request)} goes on from step ${step}`);
      process.exit(0);
    }
    const result = taught.result(new Date().toISOString().slice(0, 10));
    writeFileSync(new URL(`${name(request)}.safetensors`, made), encodeWeights({ ...request, steps: result.steps, date: result.date, weights: taught.weights() }));
    writeFileSync(new URL(`${name(request)}.json`, made), JSON.stringify(result));
    rmSync(checkpointOf(request), { force: true });
    taught.dispose();
    gather();
    const { correct, of } = result.accuracy.find(({ difficulty }) => difficulty === task.difficulty.initial)!;
    const [low, high] = wilson(correct, of);
    console.log(`${name(request)}: ${(correct / of).toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}], reached ${stepsToReach(result) ?? "not"}, ${result.parameters} parameters, ${result.seconds.toFixed(1)} s (${((1000 * result.seconds) / result.steps).toFixed(1)} ms a step)`);
  }
}
