import { describe, expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { type Recording, recording, recordings } from "./announcements.test-support.ts";
import { type Announcement, type Argument, findResidualStream } from "./layer-finder.ts";

const names = Object.keys(recordings) as (keyof typeof recordings)[];
const passes = ["prefill", "decode"] as const;
const cases = names.flatMap((name) => passes.map((pass) => [name, pass] as const));

/** Every weight renamed; the recordings' events are shared and must not be changed. */
function renamed(pass: readonly Announcement[], rename: (name: string) => string): Announcement[] {
  return pass.map(({ kernel, args }) => ({
    kernel,
    args: args.map((arg): Argument => (arg && "weight" in arg ? { weight: { ...arg.weight, name: rename(arg.weight.name) } } : arg)),
  }));
}

function weights({ args }: Announcement): string[] {
  return args.flatMap((arg) => (arg && "weight" in arg ? [arg.weight.name] : []));
}

const refused = (pass: readonly Announcement[], message?: RegExp): void => {
  expect(() => findResidualStream(pass)).toThrow(expect.objectContaining({ name: "EngineError", message: expect.stringMatching(message ?? /^layers: expected .*, got .*; /) as string }));
};

describe.each(cases)("%s, %s", (name, pass) => {
  const events = recording(name)[pass];
  const layers = recordings[name];

  test("has every layer once and in order", () => {
    const found = findResidualStream(events);
    expect(found.layers.map(({ weight }) => weight)).toEqual(Array.from({ length: layers }, (_, layer) => `model.layers.${layer}.input_layernorm.weight`));
    expect(found.final.weight).toBe("model.norm.weight");
    const order = [...found.layers, found.final].map(({ event }) => event);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(found.rows).toBe(pass === "prefill" ? 4 : 1);
  });

  test("reads the sum where a fused kernel adds before it norms, else the norm's input", () => {
    const found = findResidualStream(events);
    const fused = name.endsWith("q0f16");
    expect(found.dtype).toBe(fused ? "float16" : "float32");
    // The first norm has nothing to add.
    expect(found.layers[0]).toMatchObject({ at: 1, state: 0, normed: 2 });
    for (const reader of [...found.layers.slice(1), found.final]) expect(reader).toMatchObject(fused ? { at: 2, state: 4, normed: 3 } : { at: 1, state: 0, normed: 2 });
  });

  test("the head reads what the last norm wrote", () => {
    const { final } = findResidualStream(events);
    const normed = events[final.event]!.args[final.normed];
    const next = events[final.event + 1]!.args;
    expect(next.some((arg) => arg && "buffer" in arg && normed && "buffer" in normed && arg.buffer === normed.buffer)).toBe(true);
  });

  test("kernels may be called anything", () => {
    const anonymous = events.map(({ args }, i) => ({ kernel: `kernel_${i}`, args }));
    expect(findResidualStream(anonymous)).toEqual(findResidualStream(events));
  });

  test("weights may be called otherwise, as in phi", () => {
    const phi = renamed(events, (weight) => weight.replace("model.layers.", "transformer.h.").replace("input_layernorm", "ln").replace("model.norm", "lm_head.ln"));
    const found = findResidualStream(phi);
    expect(found.layers.map(({ weight }) => weight)).toEqual(Array.from({ length: layers }, (_, layer) => `transformer.h.${layer}.ln.weight`));
    expect(found.final.weight).toBe("lm_head.ln.weight");
  });

  test("a norm may have a bias", () => {
    const biased = events.map(({ kernel, args }): Announcement => {
      const [input, scale, ...rest] = args;
      if (!scale || !("weight" in scale) || args.length !== 3 || scale.weight.shape.length > 1) return { kernel, args };
      return { kernel, args: [input!, scale, { weight: { ...scale.weight, name: scale.weight.name.replace(/weight$/, "bias") } }, ...rest] };
    });
    expect(findResidualStream(biased).layers.map(({ weight }) => weight)).toEqual(findResidualStream(events).layers.map(({ weight }) => weight));
  });

  test.each([1, 2, 3, 4, 5])("shuffled, it is refused (seed %i)", (seed) => {
    const random = new Random(seed);
    const shuffled = [...events];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    refused(shuffled);
  });

  test("truncated anywhere, it is refused", () => {
    for (let length = 0; length < events.length; length++) refused(events.slice(0, length));
    const head = findResidualStream(events).layers[0]!.event;
    for (let from = head + 1; from < events.length; from++) refused(events.slice(from));
  });

  test("with two layers exchanged, it is refused", () => {
    const exchanged = renamed(events, (weight) => weight.replace(/layers\.([34])\./, (_, layer: string) => `layers.${7 - Number(layer)}.`));
    refused(exchanged, /layer 3/);
  });

  test("with a layer left out, it is refused", () => {
    refused(events.filter((event) => !weights(event).some((weight) => weight.includes("layers.5."))), /layer 5/);
  });

  test("with a norm announced twice, it is refused", () => {
    const { layers: found } = findResidualStream(events);
    const { event } = found[2]!;
    refused([...events.slice(0, event + 1), events[event]!, ...events.slice(event + 1)], /once/);
  });

  test("announced twice as a whole, it is refused", () => refused([...events, ...events]));

  test("without numbers in the names of weights, it is refused", () => {
    refused(renamed(events, (weight) => weight.replace(/\d+/, "x")), /layer's number/);
  });

  test("without its first norms, it is refused rather than read in the middle of the layer", () => {
    // The next norm of the layer reads the stream after attention.
    refused(events.filter((event) => !weights(event).some((weight) => weight.endsWith("layers.7.input_layernorm.weight"))));
  });

  test("with a norm that reads any other state from before, it is refused", () => {
    const { layers: found, final } = findResidualStream(events);
    const shape = (arg: Argument | undefined): string => (arg && "buffer" in arg ? String(arg.shape) : "");
    let tried = 0;
    for (const { event, at } of [...found, final]) {
      const own = events[event]!.args[at - 1]!;
      // All that was written since the layer before: normed states, attention's output, the stream in the midst of the layer, an older one.
      const others = new Set(events.slice(Math.max(0, event - 12), event).flatMap(({ args }) => args.flatMap((arg) => (arg && "buffer" in arg && shape(arg) === shape(own) ? [arg.buffer] : []))));
      if ("buffer" in own) others.delete(own.buffer);
      for (const buffer of others) {
        tried++;
        const args = events[event]!.args.map((arg, k): Argument => (k === at - 1 && arg && "buffer" in arg ? { ...arg, buffer } : arg));
        refused(events.map((announcement, i) => (i === event ? { ...announcement, args } : announcement)), /to read the residual stream/);
      }
    }
    expect(tried).toBeGreaterThan(layers);
  });

  test("with a norm that reads something else, it is refused", () => {
    const { layers: found } = findResidualStream(events);
    const { event, at } = found[6]!;
    const elsewhere = events.map((announcement, i): Announcement => {
      if (i !== event) return announcement;
      return { ...announcement, args: announcement.args.map((arg, k) => (k === at - 1 && arg && "buffer" in arg ? { ...arg, buffer: 9999 } : arg)) };
    });
    refused(elsewhere, /layers\.6\.input_layernorm\.weight to read the residual stream/);
  });
});

test("norms after the block, as in OLMo 2, are refused", () => {
  const state = (buffer: number): Argument => ({ buffer, dtype: "float32", shape: [1, 1, 8] });
  const weight = (name: string, ...shape: number[]): Argument => ({ weight: { name, shape } });
  const layer = (i: number): Announcement[] => [
    { kernel: "matmul", args: [state(0), weight(`model.layers.${i}.self_attn.o_proj.weight`, 8, 8), state(1)] },
    { kernel: "rms_norm", args: [state(1), weight(`model.layers.${i}.post_attention_layernorm.weight`, 8), state(2)] },
    { kernel: "add", args: [state(2), state(0), state(3)] },
    { kernel: "matmul", args: [state(3), weight(`model.layers.${i}.mlp.down_proj.weight`, 8, 8), state(1)] },
    { kernel: "rms_norm", args: [state(1), weight(`model.layers.${i}.post_feedforward_layernorm.weight`, 8), state(2)] },
    { kernel: "add", args: [state(2), state(3), state(0)] },
  ];
  refused([
    ...layer(0),
    ...layer(1),
    { kernel: "rms_norm", args: [state(0), weight("model.norm.weight", 8), state(1)] },
    { kernel: "matmul", args: [state(1), weight("lm_head.weight", 16, 8), state(2)] },
  ], /layer 0 of 2 to begin with a norm/);
});

test("bfloat16 is refused", () => {
  const bf16 = ({ prefill }: Recording): Announcement[] => prefill.map(({ kernel, args }) => ({ kernel, args: args.map((arg) => (arg && "buffer" in arg ? { ...arg, dtype: "bfloat16" } : arg)) }));
  refused(bf16(recording("Llama-3.2-1B-Instruct-q0f32")), /float32 or float16/);
});

test("nothing at all is refused", () => refused([], /0 kernels/));
