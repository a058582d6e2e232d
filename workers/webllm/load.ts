/** Loads a model into WebLLM, made to show its hidden states. */
import { MLCEngine, type InitProgressReport } from "@mlc-ai/web-llm";
import type { EngineRecord, ModelSpec } from "../../probes/trace.ts";
import { AbortError, type Decoder, EngineError, type LoadProgress, type LoadReport, type ModelRequest } from "../engine.ts";
import type { ModelName } from "../files/cached-models.ts";
import { hash } from "../files/digest.ts";
import { fetchFiles } from "../files/fetch-files.ts";
import { listModel } from "../files/list-model.ts";
import type { Fetch } from "../files/listing.ts";
import { Progress } from "../files/progress.ts";
import { pageBase } from "../page.ts";
import { difference, selfCheck, toleranceFor } from "../self-check.ts";
import { loadTokenizer } from "../tokenizer.ts";
import { type Pipeline, borrowPipeline, checkRelease, webllmVersion } from "./adapter.ts";
import { GpuHooks } from "./gpu-hooks.ts";
import { watchGpu } from "./gpu-watch.ts";
import { firstThatHolds } from "./first-that-holds.ts";
import { InstrumentTap } from "./instrument-tap.ts";
import { libraryInFolder, loadFromFolder, loadLibrary } from "./library-choice.ts";
import { findMlcFolder, readMlcConfig, shardsOf } from "./mlc-folder.ts";
import { usage } from "./store.ts";
import type { Tap } from "./tap.ts";
import { type ReadFile, libraryUrl, modelUrl, withVerifiedFiles } from "./verified-caches.ts";
import { WebllmDecoder, asEngineError } from "./webllm-decoder.ts";
import { WebgpuTap } from "./webgpu-tap.ts";

type Route = Tap["route"];

export interface LoadOptions {
  /** URL of the page's folder. */
  readonly base?: string;
  readonly fetch?: Fetch;
  /** Ways to read hidden states, in the order in which they are tried. */
  readonly routes?: readonly Route[];
}

/** WebLLM knows models by name; a worker has one at a time. */
const modelId = "geodesic";

/**
 * Downloads, verifies, uploads, compiles and checks a model.
 *
 * @throws EngineError where its hidden states cannot be read or do not hold together
 */
