import { join } from "node:path";
import { readFolder } from "/work/main/models/folder.ts";
import { Random } from "/work/main/probes/random.ts";
import { row } from "/work/main/probes/tensor.ts";
import { ReferenceDecoder } from "/work/main/workers/reference/llama-decoder.ts";
import { test } from "/work/main/e2e/contract/fixtures.ts";
test("diag", async ({ contractPage: page }) => {
  const { model } = await readFolder("/work/main/models/nano");
  const random = new Random(11);
  const tokens = Array.from({ length: 40 }, () => random.integer(64));
  const tokenizer = { encode: () => [], decode: () => "", text: () => "", endTokens: [], chat: () => null };
  const want = await new ReferenceDecoder(model, tokenizer).forward(tokens, { capture: true });
  await page.evaluate(() => contract.open("w", "webllm", { source: "embedded", id: "geodesic/nano", device: "webgpu", dtype: "q0f32" }));
  const got = await page.evaluate((t) => contract.forward("w", [t.slice(0, 20), ...t.slice(20).map((x) => [x])]), tokens);
  const g = { shape: got.residPost.shape, data: Float32Array.from(got.residPost.data) };
  for (let t = 0; t < 40; t++) {
    const line = [0, 1, 2, 3].map((l) => {
      const a = row(g, t, l), b = row(want.residPost!, t, l);
      let m = 0, s = 0;
      a.forEach((v, i) => { m = Math.max(m, Math.abs(v - b[i]!)); s = Math.max(s, Math.abs(b[i]!)); });
      return `${m.toExponential(1)}/${s.toFixed(1)}`;
    });
    console.log(t, line.join("  "));
  }
});
