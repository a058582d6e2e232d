/** Serves dist/ for the length of a test run; `GEODESIC_URL` names a server that runs already. */
import { serve } from "../tools/serve.mjs";

export default async function start(): Promise<(() => Promise<void>) | undefined> {
  if (process.env["GEODESIC_URL"]) return undefined;
  const { url, close } = await serve();
  // Playwright's worker processes inherit it.
  process.env["GEODESIC_URL"] = url;
  return close;
}
