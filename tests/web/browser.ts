/**
 * The dashboard in a real browser, before a service that is not there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { buildWeb } from "../../scripts/build/web.ts";
import { FakeApi, type FakeApiOptions, TOKEN } from "./fake_api.ts";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const executablePath = BROWSERS.find(isFile);

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const ROOT = join(import.meta.dirname ?? ".", "../..");

/** How long a test waits for what it expects, in ms. */
const PATIENCE_MS = 15_000;

/** A page, and what it said. */
export interface Visit {
  api: FakeApi;
  page: Page;
  /** What the console said and what was thrown, but for requests that failed. */
  complaints: string[];
  /** Addresses that were asked for. */
  requests: string[];
  /** Goes to a view, and waits for its heading. */
  go(route: string): Promise<void>;
}

/** Opens an empty page that is watched. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<Pick<Visit, "page" | "complaints" | "requests">> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [], requests: string[] = [];
  page.on("console", (message) => {
    if (!message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  return { page, complaints, requests };
}

/** Opens a page of the dashboard. */
export async function visit(
  browser: Browser,
  api: FakeApi,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const { page, complaints, requests } = await openPage(browser, options);
  const go = async (route: string) => {
    await page.goto(`${api.url}#/${route}`);
    await page.locator("main h1").waitFor();
    await page.locator("header .badge", { hasText: "Live" }).waitFor();
  };
  return { api, page, complaints, requests, go };
}

/** Why no browser can be driven here; null where one can. */
export const NO_BROWSER = executablePath === undefined ? "no Chromium" : null;

/** Builds the dashboard, and starts a browser. */
export async function launch(): Promise<Browser> {
  const built = buildWeb(join(ROOT, "lib/daemon/web"), join(ROOT, "build/web"));
  assert.notEqual(built.state, "failed", JSON.stringify(built));
  return await chromium.launch({ executablePath: executablePath ?? "", args: FLAGS });
}

/** A test that needs a browser, which is ended with it. */
export function browserTest(name: string, run: (browser: Browser) => Promise<void>): void {
  Deno.test({
    name: NO_BROWSER === null ? name : `${name} (skipped: ${NO_BROWSER})`,
    ignore: NO_BROWSER !== null,
    // The browser's pipes are closed some time after it is.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const browser = await launch();
      try {
        await run(browser);
      } finally {
        await browser.close();
      }
    },
  });
}

/** A test of the dashboard; what it left in the console fails it, and so does a request to any other host. */
export function dashboardTest(
  name: string,
  options: FakeApiOptions,
  run: (visit: Visit, browser: Browser) => Promise<void>,
): void {
  browserTest(name, async (browser) => {
    await using api = FakeApi.start(options);
    const visited = await visit(browser, api);
    await run(visited, browser);
    assert.deepEqual(visited.complaints, []);
    assert.deepEqual(visited.requests.filter((url) => !isOwn(url, api)), []);
  });
}

function isOwn(url: string, api: FakeApi): boolean {
  return url.startsWith(api.url);
}

/** Gives the token by the form. */
export async function giveToken(page: Page, text = TOKEN): Promise<void> {
  await page.getByRole("button", { name: /^Token/ }).click();
  await page.getByLabel("Token", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Keep" }).click();
}

/**
 * Waits until an expression is true in the page.
 *
 * `page.waitForFunction` evaluates in a way that the policy of the page does not let in.
 */
export async function until(page: Page, expression: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!await page.evaluate<boolean>(expression)) {
    assert.ok(Date.now() < end, `never came to be: ${expression}`);
    await page.waitForTimeout(50);
  }
}
