/**
 * Ships trained weights of the lab: `npx tsx tools/pack-lab.ts [task …] [--seed N]`
 * takes what `record-lab.ts` left in `build/lab/`, of all tasks where none is named,
 * rounds it to float16 into `workers/lab/recorded/`, and says what rounding did to the accuracy.
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { architectures } from "../workers/lab/architectures.ts";
import { Student, finalProblems } from "../workers/lab/student.ts";
import { decodeWeights, encodeWeights } from "../workers/lab/weights-file.ts";
import { sequenceTask, sequenceTasks } from "../probes/tasks/sequence/index.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: "string", default: "1" } } });
const tasks = positionals.length > 0 ? positionals.map((id) => sequenceTask(id)) : sequenceTasks;

let bytes = 0;
for (const [task, { id }] of tasks.flatMap((task) => architectures.map((architecture) => [task, architecture] as const))) {
  const trained = decodeWeights(new Uint8Array(readFileSync(new URL(`../build/lab/${id}-${task.id}-${values.seed}.safetensors`, import.meta.url))));
  const shipped = new URL(`../workers/lab/recorded/${id}-${task.id}.safetensors`, import.meta.url);
  writeFileSync(shipped, encodeWeights(trained, "F16"));
  bytes += statSync(shipped).size;
  const right = (weights: typeof trained.weights): string => {
    const student = new Student(trained, weights);
    const { correct, of } = student.examine(task.difficulty.initial, finalProblems);
    student.dispose();
    return `${correct} of ${of}`;
  };
  console.log(`${id} on ${task.id}: ${right(trained.weights)} right as trained, ${right(decodeWeights(new Uint8Array(readFileSync(shipped))).weights)} as shipped`);
}
console.log(`${bytes} bytes in all`);
