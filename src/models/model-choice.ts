/** Which model, on which engine: as a choice, as a part of the address, as a request, in words. */
import type { ModelRequest } from "../../workers/engine.ts";
import type { CatalogueEntry } from "../../workers/webllm/catalogue.ts";

export type EngineKind = "transformers" | "webllm";

export interface ModelChoice {
  readonly engine: EngineKind;
  readonly source: ModelRequest["source"];
  readonly id: string;
  /** Branch, tag or commit on the hub; "" for main. */
  readonly revision: string;
  /** In the engine's own words; "" leaves it to the engine. */
  readonly dtype: string;
  readonly device: ModelRequest["device"];
  /** WebLLM: `own`, or a stock library by its name; "" leaves it to the engine. */
  readonly library: string;
}

/** Dropped model files by path; they cannot be written into an address. */
export type Files = ReadonlyMap<string, File>;

/** What the first screen shows: here within two seconds, on any machine. */
export const embeddedModel: ModelChoice = { engine: "transformers", source: "embedded", id: "geodesic/nano", revision: "", dtype: "fp32", device: "wasm", library: "" };

/** The embedded model's weights as each engine calls them, float32 first. */
export const embeddedWeights: Readonly<Record<EngineKind, readonly [string, string]>> = { transformers: ["fp32", "q4"], webllm: ["q0f32", "q4f32_1"] };

export const engineNames: Readonly<Record<EngineKind, string>> = { transformers: "transformers.js", webllm: "WebLLM" };

/** The embedded model on an engine. */
export function embedded(engine: EngineKind, dtype: string): ModelChoice {
  return { ...embeddedModel, engine, dtype, device: engine === "webllm" ? "webgpu" : "wasm" };
}

/** A model for WebLLM: an MLC weight folder on the hub. */
export function mlcModel(id: string, library = "", revision = ""): ModelChoice {
  return { engine: "webllm", source: "hub", id, revision, dtype: "", device: "webgpu", library };
}

/** What a field for repositories takes, as the pattern of an <input>. */
export const hubPattern = "(https://huggingface\\.co/)?[\\w.\\-]+/[\\w.\\-]+(/(tree|resolve)/[\\w.\\-]+)?/?";

/** A repository as people copy it: `owner/name`, or its address on the hub, whose revision counts where no other is given. */
export function hubRepository(text: string, revision: string): { readonly id: string; readonly revision: string } {
  const [, id = text, own = ""] = /^(?:https:\/\/huggingface\.co\/)?([\w.-]+\/[\w.-]+)(?:\/(?:tree|resolve)\/([\w.-]+))?\/?$/.exec(text) ?? [];
  return { id, revision: revision === "" ? own : revision };
}

/** A model of WebLLM's list, with our library where it runs the model and the stock one was not chosen. Left to the engine, the stock one might come in its place. */
export function catalogueModel({ repository, id, ownLibrary }: Pick<CatalogueEntry, "repository" | "id" | "ownLibrary">, stock: boolean): ModelChoice {
  return mlcModel(repository, ownLibrary && !stock ? "own" : id);
}

/** Writes a choice into an address; only what differs from the embedded model. */
export function encodeModel(model: ModelChoice, query: URLSearchParams): void {
  // A folder is on this machine alone: a link to it shows the embedded model.
  if (model.source === "folder") return;
  const put = (key: string, value: string, initial: string): void => {
    if (value !== initial) query.set(key, value);
  };
  put("engine", model.engine, embeddedModel.engine);
  if (model.source === "hub") {
    query.set("model", model.id);
    put("revision", model.revision, "");
    put("dtype", model.dtype, "");
  } else put("dtype", model.dtype, embeddedWeights[model.engine][0]);
  put("library", model.library, "");
  if (model.engine === "transformers") put("device", model.device, embeddedModel.device);
}

/** Reads a choice from an address; what makes no sense is left out. */
export function decodeModel(query: URLSearchParams): ModelChoice {
  const engine: EngineKind = query.get("engine") === "webllm" ? "webllm" : "transformers";
  const device = engine === "webllm" || query.get("device") === "webgpu" ? "webgpu" : "wasm";
  const library = engine === "webllm" ? plain(query.get("library")) : "";
  const id = query.get("model");
  if (id !== null && /^[\w.-]+\/[\w.-]+$/.test(id)) {
    return { engine, source: "hub", id, revision: query.get("revision") ?? "", dtype: query.get("dtype") ?? "", device, library };
  }
  const weights = embeddedWeights[engine];
  const dtype = weights.find((name) => name === query.get("dtype")) ?? weights[0];
  return { ...embeddedModel, engine, dtype, device, library };
}

/** A name without anything that could be part of a path. */
function plain(name: string | null): string {
  return name !== null && /^[\w.-]+$/.test(name) ? name : "";
}

/** The choice as the engine is asked for it. */
export function modelRequest(model: ModelChoice, files: Files | null): ModelRequest {
  return {
    source: model.source,
    id: model.id,
    device: model.device,
    ...(model.revision === "" ? {} : { revision: model.revision }),
    ...(model.dtype === "" ? {} : { dtype: model.dtype }),
    ...(model.library === "" ? {} : { library: model.library }),
    ...(model.source === "folder" && files ? { files } : {}),
  };
}

export function sameModel(a: ModelChoice, b: ModelChoice): boolean {
  return JSON.stringify(modelRequest(a, null)) === JSON.stringify(modelRequest(b, null)) && a.engine === b.engine;
}

/** A model in a few words, for the top of the page. */
export function modelTitle(model: ModelChoice): string {
  if (model.source !== "embedded") return model.id;
  const weights = model.dtype === embeddedWeights[model.engine][1] ? "4-bit" : "float32";
  return model.engine === "webllm" ? `nano 0.37 M · ${weights} · WebLLM` : `nano 0.37 M · ${weights}`;
}
