/** The house: what a server and a browser see of the built app before anybody touches it. */
import { get } from "node:http";
import { firstLoad } from "./first-load.ts";
import { expect, ready, test } from "./fixtures.ts";

const kilobyte = 1024;

/** Status of a path that no client has tidied up. */
function status(home: string, path: string): Promise<number> {
  const { hostname, port } = new URL(home);
  return new Promise((done, fail) => {
    get({ hostname, port, path }, (response) => {
      response.resume();
      done(response.statusCode ?? 0);
    }).on("error", fail);
  });
}

test("headers close the page off", async ({ request, home }) => {
  const headers = (await request.get(home)).headers();
  expect(headers["content-security-policy"]).toMatch(/^default-src 'none';/);
  expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  // Models of the hub, and WebLLM's libraries on GitHub.
  expect(headers["content-security-policy"]).toContain("; connect-src 'self' https://huggingface.co https://*.huggingface.co https://*.hf.co https://api.github.com https://raw.githubusercontent.com;");
  expect(headers["content-security-policy"]).not.toMatch(/unsafe-inline|'unsafe-eval'/);
  expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
  expect(headers["cross-origin-embedder-policy"]).toBe("require-corp");
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["referrer-policy"]).toBe("no-referrer");
});

test("the page carries its policy for hosts that set no headers, and no inline code", async ({ request, home }) => {
  const text = await (await request.get(home)).text();
  expect(text).toMatch(/<head>\s*<meta http-equiv="Content-Security-Policy" content="default-src (?:'|&#39;)none/);
  expect(text.match(/<script(?![^>]*\ssrc=)[^>]*>/g)).toBeNull();
  expect(text).not.toMatch(/<style|\sstyle=|\son\w+=/);
});

test("nothing outside dist/ is served", async ({ home }) => {
  for (const path of ["/nothing", "/assets/nothing.js", "/../package.json", "/..%2fpackage.json", "/%2e%2e/package.json", "/assets/%2e%2e/%2e%2e/package.json"]) {
    expect([path, await status(home, path)]).toEqual([path, 404]);
  }
});

test("the page opens: isolated, its element defined, nothing foreign asked", async ({ page, home }) => {
  await page.goto(home);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  // Undefined where decorators came through the build as they were.
  await page.waitForFunction(() => customElements.get("geodesic-app") !== undefined);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await ready(page);
});

test("no file of the build holds decorators or Math.random of ours", async ({ page, home }) => {
  const scripts = new Set<string>();
  page.on("response", (response) => {
    if (new URL(response.url()).pathname.startsWith("/assets/") && response.url().endsWith(".js")) scripts.add(response.url());
  });
  await page.goto(home);
  await page.waitForFunction(() => customElements.get("geodesic-app") !== undefined);
  expect(scripts.size).toBeGreaterThan(0);
  for (const url of scripts) expect(await (await fetch(url)).text()).not.toMatch(/(^|[;{}\s])@(customElement|property|state|query)\(/);
});

test.describe("the policy is in force", () => {
  test.use({ allow: { errors: [/^policy: (script-src|script-src-elem|connect-src) /, /violates the (following|document's) Content Security Policy/] } });

  test("no inline script, no eval, no foreign host", async ({ page, home }) => {
    await page.goto(home);
    const got = await page.evaluate(async () => {
      const script = document.createElement("script");
      script.textContent = "globalThis.intruder = true";
      document.head.append(script);
      // In a task of the page's own: the policy does not bind what Playwright itself evaluates.
      const evaluated = await new Promise((done) => {
        setTimeout(() => {
          try {
            // oxlint-disable-next-line no-eval
            done((0, eval)("true"));
          } catch {
            done(false);
          }
        });
      });
      const hosts = ["https://example.com/", "https://github.com/", "https://gist.githubusercontent.com/", "https://cdn.jsdelivr.net/"];
      const reached = await Promise.any(hosts.map((url) => fetch(url, { mode: "no-cors" }))).then(() => true, () => false);
      return { intruder: "intruder" in globalThis, evaluated, reached };
    });
    expect(got).toEqual({ intruder: false, evaluated: false, reached: false });
  });
});

test("JavaScript of the first picture stays within its budget", async ({ page, home }) => {
  const { page: own, all, files } = await firstLoad(page, home);
  const list = [...files].map(([path, bytes]) => `${path} ${bytes}`).join("\n");
  expect(own, list).toBeGreaterThan(0);
  expect(own, `page, gzip:\n${list}`).toBeLessThanOrEqual(160 * kilobyte);
  expect(all, `page and workers, gzip:\n${list}`).toBeLessThanOrEqual(400 * kilobyte);
});

test.describe("half a server", () => {
  test.use({ allow: { errors: [/ERR_FAILED/] } });
  test("a place whose code does not load says so, and the others work", async ({ page, home }) => {
    await page.route(/\/assets\/claims-page-[^/]*\.js$/, (route) => route.abort());
    await page.goto(`${home}#/claims`);
    await expect(page.getByRole("alert")).toContainText("The code of this place did not load");
    await page.getByRole("link", { name: "Compare" }).click();
    await expect(page.locator("compare-page")).toBeVisible();
    await expect(page.getByRole("alert")).toHaveCount(0);
  });
});
