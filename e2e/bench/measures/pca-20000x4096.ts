/** Exact PCA of 20,000 points of 4,096 dimensions, the most that is promised: two components, on one core, variance falling as 1/rank. */
import { Random } from "../../../probes/random.ts";
import { tensor } from "../../../probes/tensor.ts";
import { fitPca } from "../../../probes/projection/pca.ts";
import type { Measure } from "../measure.ts";

const [n, D] = [20_000, 4096];

const measure: Measure = {
  name: "pca-20000x4096",
  unit: "s CPU",
  bar: { atMost: 30 },
  run: () => {
    const random = new Random(1);
    const points = tensor([n, D]);
    // Uniform numbers take one draw each; PCA sees variances only.
    for (let i = 0; i < n * D; i++) points.data[i] = (random.uniform() - 0.5) / Math.sqrt(1 + (i % D));
    const start = process.cpuUsage().user;
    fitPca(points, 2);
    return Promise.resolve((process.cpuUsage().user - start) / 1e6);
  },
};
export default measure;
