import { describe, expect, test } from "vitest";
import { modelUrl, withVerifiedFiles } from "./verified-caches.ts";

const bytes = Uint8Array.of(1, 2, 3);

describe("while WebLLM loads", () => {
  const files = (onRead: () => void = () => undefined) =>
    new Map([[`${modelUrl}a.bin`, () => {
      onRead();
      return Promise.resolve(bytes);
    }]]);

  test("it is given what was verified", async () => {
    const got = await withVerifiedFiles(files(), async () => {
      const cache = await caches.open("webllm/model");
      const response = await cache.match(new Request(`${modelUrl}a.bin`));
      return new Uint8Array(await response!.arrayBuffer());
    });
    expect(got).toEqual(bytes);
  });

  test("a file is read when its content is, and not before", async () => {
    let reads = 0;
    await withVerifiedFiles(files(() => reads++), async () => {
      const cache = await caches.open("any");
      await cache.match(`${modelUrl}a.bin`);
      const response = await cache.match(`${modelUrl}a.bin`);
      await Promise.resolve();
      expect(reads).toBe(0);
      await response!.arrayBuffer();
      expect(reads).toBe(1);
    });
  });

  test("it sees all of them, so that it downloads none", async () => {
    const keys = await withVerifiedFiles(files(), async () => (await (await caches.open("any")).keys()).map(({ url }) => url));
    expect(keys).toEqual([`${modelUrl}a.bin`]);
  });

  const other = "https://huggingface.co/other.bin";
  test.each(["match", "add", "put"] as const)("%s of anything else is refused, and says of what", async (method) => {
    await withVerifiedFiles(files(), async () => {
      const cache = (await caches.open("any")) as unknown as Record<string, (url: string) => Promise<unknown>>;
      await expect(cache[method]!(other)).rejects.toMatchObject({ name: "EngineError", message: expect.stringContaining(other) as string });
    });
  });

  test("after it, `caches` is what it was, also where loading failed", async () => {
    const before = (globalThis as { caches?: unknown }).caches;
    await withVerifiedFiles(files(), () => Promise.resolve());
    expect((globalThis as { caches?: unknown }).caches).toBe(before);
    await expect(withVerifiedFiles(files(), () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect((globalThis as { caches?: unknown }).caches).toBe(before);
  });
});
