/**
 * The page of a report in a real browser.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import type { BenchReport } from "../../lib/bench/report.ts";
import { benchHtml } from "../../lib/render/bench_html.ts";
import { sampleReport } from "./sample_report.ts";

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

/** A page in a browser, and what it said and asked for. */
interface Visit {
  page: Page;
  complaints: string[];
  requests: string[];
}

async function visit(
  browser: Browser,
  url: string,
  colorScheme: "light" | "dark" = "light",
  width = 1400,
): Promise<Visit> {
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
  const complaints: string[] = [], requests: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, complaints, requests };
}

/** Writes pages, opens a browser, and gives the addresses of the pages with it. */
async function withBrowser(
  reports: readonly BenchReport[],
  use: (browser: Browser, urls: string[]) => Promise<void>,
): Promise<void> {
  const directory = Deno.makeTempDirSync();
  let browser: Browser | undefined;
  try {
    const urls = reports.map((report, i) => {
      const path = join(directory, `${i}.html`);
      Deno.writeTextFileSync(path, benchHtml(report));
      return pathToFileURL(path).href;
    });
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: FLAGS });
    await use(browser, urls);
  } finally {
    await browser?.close();
    Deno.removeSync(directory, { recursive: true });
  }
}

function browserTest(name: string, run: () => Promise<void>): void {
  const ignore = executablePath === undefined;
  Deno.test({
    name: ignore ? `${name} (skipped: no Chromium)` : name,
    ignore,
    // The browser's pipes are closed some time after it is.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: run,
  });
}

/** Pairs of texts in charts that stand on each other by more than a pixel. Runs in the page. */
const OVERLAPS = `(() => {
  for (const group of document.querySelectorAll("details")) group.open = true;
  const found = [];
  for (const chart of document.querySelectorAll("svg.chart")) {
    const frame = chart.getBoundingClientRect();
    const scale = frame.width / chart.viewBox.baseVal.width;
    const boxes = [...chart.querySelectorAll("text")].map((text) => {
      const { left, right, top, bottom } = text.getBoundingClientRect();
      // What letters fill of a line's height, without what is there for accents and descenders.
      const rim = (bottom - top) * 0.2;
      return { text: text.textContent, left, right, top: top + rim, bottom: bottom - rim };
    });
    boxes.forEach((a, i) => {
      if (a.right > frame.right + 1 || a.left < frame.left - 1 || a.bottom > frame.bottom + 1) {
        found.push(chart.querySelector("title").textContent + ": outside: " + a.text);
      }
      for (const b of boxes.slice(i + 1)) {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > scale && high > scale) {
          found.push(chart.querySelector("title").textContent + ": " + a.text + " | " + b.text);
        }
      }
    });
  }
  return found;
})()`;

/** Contrast ratio of text and background (WCAG 2.2, "contrast ratio"), the least of some elements. */
const CONTRAST = `(() => {
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((part) => {
      const c = part / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const surface = luminance(getComputedStyle(document.querySelector(".panel")).backgroundColor);
  const of = (selector, property) =>
    [...document.querySelectorAll(selector)].slice(0, 40).map((element) => {
      const own = luminance(getComputedStyle(element)[property]);
      return (Math.max(own, surface) + 0.05) / (Math.min(own, surface) + 0.05);
    });
  return Math.min(...of("td, .muted, caption", "color"), ...of("svg.chart text", "fill"));
})()`;

/** Colours of the page, its panels, its text, and of charts. */
const COLORS = `[["body", "backgroundColor"], [".panel", "backgroundColor"], ["td", "color"],
  ["svg .surface", "fill"], ["svg text", "fill"], ["svg .f", "fill"]]
  .map(([selector, property]) => getComputedStyle(document.querySelector(selector))[property])`;

browserTest(
  "benchHtml() opens without a complaint and asks nobody for anything",
  () =>
    withBrowser([sampleReport("h200", 2), sampleReport("software", 2)], async (browser, urls) => {
      for (const url of urls) {
        const { page, complaints, requests } = await visit(browser, url);
        assert.deepEqual(complaints, []);
        assert.deepEqual(requests.filter((to) => !to.startsWith("data:")), [url]);
        await page.close();
      }
    }),
);

