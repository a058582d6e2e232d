/** A source file as the house rules see it: its imports, and its code without comments. */
import { parseSync } from "vite";

export interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface Source {
  readonly imports: readonly Import[];
  /** True where a doc comment stands before the first statement. */
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
  // `new URL("./x.ts", import.meta.url)`: how workers are named.
  for (const match of code.matchAll(/new URL\(\s*["'`]([^"'`]+)["'`]\s*,\s*import\.meta\.url/g)) {
    imports.push({ from: match[1]!, typeOnly: false, line: lineAt(match.index) });
  }
  return {
    imports,
    documented: comments.some(({ type, value, start }) => type === "Block" && value.startsWith("*") && code.slice(0, start).trim() === ""),
    find: (pattern) => [...code.matchAll(pattern)].map((match) => ({ text: match[0], line: lineAt(match.index) })),
  };
}
