/**
 * The places of the page, each with an address of its own: `#/claims/C2?seed=3`.
 * A page that is opened first brings its code with it; the others cost nothing.
 */

export interface Address {
  readonly place: Place;
  /** What follows the place, for example `["C2"]`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

/** In the order in which they are offered. The element of a place is `<place-page>`, with the property `address`. */
const pages = {
  // It comes with the page itself.
  probe: () => Promise.resolve(),
  compare: () => import("./pages/compare-page.ts"),
  lab: () => import("./pages/lab-page.ts"),
  claims: () => import("./pages/claims-page.ts"),
} satisfies Record<string, () => Promise<unknown>>;

export type Place = keyof typeof pages;
export const places = Object.keys(pages) as Place[];

/** The address that stands behind `#`; what names no place is the probe. */
export function readAddress(hash: string): Address {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const [name, ...rest] = path.split("/").filter((part) => part !== "").map(decoded);
  return { place: places.find((place) => place === name) ?? "probe", path: rest, query: new URLSearchParams(query) };
}

/** An address with its `#`. */
export function writeAddress({ place, path = [], query }: { readonly place: Place; readonly path?: readonly string[]; readonly query?: URLSearchParams }): string {
  const text = String(query ?? "");
  return `#/${[place, ...path].map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

/** Brings a page's element. */
export async function openPlace(place: Place): Promise<void> {
  await pages[place]();
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
