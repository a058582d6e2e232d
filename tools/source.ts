/** A source file as the house rules see it: its imports, and its code without comments. */
import { parseSync } from "vite";

export interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface Source {
  readonly imports: readonly Import[];
  /** True where a doc comment stands before the first statement that is not an import. */
  readonly documented: boolean;
  /** Where a pattern occurs outside comments. */
  find(pattern: RegExp): { readonly text: string; readonly line: number }[];
}

/** Parses a TypeScript file; throws where it does not parse. */
export function inspect(file: string, source: string): Source {
  const { module, comments, errors } = parseSync(file, source);
  if (errors.length > 0) throw new SyntaxError(`${file}: expected TypeScript, got "${errors[0]?.message}"; correct it`);
  const lineAt = (offset: number): number => source.slice(0, offset).split("\n").length;
  // Blanks of the same length: offsets keep their lines.
  let code = source;
  for (const { start, end } of comments) code = code.slice(0, start) + source.slice(start, end).replace(/[^\n]/g, " ") + code.slice(end);
  const imports: Import[] = [];
  for (const { moduleRequest, entries, start } of module.staticImports) {
    const typeOnly = /^import\s+type\b/.test(source.slice(start)) || (entries.length > 0 && entries.every((entry) => entry.isType));
    imports.push({ from: moduleRequest.value, typeOnly, line: lineAt(start) });
  }
  for (const { entries, start } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) {
      if (moduleRequest) imports.push({ from: moduleRequest.value, typeOnly: isType || /^export\s+type\b/.test(source.slice(start)), line: lineAt(start) });
    }
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    imports.push({ from: source.slice(moduleRequest.start, moduleRequest.end).replace(/^["'`]|["'`]$/g, ""), typeOnly: false, line: lineAt(start) });
  }
  // `new Worker(new URL("./x.ts", import.meta.url))`: a worker is an import too.
  for (const match of code.matchAll(/new Worker\(\s*new URL\(\s*["'`]([^"'`]+)["'`]\s*,\s*import\.meta\.url/g)) {
    imports.push({ from: match[1]!, typeOnly: false, line: lineAt(match.index) });
  }
  // An import ends its own statement; what is left before a comment is then empty.
  let afterImports = code;
  for (const { start, end } of module.staticImports) afterImports = afterImports.slice(0, start) + " ".repeat(end - start) + afterImports.slice(end);
  return {
    imports,
    documented: comments.some(({ type, value, start }) => type === "Block" && value.startsWith("*") && /^[\s;]*$/.test(afterImports.slice(0, start))),
    find: (pattern) => [...code.matchAll(pattern)].map((match) => ({ text: match[0], line: lineAt(match.index) })),
  };
}
