/**
 * From kernels/*.wgsl to kernels.h: what WebLLM must be told about each kernel,
 * its shader, and a typed C function that launches it, so that the library's C
 * side repeats no name, no order and no grid by hand.
 *
 * A kernel file is WGSL with lines of directions in its comments:
 *
 *   // @kernel mat_vec:            a kernel of this file, with the flags that it sets
 *   // @kernel mat_vec_bias: bias
 *   // @grid (d_out + 3) / 4, 1    workgroups in x and y, in C, of the kernel's integer scalars
 *   // @if bias                    lines for kernels with the flag; @else, @end
 *   @group(0) @binding(#)          # is the next number, where flags shift the bindings
 *
 * It binds storage buffers 0 … n−1 and then one uniform `params: Params`, whose
 * fields are the scalars in order and, last, `grid: u32`, which WebLLM appends.
 * Its entry point is named as the file; each kernel gets a copy under its own name.
 *
 * The host puts a prelude before each shader: `enable f16;` where weights are
 * float16, `alias Elem`, `alias Elem4`, `const HEAD_DIM: u32`, `const EPS: f32`.
 *
 *   npx tsx tools/model-library/glue.ts     writes kernels.h
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EngineError } from "../../workers/engine.ts";

export type ScalarType = "i32" | "u32" | "f32";

export interface Binding {
  readonly name: string;
  /** WGSL, as written: `array<Elem4>`. */
  readonly type: string;
  readonly writes: boolean;
}

export interface Scalar {
  readonly name: string;
  readonly type: ScalarType;
}

export interface Kernel {
  readonly name: string;
  readonly bindings: readonly Binding[];
  /** Without the trailing `grid`. */
  readonly scalars: readonly Scalar[];
  /** Workgroups in x and y, as C and as JavaScript alike (in C, `/` is of integers). */
  readonly grid: readonly [string, string];
  /** The shader without the prelude. */
  readonly code: string;
}

/** The function information that web-llm's `createShader` reads. */
export interface FunctionInformation {
  readonly name: string;
  readonly arg_types: readonly string[];
  readonly launch_param_tags: readonly string[];
}

/** WebLLM asks its device for these; more would fail at run time, on the user's machine. */
const mostBuffers = 10;
const mostInvocations = 256;
/** The largest head that the library takes. */
const mostHeadDim = 256;

const typeNames: Readonly<Record<ScalarType, string>> = { i32: "int32", u32: "uint32", f32: "float32" };
const isIdentifier = (text: string): boolean => /^[a-z][a-z0-9_]*$/.test(text);

/** All kernels of a file, in the order of their `@kernel` lines. @throws EngineError, named as the file and the line */
export function parseKernels(file: string, text: string): Kernel[] {
  const entry = file.replace(/\.wgsl$/, "").replaceAll("-", "_");
  const declared = [...text.matchAll(/^\/\/ @kernel (.*)$/gm)].map(([, line = ""]) => {
    const match = /^(\w+)(?::((?: \w+)*))?$/.exec(line.trim());
    const [, name = "", flags = ""] = match ?? [];
    if (match === null || !isIdentifier(name)) throw new EngineError(`${file}: expected \`// @kernel name: flag …\`, got \`// @kernel ${line}\`; write the name in lower case`);
    return { name, flags: new Set(flags.split(" ").filter((flag) => flag !== "")) };
  });
  if (declared.length === 0) throw new EngineError(`${file}: expected a line \`// @kernel ${entry}\`, got none; name the kernels of the file`);
  const known = new Set(declared.flatMap(({ flags }) => [...flags]));
  return declared.map(({ name, flags }) => parseKernel(`${file}, ${name}`, name, entry, select(file, text, flags, known)));
}

/** The lines of the file that a kernel with these flags has. */
function select(file: string, text: string, flags: ReadonlySet<string>, known: ReadonlySet<string>): string {
  const kept: string[] = [];
  const open: { flag: string; taken: boolean; line: number }[] = [];
  text.split("\n").forEach((line, i) => {
    const [, word, flag = ""] = /^\s*\/\/ @(if|else|end)\b ?(.*)$/.exec(line) ?? [];
    const where = `${file}:${i + 1}`;
    if (word === "if") {
      if (!known.has(flag)) throw new EngineError(`${where}: expected a flag of a @kernel line (${[...known].join(", ") || "there is none"}), got "${flag}"; correct it`);
      open.push({ flag, taken: flags.has(flag), line: i + 1 });
    } else if (word !== undefined) {
      const last = open.at(-1);
      if (last === undefined) throw new EngineError(`${where}: expected an open @if, got @${word} without one; remove it`);
      if (word === "end") open.pop();
      else last.taken = !last.taken;
    } else if (open.every(({ taken }) => taken)) kept.push(line);
  });
  const [left] = open;
  if (left !== undefined) throw new EngineError(`${file}:${left.line}: expected an @end for \`@if ${left.flag}\`, got none; close it`);
  let binding = 0;
  return kept.join("\n").replaceAll("@binding(#)", () => `@binding(${binding++})`);
}

