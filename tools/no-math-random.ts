/** Fails the build where the app's own code calls Math.random: chance comes from seeded sources only (`probes/random.ts`). */
import { relative, sep } from "node:path";
import type { Plugin } from "vite";

const ours = /^(probes|workers|src)\//;

/** File and line of each use of Math.random. */
export function usesOfMathRandom(code: string): number[] {
  return code.split("\n").flatMap((line, i) => (/\bMath\s*(\.\s*random|\[\s*["'`]random["'`]\s*\])/.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line) ? [i + 1] : []));
}

export function noMathRandom(root: string): Plugin {
  return {
    name: "no-math-random",
    enforce: "pre",
    transform(code, id) {
      const file = relative(root, id.split("?")[0]!).split(sep).join("/");
      if (!ours.test(file) || file.includes(".test.")) return;
      const [line] = usesOfMathRandom(code);
      if (line !== undefined) this.error(`${file}:${line}: expected a seeded source of chance, got Math.random; use probes/random.ts`);
    },
  };
}