export async function loadWebllm(
  request: ModelRequest,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
  options: LoadOptions = {},
): Promise<{ decoder: Decoder; report: LoadReport }> {
  const began = performance.now();
  const fetcher: Fetch = options.fetch ?? ((url, init) => fetch(url, init));
  const base = options.base ?? pageBase();
  const progress = new Progress(onProgress);
  const stopped = (): void => {
    if (signal.aborted) throw new AbortError("load: stopped");
  };
  checkRelease();
  const adapter = await gpuAdapter(request);

  progress.enter("list");
  const listing = await listModel(request, { base, fetch: fetcher }, signal);
  const folder = findMlcFolder(listing, request);
  const small = [folder.config, folder.tensorCache, folder.tokenizer, ...folder.others];
  const model: ModelName = { id: request.id, kind: "webllm" };
  const first = await fetchFiles(listing, small, progress, signal, { model });
  const decoder = new TextDecoder();
  const texts = new Map(await Promise.all(small.map(async ({ path }) => [path.slice(folder.prefix.length), decoder.decode(await first.get(path))] as const)));
  const config = readMlcConfig(texts);
  if (/f16/.test(config.quantization) && !adapter.shaderF16) {
    throw new EngineError(`webgpu: expected a GPU with shader-f16 for ${config.quantization}, got ${adapter.name} without; choose the model's f32 build`);
  }
  const own = request.library === undefined ? libraryInFolder(listing, folder.prefix) : null;
  const library = own === null ? await loadLibrary(request, config.json, { fetch: fetcher, progress, signal }) : await loadFromFolder(listing, own, { progress, signal });
  const shards = shardsOf(listing, folder, texts.get(folder.tensorCache.path.slice(folder.prefix.length)) ?? "");
  const all = [...small, ...shards];
  progress.expect(all.reduce((n, { bytes }) => n + bytes, 0));
  const files = await fetchFiles(listing, all, progress, signal, { model });
  stopped();

  progress.enter("upload");
  const byUrl = new Map<string, ReadFile>(all.map(({ path }) => [modelUrl + path.slice(folder.prefix.length), () => files.get(path)]));
  // WebLLM knows the list of weights by today's name only.
  byUrl.set(`${modelUrl}tensor-cache.json`, () => files.get(folder.tensorCache.path));
  byUrl.set(libraryUrl, () => Promise.resolve(library.wasm));
  const tokenizer = await loadTokenizer(texts, config.endTokens);
  const logits: { last: Float32Array | null } = { last: null };
  const gpu: { hooks: GpuHooks | null } = { hooks: null };
  const watch = watchGpu((device) => (gpu.hooks = new GpuHooks(device)));
  const engine = new MLCEngine({
    appConfig: {
      model_list: [{ model: modelUrl, model_id: modelId, model_lib: libraryUrl, overrides: { context_window_size: config.contextLength } }],
      cacheBackend: "cache",
    },
    logLevel: "ERROR",
    initProgressCallback: ({ text }: InitProgressReport) => {
      if (text.startsWith("Loading GPU shader")) progress.enter("compile");
    },
    logitProcessorRegistry: new Map([
      [
        modelId,
        {
          processLogits: (given: Float32Array) => {
            logits.last = given.slice();
            return given;
          },
          processSampledToken: () => undefined,
          resetState: () => undefined,
        },
      ],
    ]),
  });
  const unload = (): void => void engine.unload();
  signal.addEventListener("abort", unload, { once: true });
  try {
    await withVerifiedFiles(byUrl, () => engine.reload(modelId));
    stopped();
    if (watch.lost !== null) throw new EngineError(`webllm: expected the GPU to take the model, got ${watch.lost}; close other pages or choose a smaller model`);
    progress.enter("compile");
    const pipeline = borrowPipeline(engine, modelId);
    const revision = listing.commit ?? (await hashOf(shards.map(({ path }) => path), files));
    const record: EngineRecord = { name: `WebLLM ${webllmVersion}`, runtime: library.name, device: "webgpu", adapter: adapter.name };
    const makers: Readonly<Record<Route, () => Tap>> = {
      instrument: () => new InstrumentTap(pipeline, (bytes) => zeros(pipeline, bytes)),
      webgpu: () => new WebgpuTap(pipeline, gpu.hooks as GpuHooks),
    };
    const makeTap = (route: Route): Tap => {
      try {
        return makers[route]();
      } catch (error) {
        // TVM's own errors, too: a library may not bear that its kernels are skipped.
        throw asEngineError(error);
      }
    };
    const attempt = async (route: Route, reason: string | null): Promise<{ decoder: Decoder; report: LoadReport }> => {
      let model: WebllmDecoder | null = null;
      try {
        const tap = makeTap(route);
        const spec: ModelSpec = {
          id: request.id,
          engine: "webllm",
          architecture: config.architecture,
          layers: tap.layers,
          hiddenSize: pipeline.hiddenSize,
          vocabSize: config.vocabSize,
          contextLength: pipeline.contextLength,
          quantization: config.quantization.replace(/^q0f/, "f"),
          source: request.source,
          revision,
        };
        model = new WebllmDecoder(spec, record, tokenizer, pipeline, tap, () => engine.unload());
        watch.onLost = (why) => model?.lose(why);
        progress.enter("check");
        await model.measure();
        stopped();
        const check = await selfCheck(model);
        if (check.embedding !== 0 || check.latent !== 0) {
          // The same kernels on the same numbers: anything else was fed, or read.
          throw new EngineError(`probe: expected embeddings that are read and fed back bit for bit, got differences of ${check.embedding.toPrecision(3)} and ${check.latent.toPrecision(3)}; this library cannot be probed`);
        }
        stopped();
        const official = await compareWithOfficial(model, engine, pipeline, logits);
        stopped();
        progress.enter("ready");
        return {
          decoder: model,
          report: {
            spec,
            record,
            check: { ...check, head: Math.max(check.head, official) },
            tensors: tap.weights,
            tap: { residuals: true, logits: true, latent: true, route: tap.route, reason },
            bytes: files.bytes,
            milliseconds: performance.now() - began,
          },
        };
      } catch (error) {
        model?.release();
        throw error;
      }
    };
    return await firstThatHolds(options.routes ?? (["instrument", "webgpu"] as const), attempt, () => watch.lost !== null);
  } catch (error) {
    // A lost device breaks off the work before it says so itself.
    await new Promise((resolve) => setTimeout(resolve, 10));
    const { lost } = watch;
    await engine.unload().catch(() => undefined);
    if (signal.aborted) throw new AbortError("load: stopped");
    if (lost !== null) throw new EngineError(`webllm: expected the GPU to take the model, got ${lost}; close other pages or choose a smaller model`);
    throw asEngineError(error);
  } finally {
    signal.removeEventListener("abort", unload);
    watch.end();
  }
}

