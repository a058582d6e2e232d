/** Fails the build where app code calls `Math.random`: every number on the page comes from a named seed. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { inspect } from "./source.ts";

const folders = ["probes", "workers", "src"];

/** The app's own TypeScript files, as paths from `root`; tests and their helpers are not part of it. */
export function appFiles(root: string): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(".ts") && !/\.test(-support)?\.ts$/.test(path)),
  );
}

/** `file:line` of each use of `Math.random` in code; comments may speak of it. */
export function randomUses(file: string, source: string): string[] {
  return inspect(file, source).find(/\bMath\s*(\?\.|\.)\s*random\b|\bMath\s*\[|\{[^}]*\brandom\b[^}]*\}\s*=\s*Math\b/g).map(({ line }) => `${file}:${line}`);
}

export function noRandom(root: string): Plugin {
  return {
    name: "geodesic-no-random",
    buildStart() {
      const uses = appFiles(root).flatMap((file) => randomUses(file, readFileSync(join(root, file), "utf8")));
      if (uses.length > 0) this.error(`${uses.join(", ")}: expected seeded numbers, got Math.random; draw from Random of probes/random.ts`);
    },
  };
}
