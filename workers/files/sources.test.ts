/** Where files come from: what a repository says of itself, how long to wait, which folder was dropped. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hash } from "./digest.ts";
import { folderModel } from "./folder.ts";
import { describeHubModel } from "./hub.ts";
import { commit, HubServer, send, tree } from "./hub-server.test-support.ts";
import { retryAfter } from "./request.ts";

const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);

describe("a repository", () => {
  let server: HubServer;
  beforeEach(async () => void (server = await HubServer.start("some/model", new Map([["config.json", text("{}")], ["weights.bin", new Uint8Array(1234)]]))));
  afterEach(() => server.close());
  const describeIt = () => describeHubModel("some/model", undefined, server.fetch, new AbortController().signal);
  const answer = (value: unknown) => server.once("/revision/main", send(text(JSON.stringify(value))));

  test("is described to the byte, without a file being asked for", async () => {
    expect(await describeIt()).toEqual({
      id: "some/model",
      commit,
      licence: "apache-2.0",
      closed: false,
      files: [
        { path: "config.json", bytes: 2 },
        { path: "weights.bin", bytes: 1234 },
      ],
      bytes: 1236,
    });
    expect(server.downloads).toEqual([]);
  });
  test("licences are those of the card: by name, by a name of their own, or none", async () => {
    answer({ sha: commit, cardData: { license: "other", license_name: "llama3.2" } });
    expect((await describeIt()).licence).toBe("llama3.2");
    answer({ sha: commit, cardData: { license: ["mit", "apache-2.0"] } });
    expect((await describeIt()).licence).toBeNull();
    answer({ sha: commit });
    expect((await describeIt()).licence).toBeNull();
  });
  test("closed ones are told", async () => {
    answer({ sha: commit, gated: "manual" });
    expect((await describeIt()).closed).toBe(true);
    answer({ sha: commit, private: true });
    expect((await describeIt()).closed).toBe(true);
  });
  test("long lists come in pages; a page elsewhere is not asked for", async () => {
    const page = (next: string): void => server.once(`/tree/${commit}`, send(text(JSON.stringify(tree(new Map([["first.bin", new Uint8Array(1)]])))), 200, { link: `<${next}>; rel="next"` }));
    page(`https://huggingface.co/api/models/some/model/tree/${commit}?recursive=true&cursor=2`);
    expect((await describeIt()).files.map(({ path }) => path)).toEqual(["first.bin", "config.json", "weights.bin"]);
    page(`${server.url}/api/models/some/model/tree/${commit}?recursive=true&cursor=2`);
    expect((await describeIt()).files.map(({ path }) => path)).toEqual(["first.bin"]);
  });
  test("an answer that is none", async () => {
    answer([]);
    await expect(describeIt()).rejects.toThrow("hub: expected the commit of some/model at main, got none");
    answer({ sha: "main" });
    await expect(describeIt()).rejects.toThrow("hub: expected the commit");
  });
});

// RFC 9110, 10.2.3.
test.each([
  ["120", 120_000],
  ["0", 0],
  ["Fri, 31 Dec 1999 23:59:59 GMT", 9000],
  ["Fri, 31 Dec 1999 23:00:00 GMT", 0],
  ["soon", null],
  [null, null],
])("Retry-After: %s", (header, ms) => {
  expect(retryAfter(header, Date.UTC(1999, 11, 31, 23, 59, 50))).toBe(ms);
});

describe("folders", () => {
  const dropped = (paths: readonly string[]) => new Map(paths.map((path) => [path, new File(["x"], path)]));
  test.each([
    ["a model of the hub", ["m/config.json", "m/onnx/model.onnx"], ["config.json", "onnx/model.onnx"]],
    ["an MLC folder", ["m/mlc-chat-config.json", "m/params_shard_0.bin"], ["mlc-chat-config.json", "params_shard_0.bin"]],
    ["one inside the other: the outer one", ["m/config.json", "m/mlc/mlc-chat-config.json"], ["config.json", "mlc/mlc-chat-config.json"]],
    ["files without a folder", ["config.json", "a"], ["config.json", "a"]],
  ])("%s", (_, paths, inside) => {
    expect([...folderModel(dropped(paths)).files.keys()]).toEqual(inside);
  });
  test("a folder without either", () => {
    expect(() => folderModel(dropped(["my-config.json", "b"]))).toThrow("folder: expected config.json among the files, got my-config.json, b");
  });
});

describe("hashes", () => {
  // FIPS 180-2, appendix B.1; `git hash-object` of "hello\n".
  test("known values", async () => {
    expect(await hash("sha256", text("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(await hash("git-blob", text("hello\n"))).toBe("ce013625030ba8dba906f756967f9e9ca394464a");
  });
  test("a page without WebCrypto", async () => {
    vi.stubGlobal("crypto", {});
    await expect(hash("sha256", text("abc"))).rejects.toThrow("hash: expected WebCrypto, got none; open the page over https or from localhost");
    vi.unstubAllGlobals();
  });
});