function parseKernel(where: string, name: string, entry: string, text: string): Kernel {
  const fail = (expected: string, got: string, remedy: string): never => {
    throw new EngineError(`${where}: expected ${expected}, got ${got}; ${remedy}`);
  };
  const code = minify(text);
  const bindings: Binding[] = [];
  let uniform = -1;
  for (const [, group, index, space, access, variable = "", type = ""] of code.matchAll(/@group\((\d+)\)\s?@binding\((\d+)\)\s?var<(storage|uniform)(?:,(read|read_write))?>(\w+):([^;]+);/g)) {
    const at = bindings.length;
    if (uniform >= 0) fail("the uniform last", `${variable} after it`, "move it");
    if (group !== "0" || Number(index) !== at) fail(`binding ${at} of group 0`, `binding ${index} of group ${group} for ${variable}`, "number the bindings in order");
    if (space === "uniform") {
      uniform = at;
      if (variable !== "params" || type !== "Params") fail("`params: Params` as uniform", `${variable}: ${type}`, "rename it");
    } else {
      if (!isIdentifier(variable)) fail("a lower-case name", variable, "rename it");
      if (access === undefined) fail(`an access mode for ${variable}`, "none", "write read or read_write");
      bindings.push({ name: variable, type, writes: access === "read_write" });
    }
  }
  const attributes = [...code.matchAll(/@binding\(/g)].length;
  if (attributes !== bindings.length + (uniform < 0 ? 0 : 1)) fail("bindings of the form `@group(0) @binding(i) var<storage, read> name: type;`", `${attributes} bindings, of which ${bindings.length} can be read`, "write them so");
  if (uniform < 0) fail(`a uniform at binding ${bindings.length}`, "none", "add `var<uniform> params: Params;`");
  if (bindings.length === 0 || bindings.length > mostBuffers) fail(`1 to ${mostBuffers} storage buffers`, String(bindings.length), "split the kernel");
  if (!bindings.some(({ writes }) => writes)) fail("a buffer that is written", "none", "bind one as read_write");

  const scalars = readParams(code, fail);
  const names = [...bindings, ...scalars].map((argument) => argument.name);
  const twice = names.find((each, i) => names.indexOf(each) !== i);
  if (twice !== undefined) fail("different names for all arguments", `"${twice}" twice`, "rename one");

  const entries = [...code.matchAll(/@compute\s?@workgroup_size\(([^)]*)\)\s?fn (\w+)\(/g)];
  const [only] = entries;
  if (entries.length !== 1 || only?.[2] !== entry) fail(`one entry point, ${entry}`, entries.map(([, , each]) => each).join(", ") || "none", "name it as the file");
  const invocations = (only?.[1] ?? "").split(",").reduce((product, factor) => product * sizeOf(factor, code), 1);
  if (!(invocations >= 1 && invocations <= mostInvocations)) fail(`1 to ${mostInvocations} invocations in a workgroup`, `@workgroup_size(${only?.[1]})`, "write numbers, or constants that are numbers");

  return { name, bindings, scalars, grid: readGrid(text, scalars, fail), code: code.replace(`fn ${entry}(`, `fn ${name}(`) };
}

type Fail = (expected: string, got: string, remedy: string) => never;

function readParams(code: string, fail: Fail): Scalar[] {
  const body = /struct Params\{([^}]*)\}/.exec(code)?.[1];
  if (body === undefined) return fail("a struct Params", "none", "declare the scalars");
  const fields = body.split(",").filter((field) => field !== "").map((field) => {
    const [name = "", type = ""] = field.split(":");
    if (!isIdentifier(name)) fail("a lower-case name in Params", name, "rename it");
    if (!(type in typeNames)) fail(`i32, u32 or f32 for ${name}`, type, "pass other things in a buffer");
    return { name, type: type as ScalarType };
  });
  const last = fields.pop();
  if (last?.name !== "grid" || last.type !== "u32") fail("`grid: u32` as the last field of Params", last === undefined ? "none" : `${last.name}: ${last.type}`, "add it: WebLLM always passes it");
  return fields;
}

