import { expect, test } from "vitest";
import { graph, layers } from "./graph.test-support.ts";
import { residualStream } from "./residual-stream.ts";

/** What each exporter makes of a block, as lists of nodes; `h#` is layer # and `h@` the next. */
const found = (lines: string, count: number, inputs?: readonly string[]) => {
  const { layers: tensors, finalNorm } = residualStream(graph(lines, inputs), count);
  return { tensors, finalNorm };
};

test("GPT-2: position embeddings are added first; layer 0 is the token embedding", () => {
  const lines = `
    tok = Gather(wte, input_ids)
    pos = Gather(wpe, position_ids)
    h0 = Add(tok, pos)
    ${layers(3, `
    a# = LayerNormalization(h#, wg, wb)
    b# = Attention(a#, wqkv)
    m# = Add(h#, b#)
    c# = LayerNormalization(m#, wg, wb)
    d# = MatMul(c#, wfc)
    e# = Add(d#, wbias)
    h@ = Add(m#, e#)`)}
    n = LayerNormalization(h3, wg, wb)
    logits = MatMul(n, whead)`;
  expect(found(lines, 3)).toEqual({ tensors: ["tok", "h1", "h2", "h3"], finalNorm: "n" });
});

test("NeoX and Phi: attention and MLP side by side, both added to the same input", () => {
  const lines = `
    h0 = Gather(w, input_ids)
    ${layers(2, `
    a# = LayerNormalization(h#, wg, wb)
    b# = Attention(a#, wq)
    c# = LayerNormalization(h#, wg, wb)
    d# = MatMul(c#, wfc)
    s# = Add(b#, d#)
    h@ = Add(s#, h#)`)}
    n = LayerNormalization(h2, wg, wb)
    logits = MatMul(n, whead)`;
  expect(found(lines, 2)).toEqual({ tensors: ["h0", "h1", "h2"], finalNorm: "n" });
});

test("parallel residual that adds twice", () => {
  const lines = `
    h0 = Gather(w, input_ids)
    ${layers(2, `
    a# = LayerNormalization(h#, wg, wb)
    b# = Attention(a#, wq)
    d# = MatMul(a#, wfc)
    s# = Add(h#, b#)
    h@ = Add(s#, d#)`)}
    n = LayerNormalization(h2, wg, wb)
    logits = MatMul(n, whead)`;
  expect(found(lines, 2)).toEqual({ tensors: ["h0", "h1", "h2"], finalNorm: "n" });
});

test("Gemma 3: embeddings are scaled, and a norm stands on either side of each addition", () => {
  const lines = `
    e = Gather(w, input_ids)
    h0 = Mul(e, wscale)
    ${layers(2, `
    a# = SimplifiedLayerNormalization(h#, wg)
    b# = GroupQueryAttention(a#, a#, a#)
    c# = SimplifiedLayerNormalization(b#, wg)
    m# = Add(h#, c#)
    d# = SimplifiedLayerNormalization(m#, wg)
    f# = MatMul(d#, wfc)
    g# = SimplifiedLayerNormalization(f#, wg)
    h@ = Add(m#, g#)`)}
    n = SimplifiedLayerNormalization(h2, wg)
    logits = MatMul(n, whead)`;
  expect(found(lines, 2)).toEqual({ tensors: ["h0", "h1", "h2"], finalNorm: "n" });
});

test("Gemma 4: a scalar multiplies each block's output", () => {
  const lines = `
    e = Gather(w, input_ids)
    h0 = Mul(e, wscale)
    ${layers(2, `
    a# = SimplifiedLayerNormalization(h#, wg)
    b# = GroupQueryAttention(a#, a#, a#)
    m# = Add(h#, b#)
    d# = SimplifiedLayerNormalization(m#, wg)
    f# = MatMul(d#, wfc)
    s# = Add(m#, f#)
    h@ = Mul(s#, wlayer_scalar#)`)}
    n = SimplifiedLayerNormalization(h2, wg)
    p = Slice(n, wstart, wend)
    logits = MatMul(p, whead)`;
  expect(found(lines, 2)).toEqual({ tensors: ["h0", "h1", "h2"], finalNorm: "n" });
});

test("addition and norm fused: the last layer is inside the final norm's node", () => {
  const lines = `
    h0 = GatherBlockQuantized(w, input_ids, ws)
    n0 = SimplifiedLayerNormalization(h0, wg)
    a0 = GroupQueryAttention(n0, n0, n0, past_key_values.0.key)
    b0, , , m0 = SkipSimplifiedLayerNormalization(h0, a0, wg)
    c0 = MatMulNBits(b0, wfc)
    n1, , , h1 = SkipSimplifiedLayerNormalization(m0, c0, wg)
    a1 = GroupQueryAttention(n1, n1, n1, past_key_values.1.key)
    b1, , , m1 = SkipSimplifiedLayerNormalization(h1, a1, wg)
    c1 = MatMulNBits(b1, wfc)
    f = SkipSimplifiedLayerNormalization(m1, c1, wg)
    logits = MatMulNBits(f, whead)`;
  const inputs = ["input_ids", "past_key_values.0.key", "past_key_values.1.key"];
  expect(found(lines, 2, inputs)).toEqual({ tensors: ["h0", "h1", null], finalNorm: "f" });
});

test("the fused final norm may give its sum already", () => {
  const lines = `
    h0 = Gather(w, input_ids)
    n0 = SimplifiedLayerNormalization(h0, wg)
    a0 = MatMul(n0, wq)
    b0, , , m0 = SkipSimplifiedLayerNormalization(h0, a0, wg)
    c0 = MatMul(b0, wfc)
    f, , , h1 = SkipSimplifiedLayerNormalization(m0, c0, wg)
    logits = MatMul(f, whead)`;
  expect(found(lines, 1)).toEqual({ tensors: ["h0", "h1"], finalNorm: "f" });
});

test("norms in single operators, quantized embedding", () => {
  const norm = (from: string, to: string) => `
    ${to}p = Pow(${from}, wtwo)
    ${to}m = ReduceMean(${to}p)
    ${to}a = Add(${to}m, weps)
    ${to}s = Sqrt(${to}a)
    ${to}r = Div(wone, ${to}s)
    ${to}x = Mul(${from}, ${to}r)
    ${to} = Mul(wg, ${to}x)`;
  const lines = `
    e = Gather(w, input_ids)
    h0 = DequantizeLinear(e, wscale, wzero)
    ${norm("h0", "a")}
    b = MatMul(a, wq)
    m = Add(h0, b)
    ${norm("m", "c")}
    d = MatMul(c, wfc)
    h1 = Add(m, d)
    ${norm("h1", "n")}
    q, qs, qz = DynamicQuantizeLinear(n)
    logits = MatMulInteger(q, whead)`;
  expect(found(lines, 1)).toEqual({ tensors: ["h0", "h1"], finalNorm: "n" });
});

test("a decoder that takes inputs_embeds: the stream starts at the input", () => {
  const lines = `
    ${layers(2, `
    a# = SimplifiedLayerNormalization(${"h#"}, wg)
    b# = GroupQueryAttention(a#, a#, a#)
    m# = Add(h#, b#)
    d# = SimplifiedLayerNormalization(m#, wg)
    f# = MatMul(d#, wfc)
    h@ = Add(m#, f#)`).replaceAll("h0", "inputs_embeds")}
    n = SimplifiedLayerNormalization(h2, wg)
    logits = MatMul(n, whead)`;
  const { layers: tensors, embedding } = residualStream(graph(lines, ["inputs_embeds", "attention_mask"]), 2);
  expect(tensors).toEqual(["inputs_embeds", "h1", "h2"]);
  expect(embedding).toBeNull();
});

test.each([
  ["no embedding lookup", "y = MatMul(x, w)", 2, /embedding lookup of input_ids/],
  ["no norm and head", "h0 = Gather(w, input_ids)\na0 = Relu(h0)\nlogits = Add(h0, a0)", 1, /final norm and a head/],
  ["fewer additions than layers", "h0 = Gather(w, input_ids)\na = Relu(h0)\nh1 = Add(h0, a)\nn = LayerNormalization(h1, w)\nlogits = MatMul(n, w)", 3, /additions for each of 3 layers, got 1/],
  ["a count that does not divide", `h0 = Gather(w, input_ids)\n${layers(9, "a# = Relu(h#)\nh@ = Add(h#, a#)")}\nn = LayerNormalization(h9, w)\nlogits = MatMul(n, w)`, 5, /additions for each of 5 layers, got 9/],
  ["a graph inside", "h0 = Gather(w, input_ids)\nlogits = If(c)", 1, /one flat graph, got If/],
])("%s: says so", (_, lines, count, message) => {
  expect(() => residualStream(graph(lines), count)).toThrow(message);
});

test("attention in another layer than its cache says: the count went wrong", () => {
  const lines = `
    h0 = Gather(w, input_ids)
    ${layers(2, `
    a# = GroupQueryAttention(h#, h#, h#, past_key_values.${"#"}.key)
    h@ = Add(h#, a#)`)}
    n = LayerNormalization(h2, w)
    logits = MatMul(n, w)`;
  const inputs = ["input_ids", "past_key_values.0.key", "past_key_values.1.key"];
  expect(found(lines, 2, inputs).tensors).toEqual(["h0", "h1", "h2"]);
  const swapped = lines.replace("past_key_values.0", "past_key_values.x").replace("past_key_values.1", "past_key_values.0");
  expect(() => found(swapped, 2, inputs)).toThrow(/attention of layer 0 between h0 and h1/);
});
