/** What a source of models offers: which files there are, how long they are, what they must hash to, and how to read them. */

/** The hash that a file's bytes must have. */
export interface Digest {
  /** `git-blob` is SHA-1 of "blob <size>\0" and the content, which is what the hub knows of small files. */
  readonly algorithm: "sha256" | "git-blob";
  /** Hexadecimal, lower case. */
  readonly hex: string;
}

export interface ListedFile {
  /** Inside the model's folder, for example `onnx/model.onnx`. */
  readonly path: string;
  readonly bytes: number;
  /** null where nothing vouches for the file: a folder that was dropped. */
  readonly digest: Digest | null;
  /** Where the file is fetched, and the key under which it is cached; null for a dropped file. */
  readonly url: string | null;
  /** Opens the file as a stream of chunks. */
  open(signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  /** Opens what follows the first `from` bytes; absent where a file is read in one go. */
  resume?(signal: AbortSignal, from: number): Promise<Opened>;
}

export interface Opened {
  /** The position of the stream's first byte: the one asked for, or 0 where the server sends the whole file again. */
  readonly start: number;
  readonly stream: ReadableStream<Uint8Array>;
}

export interface Listing {
  /** Short word for messages: `embedded`, `hub`, `folder`. */
  readonly source: string;
  /** Commit hash on the hub; null where the weights' own hash stands for the revision. */
  readonly commit: string | null;
  readonly files: ReadonlyMap<string, ListedFile>;
  /** Verified files may be kept for the next visit. */
  readonly cacheable: boolean;
}

/** `fetch`, or a stand-in for tests. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;
