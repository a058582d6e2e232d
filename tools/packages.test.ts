/** What we build on: exact versions, and licences that let anybody use it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const read = (path: string): unknown => JSON.parse(readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8"));

interface PackageJson {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly license?: string;
  readonly version: string;
}

const ours = read("package.json") as PackageJson;
const direct = { ...ours.dependencies, ...ours.devDependencies };

test("every version is exact", () => {
  const loose = Object.entries(direct).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.-]+)?$/.test(version));
  expect(loose).toEqual([]);
});

test("what is installed is what is named", () => {
  const other = Object.entries(direct).filter(([name, version]) => (read(`node_modules/${name}/package.json`) as PackageJson).version !== version);
  expect(other).toEqual([]);
});

const permissive = ["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD"];

function licences(names: Record<string, string>): Record<string, string | undefined> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, (read(`node_modules/${name}/package.json`) as PackageJson).license]));
}

test("what is shipped has a permissive licence", () => {
  const other = Object.entries(licences(ours.dependencies)).filter(([, licence]) => !permissive.includes(licence ?? ""));
  expect(other).toEqual([]);
});

test("so has what tests and builds, but for axe-core, which only looks on", () => {
  // MPL-2.0 binds those who change axe-core's own files; we neither do nor ship it.
  const other = Object.entries(licences(ours.devDependencies)).filter(([, licence]) => !permissive.includes(licence ?? ""));
  expect(other).toEqual([["axe-core", "MPL-2.0"]]);
});
