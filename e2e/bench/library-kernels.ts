/** The model library's kernels against naive ones: a forward pass of a model of 10 M parameters, interleaved in one run. */
import { forward, headDim } from "../kernels/forward.ts";
import { stepOf } from "../kernels/gpu.ts";
import { onBenchPage } from "./bench-page.ts";
import { type Detailed, median, quantile, type Measure } from "./measure.ts";

/** 10.2 M parameters, the head tied to the embedding. */
const sizes = { v: 2048, d: 384, layers: 6, nh: 6, nkv: 2, f: 1024, capacity: 256 };
const model = { headDim, epsilon: 1e-5 };

/** The median time of the library's pass over that of the naive one; beside it the ratio of the 10th percentiles, which a busy machine disturbs least, and ms. */
export function libraryKernels(name: string, n: number, position: number, rounds: number): Measure {
  return {
    name,
    unit: "ratio",
    bar: { atMost: 1 },
    run: (stage) =>
      onBenchPage(stage, async (page): Promise<Detailed> => {
        const passes = (["library", "naive"] as const).map((style) => forward(style, sizes, n, position));
        const lists = passes.map(({ launches }) => launches.map((launch) => stepOf(launch, model)));
        const buffers = [...new Map(passes.flatMap((pass) => [...pass.buffers]))];
        const [ours = [], naive = []] = await page.evaluate(([steps, floats, times]) => bench.kernelTimes(steps, floats, times), [lists, buffers, rounds] as const);
        const details = new Map([
          ["undisturbed", quantile(ours, 0.1) / quantile(naive, 0.1)],
          ["library-ms", median(ours)],
          ["naive-ms", median(naive)],
        ]);
        return { value: median(ours) / median(naive), details };
      }),
  };
}
