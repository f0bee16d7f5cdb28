/**
 * Every view by the rules of axe, on small and large screens, in the light and in the dark.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
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

dashboardTest(
  "in the reader's own colours what is chosen, and what is drawn, can be told apart",
  {},
  async ({ api }, browser) => {
    const { page, go } = await visit(browser, api, { forcedColors: "active" });
    await go(`gpus/${encodeURIComponent(idOf(0))}`);
    await page.locator(".chart canvas").first().waitFor();
    const colour = (place: string, property: string) =>
      page.evaluate<string>(
        `getComputedStyle(document.querySelector(${JSON.stringify(place)}))["${property}"]`,
      );
    assert.notEqual(
      await colour("nav a[aria-current]", "borderBottomColor"),
      await colour("nav a:not([aria-current])", "borderBottomColor"),
    );
    assert.notEqual(
      await colour('main button[aria-pressed="true"]', "backgroundColor"),
      await colour('main button[aria-pressed="false"]', "backgroundColor"),
    );
    // A band in the colour of all texts would hide the line that it is around.
    assert.equal(await hasSolidBand(page), false);
  },
);

/** Whether somewhere in the first chart ten pixels above each other are drawn over, right of its axis. */
function hasSolidBand(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(`(() => {
    const canvas = document.querySelector(".chart canvas");
    const over = document.querySelector(".chart .u-over");
    const copy = document.createElement("canvas");
    Object.assign(copy, { width: canvas.width, height: canvas.height });
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    for (let share = 0.1; share < 0.35; share += 0.01) {
      const x = Math.round(over.offsetLeft + over.clientWidth * share);
      const { data } = context.getImageData(x, over.offsetTop, 1, over.clientHeight);
      for (let y = 0, run = 0; y < over.clientHeight; y++) {
        run = data[4 * y + 3] > 200 ? run + 1 : 0;
        // A line of the grid goes all the way down.
        if (run === 10 && data[4 * (y + 40) + 3] < 50) return true;
      }
    }
    return false;
  })()`);
}

dashboardTest("nothing moves by itself", {}, async ({ page, go }) => {
  for (const route of ROUTES) {
    await go(route);
    const moving = "[...document.querySelectorAll('*')].filter((each) => {" +
      " const { transitionDuration, animationName } = getComputedStyle(each);" +
      " return animationName !== 'none' || /[1-9]/.test(transitionDuration); })" +
      ".map((each) => each.outerHTML.slice(0, 100))";
    assert.deepEqual(await page.evaluate(moving), [], route);
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
