/** Loads a model for transformers.js, made to show its hidden states. */
import { AutoModelForCausalLM, env } from "@huggingface/transformers";
import type { EngineRecord, ModelSpec } from "../../probes/trace.ts";
import { AbortError, type Decoder, EngineError, type LoadProgress, type LoadReport, type ModelRequest } from "../engine.ts";
import { pageBase } from "../page.ts";
import { type ModelConfig, readConfig } from "./config.ts";
import { type ModelFiles, chooseModel, loadFiles } from "./files.ts";
import type { Fetch } from "../files/listing.ts";
import { Progress } from "../files/progress.ts";
import { cutEmbedding, cutHead } from "./onnx/cut.ts";
import { spliceEditing } from "./onnx/editing.ts";
import { readModel } from "./onnx/model.ts";
import { residualStream } from "./onnx/residual-stream.ts";
import { splice } from "./onnx/splice.ts";
import { OnnxDecoder, type Sessions } from "./onnx-decoder.ts";
import { limitPasses } from "./prefill-check.ts";
import { ort, startRuntime, threadsFor, watchDevice, webgpuAdapter } from "./runtime.ts";
import { selfCheck } from "../self-check.ts";
import { createSession, type Session } from "./session.ts";
import { loadTokenizer } from "../tokenizer.ts";

export interface LoadOptions {
  /** URL of the page's folder. */
  readonly base?: string;
  /** URL of the folder that holds the runtime's binaries. */
  readonly runtime?: string;
  readonly fetch?: Fetch;
}

/**
 * Downloads, verifies, splices, compiles and checks a model.
 *
 * The runtime's binary is compiled while the model is downloaded.
 */
export async function loadTransformers(
  request: ModelRequest,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
  options: LoadOptions = {},
): Promise<{ decoder: Decoder; report: LoadReport }> {
  const began = performance.now();
  const base = options.base ?? pageBase();
  const fetcher: Fetch = options.fetch ?? ((url, init) => fetch(url, init));
  const progress = new Progress(onProgress);
  const stopped = (): void => {
    if (signal.aborted) throw new AbortError("load: stopped");
  };

  progress.enter("list");
  const start = (threads: number): Promise<void> => {
    const started = startRuntime(request.device, options.runtime ?? new URL("ort/", base).href, threads);
    // Waited for below; a failure in between must not count as unhandled.
    started.catch(() => undefined);
    return started;
  };
  // Embedded models are small, so nothing has to be known before the start.
  const early = request.source === "embedded" ? start(1) : null;
  const adapter = request.device === "webgpu" ? await webgpuAdapter() : null;
  const { listing, chosen, bytes } = await chooseModel(request, { base, fetch: fetcher, shaderF16: adapter?.shaderF16 ?? false }, signal);
  stopped();
  const runtime = early ?? start(threadsFor(bytes, chosen.dtype));

  progress.expect(bytes);
  const files = await loadFiles(listing, chosen, progress, signal, { model: { id: request.id, kind: "transformers" } });
  stopped();
  progress.enter("compile");
  const config = readConfig(files.texts);
  if (!AutoModelForCausalLM.supports(config.modelType)) {
    throw new EngineError(`config.json: expected a decoder that transformers.js knows, got model_type "${config.modelType}"; choose another model`);
  }
  const { tensors, ...models } = prepare(files, config);
  const tokenizer = await loadTokenizer(files.texts, config.endTokens);
  await runtime;
  stopped();
  const sessions = await compile(models, request, files, stopped);

  const spec: ModelSpec = {
    id: request.id,
    engine: "transformers",
    architecture: config.architecture,
    layers: config.layers,
    hiddenSize: config.hiddenSize,
    vocabSize: config.vocabSize,
    contextLength: config.contextLength,
    quantization: files.dtype === "fp32" ? "f32" : files.dtype === "fp16" ? "f16" : files.dtype,
    source: request.source,
    revision: files.revision,
  };
  const record: { -readonly [K in keyof EngineRecord]: EngineRecord[K] } = {
    name: `transformers.js ${env.version}`,
    runtime: `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common}`,
    device: request.device,
    adapter: adapter?.name ?? null,
  };
  // Read again when it is wanted, from the cache mostly: most sessions never edit, and weights are large.
  const makeEditor = async (): Promise<Session> => {
    const again = await loadFiles(listing, chosen, new Progress(() => undefined), new AbortController().signal, { model: { id: request.id, kind: "transformers" } });
    const model = readModel(again.model);
    const { bytes: edited } = spliceEditing(model, residualStream(model, config.layers));
    return createSession(edited, request.device, again.data, model.outputs.map(({ name }) => name).filter((name) => name.startsWith("present")));
  };
  const decoder = new OnnxDecoder(spec, record, tokenizer, sessions, config, makeEditor);
  try {
    if (request.device === "webgpu") await watchDevice((why) => decoder.lose(why));
    progress.enter("check");
    await decoder.measure();
    stopped();
    if (adapter && (await limitPasses(decoder))) record.adapter = `${adapter.name}, prompts in pieces of ${decoder.longestPass}`;
    const check = await selfCheck(decoder);
    stopped();
    progress.enter("ready");
    return { decoder, report: { spec, record, check, tensors, tap: { residuals: true, logits: true, latent: true, route: "graph", reason: null }, bytes: files.bytes, milliseconds: performance.now() - began } };
  } catch (error) {
    await decoder.dispose().catch(() => undefined);
    throw error;
  }
}

interface Models {
  readonly whole: Uint8Array;
  readonly embedding: Uint8Array;
  readonly head: Uint8Array;
}

/** The three models that are made of the one. */
function prepare(files: ModelFiles, config: ModelConfig): Models & { readonly tensors: readonly string[] } {
  const model = readModel(files.model);
  const stream = residualStream(model, config.layers);
  const { bytes, tensors } = splice(model, stream);
  return { whole: bytes, embedding: cutEmbedding(model, stream), head: cutHead(model, stream), tensors };
}

async function compile(models: Models, { device }: ModelRequest, { data }: ModelFiles, stopped: () => void): Promise<Sessions> {
  const present = readModel(models.whole).outputs.map((output) => output.name).filter((name) => name.startsWith("present"));
  const made: { release(): Promise<void> }[] = [];
  try {
    const whole = await createSession(models.whole, device, data, present);
    made.push(whole);
    stopped();
    const embedding = await createSession(models.embedding, device, data);
    made.push(embedding);
    const head = await createSession(models.head, device, data);
    made.push(head);
    stopped();
    return { whole, embedding, head };
  } catch (error) {
    for (const session of made) await session.release().catch(() => undefined);
    throw error;
  }
}
