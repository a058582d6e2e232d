/** Every engine, as it runs in a browser, keeps the contract of a Decoder: the checks that the float64 reference passes in Node. */
import { decoderChecks, defaultCheckOptions } from "../workers/decoder-checks.test-support.ts";
import { editChecks } from "../workers/edit-checks.test-support.ts";
import { interventionCases, runsApart } from "../workers/intervention-cases.test-support.ts";
import { nanoDecoder } from "../workers/reference/nano.test-support.ts";
import { expect, test } from "./contract/fixtures.ts";
import type { EngineName } from "./contract/page/contract.worker.ts";
import type { AskedModel } from "./contract/page/main.ts";

/** Engine, device and weights; WebGPU is SwiftShader's here. */
const engines: readonly (readonly [EngineName, AskedModel["device"], string])[] = [
  ["transformers", "wasm", "fp32"],
  ["transformers", "wasm", "q4"],
  ["transformers", "webgpu", "fp32"],
  ["transformers", "webgpu", "q4"],
  ["webllm", "webgpu", "q0f32"],
  ["webllm", "webgpu", "q4f32_1"],
];

// Logits reach 40: float32 sums over the same weights differ by some 1e-5. Few tokens, since a step on SwiftShader takes up to 0.2 s.
const options = { ...defaultCheckOptions, tolerance: 1e-3, tokens: [3, 1, 4, 0, 5] };

for (const [engine, device, dtype] of engines) {
  test(`${engine}, ${device}, nano ${dtype}`, async ({ contractPage: page }) => {
    const model: AskedModel = { source: "embedded", id: "geodesic/nano", device, dtype };
    const report = await page.evaluate(([name, asked]) => contract.open("nano", name, asked), [engine, model] as const);
    expect(report.spec).toMatchObject({ engine, layers: 3, hiddenSize: 96, vocabSize: 64, contextLength: 256 });
    expect(report.tap).toMatchObject({ residuals: true, logits: true, latent: true, reason: null });
    expect(report.tensors).toHaveLength(4);
    const results = await page.evaluate((asked) => contract.checks("nano", "decoder", asked), options);
    expect(results.filter(([, error]) => error !== null)).toEqual([]);
    expect(results.map(([name]) => name)).toEqual(decoderChecks.map(({ name }) => name));
  });
}

// Both engines, in the browser that they run in: edits inside the network, then whole runs with every kind of intervention.
for (const [engine, device, dtype] of [engines[0]!, engines[4]!]) {
  test(`${engine}, ${device}: edits and interventions do what they do to the reference`, async ({ contractPage: page }) => {
    const model: AskedModel = { source: "embedded", id: "geodesic/nano", device, dtype };
    await page.evaluate(([name, asked]) => contract.open("nano", name, asked), [engine, model] as const);
    const results = await page.evaluate((asked) => contract.checks("nano", "edits", asked), options);
    expect(results).toEqual(editChecks.map(({ name }) => [name, null]));
    for (const { name, request, want } of await interventionCases(nanoDecoder())) {
      const got = await page.evaluate((asked) => contract.trace("nano", asked), request);
      expect(runsApart(got, want), name).toBeLessThan(1e-3);
    }
  });
}

test("WebLLM's own generation goes on rightly behind latent steps, and the decoder behind WebLLM's", async ({ contractPage: page }) => {
  await page.evaluate((asked) => contract.open("nano", "webllm", asked), { source: "embedded", id: "geodesic/nano", device: "webgpu", dtype: "q0f32" } as const);
  const [prompt, pieces] = [[3, 1, 4, 1, 5], [[9], [2, 6, 5], [8]]];
  const continued = (thoughts: number) => page.evaluate(([n, a, b]) => contract.continued("nano", a, n, b, 7), [thoughts, prompt, pieces] as const);
  const { webllm, decoder, length, behind } = await continued(3);
  expect(length).toBe(5 + 3 + 5);
  expect(webllm.map(({ length: vocabulary }) => vocabulary)).toEqual([64, 64, 64]);
  // The same kernels on the same numbers at the same positions: to the bit.
  expect(webllm).toEqual(decoder);
  expect(behind[0]).toEqual(behind[1]);
  // The thoughts are in what it says.
  expect((await continued(2)).webllm[0]).not.toEqual(webllm[0]);
});
