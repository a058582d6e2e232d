/**
 * The address of a claim: `#/claims/C2?seeds=4,5,6&least=0.1&view=recorded`. Seeds and
 * thresholds stand in it only where a reader changed them.
 */
import type { ClaimRecord } from "../../workers/claims/service.ts";
import { type Filter, isFilter } from "./claim-words.ts";
import { type Address, writeAddress } from "../places.ts";

/** Which run is looked at: this browser's, the one recorded beforehand, or one spoiled on purpose. */
export type ClaimView = "live" | "recorded" | "sabotaged";

const views: readonly ClaimView[] = ["live", "recorded", "sabotaged"];

export interface ClaimAddress {
  readonly id: string;
  /** null: the claim's own. */
  readonly seeds: readonly number[] | null;
  /** By name; those that a reader changed. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** null: whatever there is. */
  readonly view: ClaimView | null;
}

/** What a claim's address asks for; what cannot be read is left out. */
export function readClaimAddress({ path, query }: Pick<Address, "path" | "query">, { thresholds: own }: Pick<ClaimRecord, "thresholds">): ClaimAddress {
  const thresholds: Record<string, number> = {};
  for (const name of Object.keys(own)) {
    const text = query.get(name);
    const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isFinite(value) && value !== own[name]!.value) thresholds[name] = value;
  }
  const view = query.get("view");
  return { id: path[0] ?? "", seeds: readSeeds(query.get("seeds")), thresholds, view: views.find((v) => v === view) ?? null };
}

export function writeClaimAddress({ id, seeds, thresholds, view }: ClaimAddress): string {
  const query = new URLSearchParams();
  if (seeds) query.set("seeds", seeds.join(","));
  for (const [name, value] of Object.entries(thresholds)) query.set(name, String(value));
  if (view) query.set("view", view);
  return writeAddress({ place: "claims", path: [id], query });
}

/** Whole numbers, separated by commas or spaces; null where a part is none. */
export function readSeeds(text: string | null): number[] | null {
  const parts = (text ?? "").split(/[\s,]+/).filter((part) => part !== "");
  const seeds = parts.map(Number);
  return seeds.length > 0 && seeds.length <= 100 && seeds.every((seed) => Number.isSafeInteger(seed)) ? seeds : null;
}

export function readFilter({ query }: Pick<Address, "query">): Filter {
  const show = query.get("show");
  return isFilter(show) ? show : "all";
}

export function writeFilter(filter: Filter): string {
  return writeAddress({ place: "claims", ...(filter === "all" ? {} : { query: new URLSearchParams({ show: filter }) }) });
}
