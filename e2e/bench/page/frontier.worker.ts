/** What nano's thoughts hold, in a worker of its own: the app's engine has no call for it. */
import * as Comlink from "comlink";
import { type FrontierRequest, frontierMass } from "../../../workers/decoding/frontier.ts";
import { loadTransformers } from "../../../workers/transformers/decoder.ts";

const going = new AbortController().signal;

Comlink.expose({
  async measure(request: FrontierRequest, base: string): Promise<number[]> {
    const { decoder } = await loadTransformers({ source: "embedded", id: "geodesic/nano", device: "wasm", dtype: "fp32" }, () => undefined, going, { base: new URL("./", base).href });
    try {
      return await frontierMass(decoder, request, going);
    } finally {
      await decoder.dispose();
    }
  },
});
