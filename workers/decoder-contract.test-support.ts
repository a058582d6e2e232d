/**
 * What every Decoder must do, as one suite that all engines run on the same
 * weights. Imported by test files only; the checks themselves are in
 * `decoder-checks.test-support.ts`.
 */
import { afterAll, beforeAll, beforeEach, describe, test } from "vitest";
import { decoderChecks, defaultCheckOptions } from "./decoder-checks.test-support.ts";
import type { CheckOptions } from "./decoder-checks.test-support.ts";
import { editChecks } from "./edit-checks.test-support.ts";
import type { Decoder } from "./engine.ts";

export type ContractOptions = Partial<CheckOptions>;

export function decoderContract(name: string, makeDecoder: () => Promise<Decoder>, options: ContractOptions = {}): void {
  describe(`${name} keeps the contract of a Decoder`, () => {
    let decoder: Decoder;
    beforeAll(async () => {
      decoder = await makeDecoder();
    });
    beforeEach(() => decoder.rewind(0));
    afterAll(() => decoder.dispose());

    for (const check of [...decoderChecks, ...editChecks]) test(check.name, () => check.run(decoder, { ...defaultCheckOptions, ...options }));
  });
}
