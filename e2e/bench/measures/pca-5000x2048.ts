/**
 * Exact PCA of 5,000 points of 2,048 dimensions, two components, on one core:
 * the slower of two clouds, whose variance falls as 1/rank² (`steep`) and as
 * 1/rank (`flat`). `noise` is told beside them: equal variance everywhere has no
 * leading direction, and its shares lie 1e-5 apart.
 */
import { Random } from "../../../probes/random.ts";
import { tensor } from "../../../probes/tensor.ts";
import { fitPca } from "../../../probes/projection/pca.ts";
import type { Measure } from "../measure.ts";

const [n, D] = [5000, 2048];

function seconds(spread: (dimension: number) => number): number {
  const random = new Random(1);
  const points = tensor([n, D], Float32Array.from({ length: n * D }, (_, i) => random.normal() * spread(i % D)));
  const start = process.cpuUsage().user;
  fitPca(points, 2);
  return (process.cpuUsage().user - start) / 1e6;
}

const measure: Measure = {
  name: "pca-5000x2048",
  unit: "s CPU",
  bar: { atMost: 4 },
  run: () => {
    const steep = seconds((d) => 1 / (1 + d));
    const flat = seconds((d) => 1 / Math.sqrt(1 + d));
    const noise = seconds(() => 1);
    return Promise.resolve({ value: Math.max(steep, flat), details: new Map([["steep", steep], ["flat", flat], ["noise", noise]]) });
  },
};
export default measure;
