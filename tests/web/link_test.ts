/**
 * The dashboard when the service goes, and comes back.
 *
 * @module
 */

import assert from "node:assert/strict";
import { faults } from "./axe.ts";
import { dashboardTest } from "./browser.ts";

dashboardTest(
  "a lost connection is said plainly, and taken up again behind the last event",
  { intervalMs: 200 },
  async ({ api, page, go }) => {
    await go("gpus");
    await page.locator(".card .figure").first().waitFor();
    await page.waitForTimeout(600);
    await api.down();
    await page.getByText("Connection lost since").waitFor();
    assert.equal(await page.locator(".cards.stale").count(), 1);
    assert.match(await page.locator("main").innerText(), /as they were at \d\d:\d\d:\d\d/);
    assert.equal(await page.locator("header .badge", { hasText: "Live" }).count(), 0);
    assert.deepEqual(await faults(page, "contrast"), []);
    const before = api.requests.length;
    api.up();
    await page.getByRole("button", { name: "Try now" }).click();
    await page.locator("header .badge", { hasText: "Live" }).waitFor();
    await page.locator(".cards:not(.stale)").waitFor();
    assert.equal(await page.getByText("Connection lost").count(), 0);
    const again = api.requests.slice(before).find(({ path }) => path === "/events");
    assert.match(again?.after ?? "", /^[a-z0-9]+-\d+$/);
    // What may have changed meanwhile is asked for again.
    const paths = new Set(api.requests.slice(before).map(({ path }) => path));
    for (const path of ["/inventory", "/scheduler", "/control", "/bench", "/logs"]) {
      assert.ok(paths.has(path), path);
    }
  },
);

dashboardTest(
  "a service that is there and sends no figures is not taken for live",
  { intervalMs: 100 },
  async ({ api, page, go }) => {
    await go("gpus");
    await page.locator(".card .figure").first().waitFor();
    api.setLooking(false);
    const heartbeat = setInterval(
      () => api.say({ level: "debug", part: "http", text: "still there", gpu: null }),
      500,
    );
    try {
      await page.getByText("the service sends no new figures").first().waitFor();
      assert.equal(await page.locator(".cards.stale").count(), 1);
    } finally {
      clearInterval(heartbeat);
    }
    api.setLooking(true);
    await page.locator("header .badge", { hasText: "Live" }).waitFor();
  },
);
