import { test } from "./contract/fixtures.ts";
test("load times", async ({ contractPage: page }) => {
  for (let i = 0; i < 3; i++) {
    const r = await page.evaluate(async () => {
      const t = performance.now();
      const rep = await contract.open("w", "webllm", { source: "embedded", id: "geodesic/nano", device: "webgpu", dtype: "q0f32" });
      return { ms: rep.milliseconds, all: performance.now() - t };
    });
    console.log(JSON.stringify(r));
  }
  const t = await page.evaluate(async () => {
    const out: number[] = [];
    for (let k = 0; k < 3; k++) { const s = performance.now(); await contract.forward("w", Array.from({ length: 20 }, (_, i) => [i])); out.push((performance.now() - s) / 20); }
    const s = performance.now(); await contract.forward("w", [Array.from({ length: 40 }, (_, i) => i)]); out.push(performance.now() - s);
    return out;
  });
  console.log("ms per captured step", t.slice(0, 3), "prefill 40", t[3]);
});