async function gpuAdapter({ device }: ModelRequest): Promise<{ readonly name: string; readonly shaderF16: boolean }> {
  if (device !== "webgpu") throw new EngineError(`webllm: expected webgpu, got ${device}; choose webgpu, or transformers.js for ${device}`);
  const gpu = globalThis.navigator?.gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (!adapter) throw new EngineError(`webgpu: expected a GPU, got ${gpu ? "no adapter from the browser" : "a browser without WebGPU"}; choose transformers.js on wasm`);
  const { vendor, architecture, description } = adapter.info;
  return { name: [vendor, architecture, description].filter(Boolean).join(" ") || "unknown", shaderF16: adapter.features.has("shader-f16") };
}

/** A buffer of zeros, for as long as the device lives. */
function zeros(pipeline: Pipeline, bytes: number): number {
  return pipeline.adopt(pipeline.device.createBuffer({ label: "geodesic zeros", size: bytes, usage: usage.copySource | usage.copyDestination }));
}

/** One hash for weights of several files: of their hashes, in order. */
async function hashOf(paths: readonly string[], files: { get(path: string): Promise<Uint8Array<ArrayBuffer>> }): Promise<string> {
  const hashes: string[] = [];
  for (const path of paths) hashes.push(await hash("sha256", await files.get(path)));
  return hashes.length === 1 ? (hashes[0] ?? "") : hash("sha256", new TextEncoder().encode(hashes.join("\n")));
}

/**
 * Our logits against those that WebLLM itself gives to its LogitProcessor.
 *
 * @returns max |difference|
 */
async function compareWithOfficial(model: WebllmDecoder, engine: MLCEngine, pipeline: Pipeline, logits: { last: Float32Array | null }): Promise<number> {
  const { vocabSize } = model.spec;
  const tokens = [Math.floor(vocabSize / 5), Math.floor(vocabSize / 4)];
  const ours = await model.forward(tokens);
  pipeline.reset();
  logits.last = null;
  await engine.forwardTokensAndSample(tokens, true, modelId);
  pipeline.reset();
  const official = logits.last as Float32Array | null;
  if (!official) throw new EngineError("probe: expected logits from WebLLM's LogitProcessor, got none; load the model again");
  const apart = difference(ours.logits.data.subarray(vocabSize), official);
  const tolerance = toleranceFor(model, official);
  if (!(apart <= tolerance)) {
    throw new EngineError(`probe: expected WebLLM's own logits to within ${tolerance.toPrecision(2)}, got a difference of ${apart.toPrecision(3)}; this library cannot be probed`);
  }
  return apart;
}
