/** Files that were dropped onto the page. */
import { EngineError } from "../engine.ts";
import type { ListedFile, Listing } from "./listing.ts";

/** A folder that was dropped onto the page. Nothing vouches for its files; their hashes are recorded. */
export function folderModel(dropped: ReadonlyMap<string, File> | undefined): Listing {
  if (!dropped || dropped.size === 0) {
    throw new EngineError("folder: expected the files of a model, got none; drop the folder that holds config.json, tokenizer.json and the .onnx file, or an MLC folder");
  }
  const prefix = commonFolder([...dropped.keys()]);
  const files = new Map<string, ListedFile>();
  for (const [path, file] of dropped) {
    const inside = path.slice(prefix.length);
    files.set(inside, { path: inside, bytes: file.size, digest: null, url: null, open: () => Promise.resolve(file.stream()) });
  }
  return { source: "folder", commit: null, files, cacheable: false };
}

/** The folder that all paths share, with its slash: browsers give paths with the dropped folder's own name in front. */
function commonFolder(paths: readonly string[]): string {
  const folders = paths.flatMap((path) => /^(|.*\/)(?:mlc-chat-)?config\.json$/.exec(path)?.slice(1) ?? []);
  const prefix = folders.sort((a, b) => a.length - b.length)[0];
  if (prefix === undefined) {
    throw new EngineError(`folder: expected config.json among the files, got ${paths.slice(0, 5).join(", ")}${paths.length > 5 ? " …" : ""}; drop the model's whole folder`);
  }
  return paths.every((path) => path.startsWith(prefix)) ? prefix : "";
}
