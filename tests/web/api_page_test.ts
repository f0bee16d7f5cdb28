/**
 * The page about the API in a real browser.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ApiDocument } from "../../lib/daemon/http/api_page.ts";
import { fixture } from "../daemon/http/fixture.ts";
import { faults } from "./axe.ts";
import { browserTest, openPage } from "./browser.ts";

/** The API over a fake service, on a free port of the loopback. */
function serve(): Deno.HttpServer<Deno.NetAddr> {
  const { app } = fixture();
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => app(request, { address: undefined }),
  );
}

/** Where things are does not depend on colours: the rules of axe take seconds on so long a page. */
const SURROUNDINGS = [
  { colorScheme: "light", viewport: { width: 360, height: 740 }, rules: "none" },
  { colorScheme: "light", viewport: { width: 1280, height: 800 }, rules: "all" },
  { colorScheme: "dark", viewport: { width: 1280, height: 800 }, rules: "contrast" },
] as const;

browserTest("the page about the API shows all of it, and keeps nobody out", async (browser) => {
  await using server = serve();
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const { paths, components } = await (await fetch(`${origin}/openapi.json`)).json() as ApiDocument;
  for (const { rules, ...options } of SURROUNDINGS) {
    const { page, complaints, requests } = await openPage(browser, options);
    await page.goto(`${origin}/docs`);
    const shown = (await page.locator("main section").allInnerTexts())
      .map((text) => text.replaceAll(/\s+/g, " "));
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { summary }]) =>
        `${method.toUpperCase()} ${path} ${summary}`
      )
    );
    const schemas = Object.entries(components.schemas).map(([name, { description }]) =>
      `${name} ${description}`
    );
    assert.equal(shown.length, operations.length + schemas.length);
    [...operations, ...schemas].forEach((start, i) => {
      assert.ok(shown[i]?.startsWith(start), `${start}: ${shown[i]}`);
    });
    assert.deepEqual(await page.evaluate(DEAD_LINKS), []);
    if (rules !== "none") assert.deepEqual(await faults(page, rules), []);
    const isTooWide = "document.documentElement.scrollWidth > innerWidth";
    assert.equal(await page.evaluate(isTooWide), false, JSON.stringify(options));
    assert.deepEqual(complaints, []);
    assert.deepEqual(requests.filter((url) => !url.startsWith(origin)), []);
    await page.close();
  }
});

/** Links within the page that lead nowhere. */
const DEAD_LINKS = `[...document.querySelectorAll('a[href^="#"]')]
  .map((link) => link.getAttribute("href"))
  .filter((to) => document.getElementById(to.slice(1)) === null)`;

browserTest(
  "the page about the API leads from a path to the fields of its answer",
  async (browser) => {
    await using server = serve();
    const { page } = await openPage(browser);
    await page.goto(`http://127.0.0.1:${server.addr.port}/docs`);
    await page.getByRole("link", { name: "GET /api/v1/status" }).click();
    await page.locator(":target").getByRole("link", { name: "Status" }).click();
    await page.locator(":target").getByRole("link", { name: "GpuSample" }).click();
    const power = page.locator(":target li", { hasText: /^power_w / });
    assert.equal(
      (await power.innerText()).replaceAll(/\s+/g, " "),
      "power_w number or null Power of the GPU, or of the whole card where the driver knows that, W",
    );
    assert.match(
      await page.locator("#put-api-v1-scheduler").innerText(),
      /Body: .*SchedulerChange/,
    );
    const events = page.locator("#get-api-v1-events");
    await events.getByRole("link", { name: "Event" }).click();
    await page.locator(":target").getByRole("link", { name: "SampleEvent" }).click();
    await page.locator(":target").getByRole("link", { name: "SampleData" }).click();
    await page.locator(":target").getByText("interval_ms").waitFor();
  },
);