browserTest("benchHtml() runs no script and loads nothing that is in a device's name", () => {
  const report = sampleReport("h200", 1);
  for (const device of report.context.devices) {
    device.name = `<img src="http://127.0.0.1:9/" onerror="alert(1)"><script>alert(2)</script>`;
  }
  return withBrowser([report], async (browser, urls) => {
    const { page, complaints, requests } = await visit(browser, urls[0] ?? "");
    assert.deepEqual(complaints, []);
    assert.equal(requests.filter((to) => to.startsWith("http")).length, 0);
    assert.equal(await page.locator("img").count(), 0);
    assert.match(await page.locator(".card h3").first().innerText(), /^<img src=/);
  });
});

browserTest(
  "benchHtml() sorts a table by the heading that is pressed, numbers as numbers",
  () =>
    withBrowser([sampleReport("h200", 2)], async (browser, urls) => {
      const { page, complaints } = await visit(browser, urls[0] ?? "");
      const table = page.locator("table", { hasText: "Suite compute" });
      const medians = async () =>
        (await table.locator("tbody td:nth-child(3)").allInnerTexts()).map(Number);
      const before = await medians();
      const head = table.locator("th", { hasText: "Median" });
      await head.locator("button").click();
      assert.equal(await head.getAttribute("aria-sort"), "ascending");
      assert.deepEqual(await medians(), before.toSorted((a, b) => a - b));
      await head.locator("button").click();
      assert.equal(await head.getAttribute("aria-sort"), "descending");
      assert.deepEqual(await medians(), before.toSorted((a, b) => b - a));
      // What has no peak comes last, whichever way.
      const shares = table.locator("th", { hasText: "Of peak" }).locator("button");
      for (const _ of ["ascending", "descending"]) {
        await shares.click();
        const texts = await table.locator("tbody td:nth-child(5)").allInnerTexts();
        const known = texts.map((text) => text.trim() !== "");
        assert.ok(known.includes(false) && known.indexOf(false) === known.lastIndexOf(true) + 1);
      }
      assert.deepEqual(complaints, []);
    }),
);

browserTest(
  "benchHtml() can be read in light and in dark surroundings, on wide and narrow screens",
  () =>
    withBrowser([sampleReport("h200", 2)], async (browser, urls) => {
      const colors: string[][] = [];
      for (const scheme of ["light", "dark"] as const) {
        for (const width of [1400, 420]) {
          const { page } = await visit(browser, urls[0] ?? "", scheme, width);
          assert.ok(await page.evaluate<number>(CONTRAST) >= 4.5, scheme);
          const isTooWide = "document.documentElement.scrollWidth > innerWidth";
          assert.equal(await page.evaluate(isTooWide), false, `${width} pixels`);
          colors.push(await page.evaluate<string[]>(COLORS));
          await page.close();
        }
      }
      const [light, narrowLight, dark, narrowDark] = colors;
      assert.deepEqual([light, dark], [narrowLight, narrowDark]);
      light?.forEach((color, i) => assert.notEqual(color, dark?.[i]));
    }),
);

browserTest(
  "benchHtml() has charts whose texts do not stand on each other, from 1 to 8 GPUs",
  () => {
    const reports = [
      sampleReport("software", 1),
      sampleReport("software", 2),
      ...[1, 3, 4, 8].map((gpus) => sampleReport("h200", gpus)),
    ];
    return withBrowser(reports, async (browser, urls) => {
      for (const url of urls) {
        const { page } = await visit(browser, url);
        assert.deepEqual(await page.evaluate(OVERLAPS), []);
        await page.close();
      }
    });
  },
);

browserTest(
  "benchHtml() unfolds what is folded before it is printed",
  () =>
    withBrowser([sampleReport("h200", 2)], async (browser, urls) => {
      const { page } = await visit(browser, urls[0] ?? "");
      assert.ok(await page.locator("details.group:not([open])").count() > 0);
      await page.evaluate("dispatchEvent(new Event('beforeprint'))");
      assert.equal(await page.locator("details.group:not([open])").count(), 0);
    }),
);