function readGrid(text: string, scalars: readonly Scalar[], fail: Fail): [string, string] {
  const lines = [...text.matchAll(/^\/\/ @grid (.*)$/gm)].map(([, line = ""]) => line.trim());
  const [x, y, ...more] = (lines[0] ?? "").split(",").map((part) => part.trim());
  if (lines.length !== 1 || x === undefined || y === undefined || more.length > 0) return fail("one line `// @grid x, y`", lines.join(" | ") || "none", "say how many workgroups to launch");
  for (const part of [x, y]) {
    if (!/^[\w\s+*/()-]+$/.test(part)) fail("a grid of + - * / ( ), numbers and scalars", part, "simplify it");
    for (const [word] of part.matchAll(/[A-Za-z_]\w*/g)) {
      if (!scalars.some(({ name, type }) => name === word && type !== "f32")) fail("integer scalars of Params in the grid", `"${word}"`, "add it to Params");
    }
  }
  return [x, y];
}

/** A factor of a workgroup size: a number, the head size (at most), or a constant that is one of these; NaN if neither. */
function sizeOf(factor: string, code: string): number {
  const text = /^[A-Z]\w*$/.test(factor) ? (new RegExp(`const ${factor}(?::u32)?=(\\w+);`).exec(code)?.[1] ?? factor) : factor;
  return text === "HEAD_DIM" ? mostHeadDim : /^\d+u?$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
}

const wordy = (c: string): boolean => /\w/.test(c);
const operator = (c: string): boolean => "+-*/%&|^<>=!".includes(c);

/** WGSL without comments, and without the white space that separates nothing. */
export function minify(text: string): string {
  const bare = text.replaceAll(/\/\/[^\n]*/g, " ").replaceAll(/\/\*[\s\S]*?\*\//g, " ").trim();
  return bare.replaceAll(/\s+/g, (_, at: number) => {
    const [before = "", after = ""] = [bare[at - 1], bare.slice(at).trimStart()[0]];
    return (wordy(before) && wordy(after)) || (operator(before) && operator(after)) ? " " : "";
  });
}

export function functionInformation({ name, bindings, scalars }: Kernel): FunctionInformation {
  return {
    name,
    arg_types: [...bindings.map(() => "handle"), ...scalars.map(({ type }) => typeNames[type])],
    launch_param_tags: ["blockIdx.x", "blockIdx.y", `paramWriteAccess:[${bindings.map(({ writes }) => Number(writes)).join(",")}]`],
  };
}

const cString = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

function cFunction({ name, bindings, scalars, grid }: Kernel): string {
  const parameters = [...bindings.map((binding) => `${binding.writes ? "" : "const "}Tensor* ${binding.name}`), ...scalars.map((scalar) => `${scalar.type} ${scalar.name}`)];
  const values = [
    ...bindings.map((binding) => `any_tensor(${binding.name})`),
    ...scalars.map((scalar) => `${scalar.type === "f32" ? "any_float" : "any_int"}(${scalar.name})`),
    ...grid.map((size) => `any_int(${size})`),
  ];
  return [
    `static inline i32 k_${name}(${parameters.join(", ")}) {`,
    `  const Any arguments[] = {${values.join(", ")}};`,
    `  return launch(&kernel_${name}, arguments, ${values.length});`,
    "}",
  ].join("\n");
}

/** The text of kernels.h. @throws EngineError where two kernels share a name */
export function header(kernels: readonly Kernel[]): string {
  const names = kernels.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new EngineError(`glue: expected a name for each kernel, got ${twice} twice; rename one`);
  return [
    "/* Written by glue.ts from the shaders in kernels/; change those. */",
    "#pragma once",
    '#include "ffi.h"',
    "",
    "static i32 launch(Kernel* kernel, const Any* arguments, i32 count);",
    ...kernels.map((kernel) => ["", `static Kernel kernel_${kernel.name} = {`, `  ${cString(kernel.name)},`, `  ${cString(JSON.stringify(functionInformation(kernel)))},`, `  ${cString(kernel.code)},`, "  NULL,", "};", cFunction(kernel)].join("\n")),
    "",
    `static Kernel* const kernels[] = {${names.map((name) => `&kernel_${name}`).join(", ")}};`,
    "",
  ].join("\n");
}

const library = new URL("../../workers/webllm/library/", import.meta.url);
const folder = new URL("kernels/", library);
const target = new URL("kernels.h", library);

/** Every kernel of the library, by file and then in the file's order. */
export function libraryKernels(): Kernel[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".wgsl")).toSorted();
  return files.flatMap((file) => parseKernels(file, readFileSync(new URL(file, folder), "utf8")));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, header(libraryKernels()));
