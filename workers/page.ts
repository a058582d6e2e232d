/** Where the page lives. A worker's own URL says nothing about it, so the page tells it with the first call. */
let base = "";

/** URL of the page's folder, with a slash at the end. */
export function pageBase(): string {
  return base || new URL("./", globalThis.location?.href ?? "http://localhost/").href;
}

export function setPageBase(url: string): void {
  base = url;
}
