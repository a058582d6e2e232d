/**
 * `npx tsx tools/record-claims.ts [ids…] [--seed-by-seed] [--sabotaged] [--live]`: runs
 * claims in Node and writes what they measured to `workers/claims/recorded/<id>.json`:
 * evidence, seeds, date, versions, milliseconds. Without ids: those marked `recorded`.
 * Verdicts are printed and never stored: the page judges the evidence anew.
 *
 * `--seed-by-seed` also runs each seed alone, keeps that evidence beside the whole, and
 * says whether the verdict is the same. `--live` runs the live size and writes nothing.
 * `--sabotaged` runs with the model spoiled on purpose, and writes to `recorded/sabotaged/`,
 * for the tests, at either size.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Claim } from "../workers/claims/claim.ts";
import { encodeRun, type RecordedRun } from "../workers/claims/evidence.ts";
import { claims } from "../workers/claims/index.ts";
import { ClaimsService } from "../workers/claims/service.ts";
import { nanoDecoder } from "../workers/reference/nano.test-support.ts";

const folder = fileURLToPath(new URL("../workers/claims/recorded/", import.meta.url));
const flags = ["--seed-by-seed", "--sabotaged", "--live"];

function version(name: string): string {
  return (JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8")) as { version: string }).version;
}

function commit(): string {
  return execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8", cwd: fileURLToPath(new URL("..", import.meta.url)) }).trim();
}

const args = process.argv.slice(2);
const wrong = args.filter((arg) => arg.startsWith("-") && !flags.includes(arg));
const ids = args.filter((arg) => !arg.startsWith("-"));
const missing = ids.filter((id) => !claims.some((claim) => claim.id === id));
if (wrong.length > 0 || missing.length > 0) {
  console.error(`record-claims: expected ids among ${claims.map(({ id }) => id).join(", ")} and flags among ${flags.join(", ")}, got ${[...wrong, ...missing].join(", ")}`);
  process.exit(2);
}
const sabotaged = args.includes("--sabotaged");
const size = args.includes("--live") ? "live" : "full";
const chosen: readonly Claim[] = claims.filter(({ id, recorded }) => (ids.length > 0 ? ids.includes(id) : recorded));
const tell = ({ stderr }: NodeJS.Process, line: string): void => void (stderr.isTTY && stderr.write(`\r\u001b[K${line}`));
const service = new ClaimsService({ claims, loadModel: (choice) => Promise.resolve(nanoDecoder(choice)) });

for (const { id, seeds, expectation } of chosen) {
  const { run, judgement } = await service.run({ id, size, sabotaged }, ({ done, what }) => tell(process, `${id} ${(100 * done).toFixed(0)} % ${what}`));
  tell(process, "");
  console.log(`${id} ${judgement.verdict} (expected ${expectation.verdict}) in ${(run.milliseconds / 1000).toFixed(1)} s: ${judgement.reason}`);
  for (const { id: name, value, low, high, n, unit } of run.evidence.quantities) {
    console.log(`   ${name} ${value.toPrecision(4)}${low === undefined || high === undefined ? "" : ` [${low.toPrecision(4)}, ${high.toPrecision(4)}]`}${unit === "1" ? "" : ` ${unit}`}${n === undefined ? "" : `, n ${n}`}`);
  }
  const bySeed: { seed: number; evidence: RecordedRun["evidence"] }[] = [];
  for (const seed of args.includes("--seed-by-seed") ? seeds : []) {
    const alone = await service.run({ id, size, sabotaged, seeds: [seed] });
    bySeed.push({ seed, evidence: alone.run.evidence });
    console.log(`   seed ${seed} alone: ${alone.judgement.verdict}${alone.judgement.verdict === judgement.verdict ? "" : ", which differs"}: ${alone.judgement.reason}`);
  }
  if (size === "live" && !sabotaged) continue;
  const recorded: RecordedRun = {
    ...run,
    versions: { node: process.versions.node, "@jax-js/jax": version("@jax-js/jax"), commit: commit() },
    ...(bySeed.length > 0 ? { bySeed } : {}),
  };
  const path = `${folder}${sabotaged ? "sabotaged/" : ""}${id}.json`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeRun(recorded));
}
