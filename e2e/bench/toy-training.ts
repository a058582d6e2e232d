/**
 * Training steps of a toy in the tab against PyTorch on one thread: the same
 * parameters, batch, loss and optimiser, in turns, so that a busy machine slows both.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { pythonWithTorch, root } from "../../tools/setup.mjs";
import { onBenchPage } from "./bench-page.ts";
import { type Bar, type Detailed, median, type Measure } from "./measure.ts";
import type { Steps, ToyWork } from "./page/toys.worker.ts";

const rate = 1e-3;
const rounds = 7;
/** Shortest round, s: PyTorch's and ours each take about as long. */
const roundSeconds = 0.25;

interface PyTorch {
  steps(count: number): Promise<Steps>;
  close(): void;
}

async function startPyTorch(work: ToyWork): Promise<PyTorch> {
  const python = await pythonWithTorch();
  if (python === null) throw new Error("bench: expected a Python with PyTorch to compare with, got none; install python3-torch");
  const child = spawn(python, ["tools/toys/speed.py"], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(`${JSON.stringify(work)}\n`);
  return {
    async steps(count) {
      child.stdin.write(`${count}\n`);
      const { done, value } = await lines.next();
      if (done) throw new Error("bench: expected PyTorch to answer, got the end of its output");
      return JSON.parse(value) as Steps;
    },
    close: () => child.kill(),
  };
}

/**
 * PyTorch's time for a step over ours; beside it the ms of a step of each, and
 * of our first step, which compiles.
 */
export function toyTraining(toy: string, bar: Bar): Measure {
  return {
    name: `toy-training-${toy}`,
    unit: "ratio",
    bar,
    run: (stage) =>
      onBenchPage(stage, async (page): Promise<Detailed> => {
        const work = await page.evaluate(([name, learningRate]) => bench.openToy(name, learningRate), [toy, rate] as const);
        const torch = await startPyTorch(work);
        const programs = { ours: (count: number): Promise<Steps> => page.evaluate((n) => bench.toySteps(n), count), torch: torch.steps };
        try {
          const first = await programs.ours(1);
          await programs.torch(1);
          // The same number of steps for both, so that the losses stay comparable.
          const [one, other] = [await programs.ours(3), await programs.torch(3)];
          const count = Math.ceil((3 * roundSeconds) / Math.min(one.seconds, other.seconds));
          const times: { ours: number; torch: number }[] = [];
          for (let round = 0; round < rounds; round++) {
            const [ours, theirs] = [await programs.ours(count), await programs.torch(count)];
            if (!(Math.abs(ours.loss / theirs.loss - 1) < 0.02)) throw new Error(`${toy}: expected the same loss from the same work, got ${ours.loss}, and ${theirs.loss} from PyTorch`);
            times.push({ ours: ours.seconds / count, torch: theirs.seconds / count });
          }
          return {
            value: median(times.map(({ ours, torch }) => torch / ours)),
            details: new Map([
              ["step-ms", 1000 * median(times.map(({ ours }) => ours))],
              ["pytorch-step-ms", 1000 * median(times.map(({ torch }) => torch))],
              ["first-step-ms", 1000 * first.seconds],
            ]),
          };
        } finally {
          torch.close();
        }
      }),
  };
}
