/**
 * Every view by the rules of axe, on small and large screens, in the light and in the dark.
 *
 * @module
 */

import assert from "node:assert/strict";
import { faults } from "./axe.ts";
import { dashboardTest, visit } from "./browser.ts";
import { idOf } from "./fake_gpus.ts";

const ROUTES = [
  "gpus",
  `gpus/${encodeURIComponent(idOf(0))}`,
  "topology",
  "programs",
  "health",
  "scheduler",
  "power",
  "control",
  "bench/bbbbbbbb-2",
  "bench/aaaaaaaa-1..bbbbbbbb-2",
  "log",
];

const SMALL = { width: 360, height: 740 }, USUAL = { width: 1280, height: 800 };
const LARGE = { width: 3840, height: 2160 };

/** Where things are does not depend on colours, and on a large screen nothing is there that is not on others. */
const SURROUNDINGS = [
  { colorScheme: "light", viewport: SMALL, rules: "all" },
  { colorScheme: "light", viewport: USUAL, rules: "all" },
  { colorScheme: "light", viewport: LARGE, rules: "none" },
  { colorScheme: "dark", viewport: USUAL, rules: "contrast" },
] as const;

for (const { colorScheme, viewport, rules } of SURROUNDINGS) {
  const { width, height } = viewport;
  dashboardTest(
    `no view keeps people out or is too wide: ${colorScheme}, ${width} × ${height}`,
    {},
    async ({ api }, browser) => {
      const { page, complaints, go } = await visit(browser, api, { colorScheme, viewport });
      for (const route of ROUTES) {
        await go(route);
        await page.getByText("Waiting for").first().waitFor({ state: "detached" });
        if (rules !== "none") assert.deepEqual(await faults(page, rules), [], route);
        const isTooWide = "document.documentElement.scrollWidth > innerWidth";
        assert.equal(await page.evaluate(isTooWide), false, route);
      }
      assert.deepEqual(complaints, []);
    },
  );
}

dashboardTest("no dialog keeps people out", {}, async ({ page, go }) => {
  await go("control");
  for (const [open, close] of [["Help on keys", "Close"], ["Token…", "Cancel"]] as const) {
    await page.getByRole("button", { name: open }).click();
    assert.deepEqual(await faults(page), []);
    await page.getByRole("dialog").getByRole("button", { name: close }).click();
  }
});

dashboardTest("the colours can be chosen, and stay chosen", {}, async ({ page, go }) => {
  const ground = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  await go("gpus");
  const light = await ground();
  await page.getByRole("button", { name: /^Colours/ }).click();
  assert.equal(await ground(), light);
  await page.getByRole("button", { name: /^Colours/ }).click();
  const dark = await ground();
  assert.notEqual(dark, light);
  await page.reload();
  await page.locator("main h1").waitFor();
  assert.equal(await ground(), dark);
});
