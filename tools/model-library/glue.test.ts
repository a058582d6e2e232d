/** From WGSL to the C header: what WebLLM reads is right, and malformed kernels say what is wrong with them. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { functionInformation, header, libraryKernels, minify, parseKernels } from "./glue.ts";

/** A kernel that is right, from which each test breaks one thing. */
const good = `// Twice x.
// @kernel double:
// @grid (n + 63) / 64, 1
@group(0) @binding(0) var<storage, read> x: array<Elem>;
@group(0) @binding(1) var<storage, read_write> out: array<Elem>;
@group(0) @binding(2) var<uniform> params: Params;

struct Params { n: i32, factor: f32, count: u32, grid: u32 }

@compute @workgroup_size(64)
fn double(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < u32(params.n)) { out[id.x] = Elem(params.factor * f32(x[id.x])); } // the rest is padding
}
`;
const parse = (text: string): ReturnType<typeof parseKernels> => parseKernels("double.wgsl", text);

describe("a kernel", () => {
  test("is read with its bindings, scalars and grid", () => {
    const [kernel, ...more] = parse(good);
    expect(more).toEqual([]);
    expect(kernel).toMatchObject({
      name: "double",
      bindings: [{ name: "x", type: "array<Elem>", writes: false }, { name: "out", type: "array<Elem>", writes: true }],
      scalars: [{ name: "n", type: "i32" }, { name: "factor", type: "f32" }, { name: "count", type: "u32" }],
      grid: ["(n + 63) / 64", "1"],
    });
  });

  test("is told to WebLLM in its words", () => {
    expect(parse(good).map(functionInformation)).toEqual([
      { name: "double", arg_types: ["handle", "handle", "int32", "float32", "uint32"], launch_param_tags: ["blockIdx.x", "blockIdx.y", "paramWriteAccess:[0,1]"] },
    ]);
  });

  test("becomes a function in C", () => {
    const text = header(parse(good));
    expect(text).toContain("static inline i32 k_double(const Tensor* x, Tensor* out, i32 n, f32 factor, u32 count) {");
    expect(text).toContain("any_tensor(x), any_tensor(out), any_int(n), any_float(factor), any_int(count), any_int((n + 63) / 64), any_int(1)}");
    expect(text).toContain("return launch(&kernel_double, arguments, 7);");
    expect(text).toContain("kernels[] = {&kernel_double};");
    expect(text).toContain(String.raw`"{\"name\":\"double\",\"arg_types\":[\"handle\"`);
  });

  test.each([
    ["no @kernel", good.replace("// @kernel double:", ""), /double\.wgsl: expected a line `\/\/ @kernel double`, got none/],
    ["a name in upper case", good.replace("@kernel double:", "@kernel Double:"), /expected `\/\/ @kernel name: flag …`, got `\/\/ @kernel Double:`/],
    ["no grid", good.replace("// @grid (n + 63) / 64, 1", ""), /double: expected one line `\/\/ @grid x, y`, got none/],
    ["a grid of one number", good.replace("64, 1\n", "64\n"), /expected one line `\/\/ @grid x, y`/],
    ["a grid of unknown scalars", good.replace("(n + 63)", "(m + 63)"), /expected integer scalars of Params in the grid, got "m"/],
    ["a grid of floats", good.replace("(n + 63)", "(factor + 63)"), /got "factor"/],
    ["a grid that calls", good.replace("(n + 63) / 64", "n; exit(1)"), /expected a grid of \+ - \* \/ \( \), numbers and scalars/],
    ["a gap in the bindings", good.replace("@binding(1)", "@binding(3)"), /expected binding 1 of group 0, got binding 3 of group 0 for out/],
    ["another group", good.replace("@group(0) @binding(1)", "@group(1) @binding(1)"), /got binding 1 of group 1/],
    ["no uniform", good.replace("@group(0) @binding(2) var<uniform> params: Params;", ""), /expected a uniform at binding 2, got none/],
    ["a buffer after the uniform", good.replace("struct", "@group(0) @binding(3) var<storage, read> y: array<f32>;\nstruct"), /expected the uniform last, got y after it/],
    ["another uniform", good.replace("params: Params;", "sizes: Sizes;"), /expected `params: Params` as uniform, got sizes: Sizes/],
    ["no access mode", good.replace("<storage, read> x", "<storage> x"), /expected an access mode for x, got none/],
    ["a binding written otherwise", good.replace("@group(0) @binding(0)", "@binding(0) @group(0)"), /expected binding 0 of group 0, got binding 1|expected bindings of the form/],
    ["nothing written", good.replace("read_write", "read"), /expected a buffer that is written, got none/],
    ["no Params", good.replace("struct Params", "struct Sizes"), /expected a struct Params, got none/],
    ["no trailing grid", good.replace(", grid: u32", ""), /expected `grid: u32` as the last field of Params, got count: u32/],
    ["a vector among the scalars", good.replace("n: i32", "n: vec2<i32>"), /expected i32, u32 or f32 for n, got vec2<i32>/],
    ["one name for two arguments", good.replace("n: i32,", "n: i32, x: i32,"), /expected different names for all arguments, got "x" twice/],
    ["another entry point", good.replace("fn double", "fn triple"), /expected one entry point, double, got triple/],
    ["two entry points", `${good}@compute @workgroup_size(1) fn other() {}`, /expected one entry point, double, got double, other/],
    ["a workgroup too large", good.replace("workgroup_size(64)", "workgroup_size(64, 5)"), /expected 1 to 256 invocations in a workgroup, got @workgroup_size\(64,5\)/],
    ["a workgroup of unknown size", good.replace("workgroup_size(64)", "workgroup_size(MANY)"), /expected 1 to 256 invocations/],
    ["an unknown flag", `${good}// @if bias\n// @end\n`, /double\.wgsl:14: expected a flag of a @kernel line \(there is none\), got "bias"/],
    ["an @end too many", `${good}// @end\n`, /double\.wgsl:14: expected an open @if, got @end without one/],
    ["an @if left open", `${good.replace("double:", "double: bias")}// @if bias\n`, /double\.wgsl:14: expected an @end for `@if bias`, got none/],
  ])("with %s is refused", (_, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test("with eleven buffers is refused, since WebLLM asks its device for ten", () => {
    const many = Array.from({ length: 9 }, (_, i) => `@group(0) @binding(${i + 2}) var<storage, read> b${i}: array<u32>;`).join("\n");
    expect(() => parse(good.replace("@group(0) @binding(2) var<uniform>", `${many}\n@group(0) @binding(11) var<uniform>`))).toThrow(/expected 1 to 10 storage buffers, got 11/);
  });

  test("may take its workgroup's size from a constant or the head", () => {
    for (const size of ["const LANES: u32 = 64u;", "const LANES: u32 = HEAD_DIM;"]) expect(parse(good.replace("workgroup_size(64)", "workgroup_size(LANES)").replace("struct", `${size}\nstruct`))).toHaveLength(1);
    expect(() => parse(good.replace("workgroup_size(64)", "workgroup_size(LANES)").replace("struct", "const LANES: u32 = 512u;\nstruct"))).toThrow(/1 to 256/);
  });
});

test("one file gives several kernels, each with its lines, names and bindings", () => {
  const text = good
    .replace("// @kernel double:", "// @kernel double:\n// @kernel double_plus: plus")
    .replace("@group(0) @binding(1)", "// @if plus\n@group(0) @binding(#) var<storage, read> added: array<Elem>;\n// @end\n@group(0) @binding(#)")
    .replace("@binding(0)", "@binding(#)")
    .replace("@binding(2)", "@binding(#)")
    .replace("  if (id.x", "  // @if plus\n  let more = added[id.x];\n  // @else\n  let more = Elem(0);\n  // @end\n  if (id.x");
  const [plain, plus] = parse(text);
  expect(plain?.code).toContain("@group(0)@binding(2)var<uniform>params:Params;");
  expect(plain?.code).toContain("fn double(");
  expect(plain?.code).toContain("let more=Elem(0);");
  expect(plus?.bindings.map(({ name }) => name)).toEqual(["x", "added", "out"]);
  expect(plus?.code).toContain("@group(0)@binding(3)var<uniform>params:Params;");
  expect(plus?.code).toContain("fn double_plus(");
  expect(plus?.code).toContain("let more=added[id.x];");
});

test("two kernels of one name are refused", () => {
  expect(() => header([...parse(good), ...parse(good)])).toThrow(/expected a name for each kernel, got double twice/);
});

test.each([
  ["let a = b ; // c", "let a=b;"],
  ["a /* b\n c */ d", "a d"],
  ["a - -b", "a- -b"],
  ["a < b && c >= d", "a<b&&c>=d"],
  ["x:array<vec4<f32> >", "x:array<vec4<f32> >"],
  ["return -x", "return-x"],
])("%s becomes %s", (text, small) => expect(minify(text)).toBe(small));

describe("the library's kernels", () => {
  const kernels = libraryKernels();

  test("are those that the C side was written for", () => {
    expect(kernels.map(({ name }) => name).toSorted()).toEqual([
      "apply_bitmask", "apply_logit_bias", "apply_penalty", "argsort_blocks", "argsort_merge", "attention", "attention_tile", "head_norm",
      "logits", "logits_q4", "logits_vec", "logits_vec_q4",
      "mat_mul", "mat_mul_add", "mat_mul_add_q4", "mat_mul_bias", "mat_mul_bias_q4", "mat_mul_q4",
      "mat_vec", "mat_vec_add", "mat_vec_add_q4", "mat_vec_bias", "mat_vec_bias_q4", "mat_vec_q4",
      "rms_norm", "rope_append", "sample_top_p", "silu_gate", "softmax_temperature", "take", "take_q4", "take_row",
    ]);
  });

  test("kernels.h is what glue.ts writes", () => {
    expect(readFileSync(new URL("../../workers/webllm/library/kernels.h", import.meta.url), "utf8"), "run `npx tsx tools/model-library/glue.ts`").toBe(header(kernels));
  });

  test("each count their bytes and operations, and name their limit, before the code", () => {
    const folder = new URL("../../workers/webllm/library/kernels/", import.meta.url);
    const heads = readdirSync(folder).map((file) => [file, readFileSync(new URL(file, folder), "utf8").split("// @kernel")[0] ?? ""] as const);
    expect(heads.length).toBeGreaterThan(10);
    for (const [file, head] of heads) for (const word of ["Bytes:", "Operations:", "Limit:"]) expect([file, head.includes(word) ? word : `no ${word}`]).toEqual([file, word]);
  });

  test("are small", () => {
    expect(gzipSync(kernels.map(({ code }) => code).join("\n")).length).toBeLessThan(12_000);
  });

  // The check that cannot be made on our side alone: the rules of WebLLM's own createShader, read from its source.
  test("their information is what this WebLLM's createShader reads", () => {
    const source = readFileSync(createRequire(import.meta.url).resolve("@mlc-ai/web-llm"), "utf8");
    const body = /createShadeInternal\(finfo, code, asyncMode\) \{([\s\S]*?)const shaderModule =/.exec(source)?.[1] ?? "";
    expect(body).toContain('tag.startsWith("blockIdx.")');
    expect(body).toContain('tag.startsWith("paramWriteAccess:")');
    expect(body).toContain("JSON.parse(tag.substring(17))");
    expect(body).toContain('dtype == "handle"');
    // The trailing field is the grid's x, and z is WebLLM's own: our grids have x and y below 65536.
    expect(body).toContain("u32View[podArgIndices.length] = packDimX;");
    expect(body).toContain("blockIdx.z is reserved for internal use");
    for (const kernel of kernels) {
      const { name, arg_types: types, launch_param_tags: tags } = functionInformation(kernel);
      expect(kernel.code).toContain(`fn ${name}(`);
      const access = JSON.parse(tags[2]?.slice("paramWriteAccess:".length) ?? "") as number[];
      expect(access).toHaveLength(types.filter((type) => type === "handle").length);
      expect(types.slice(access.length).every((type) => /^(?:int|uint|float)32$/.test(type))).toBe(true);
    }
  });
});
