/**
 * What people do with the dashboard.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dashboardTest, giveToken, until } from "./browser.ts";
import { HOSTILE, HOSTILE_NAMED, idOf, LOST, SILENT } from "./fake_gpus.ts";

const card = (index: number) => `[data-gpu="${idOf(index)}"]`;

dashboardTest(
  "the GPUs show their figures, and those of the next look",
  { intervalMs: 300 },
  async ({ api, page, go }) => {
    await go("gpus");
    const utilization = page.locator(`${card(0)} dd .figure`).first();
    const before = await utilization.innerText();
    assert.match(before, /^\d+ %$/);
    assert.match(await page.locator(card(0)).innerText(), /\d+ W of 700 W/);
    assert.match(await page.locator(card(1)).innerText(), /sw power cap, hw thermal slowdown/);
    assert.equal(await page.locator(".card").count(), 8);
    await until(
      page,
      `document.querySelector('${card(0)} dd .figure').textContent !== ${JSON.stringify(before)}`,
    );
    assert.ok(api.requests.filter(({ path }) => path === "/events").length === 1);
  },
);

dashboardTest(
  "what is not known is said to be so, with the reason, and never 0",
  {},
  async ({ page, go }) => {
    await go("gpus");
    const silent = page.locator(card(SILENT));
    assert.match(await silent.innerText(), /12 %/);
    assert.doesNotMatch(await silent.innerText(), /\b0 W|\b0 °C|\b0 MHz|NaN|null/);
    assert.match(
      await silent.locator(".unknown").first().textContent() ?? "",
      /^unknown: the driver fake does not tell it$/,
    );
    const lost = page.locator(card(LOST));
    assert.match(await lost.innerText(), /Lost[^]*GPU is lost/);
    assert.equal(await lost.locator(".figure").count(), 0);
    await go(`gpus/${encodeURIComponent(idOf(LOST))}`);
    assert.match(await page.locator("main").innerText(), /Not known: nvmlDeviceGetUtilization/);
  },
);

dashboardTest(
  "a GPU's past is drawn with its gap, by range, and zoomed by dragging and by button",
  {},
  async ({ api, page, go }) => {
    await go(`gpus/${encodeURIComponent(idOf(0))}`);
    const chart = page.locator(".chart", { hasText: "Utilization" }).first();
    await chart.locator("canvas").waitFor();
    const spans = () => page.evaluate<string>("document.querySelector('[data-span]').textContent");
    assert.match(await spans(), /^Up to now/);
    await page.getByRole("button", { name: "1 hour" }).click();
    assert.equal(
      await page.getByRole("button", { name: "1 hour" }).getAttribute("aria-pressed"),
      "true",
    );
    // A hole is no line: in the middle of the chart no pixel has the colour of one.
    const hasInk = (from: number, to: number) =>
      page.evaluate<boolean>(`(() => {
      const canvas = document.querySelector(".chart canvas");
      const over = document.querySelector(".chart .u-over");
      const copy = document.createElement("canvas");
      Object.assign(copy, { width: canvas.width, height: canvas.height });
      copy.getContext("2d", { willReadFrequently: true }).drawImage(canvas, 0, 0);
      const scale = canvas.width / canvas.clientWidth;
      const left = (over.offsetLeft + over.clientWidth * ${from}) * scale;
      const width = over.clientWidth * (${to} - ${from}) * scale;
      const { data } = copy.getContext("2d").getImageData(left, over.offsetTop * scale, width,
        over.clientHeight * scale);
      for (let i = 0; i < data.length; i += 4) {
        const [r, g, b, a] = data.slice(i, i + 4);
        if (a > 100 && Math.max(r, g, b) - Math.min(r, g, b) > 60) return true;
      }
      return false;
    })()`);
    await until(page, "document.querySelector('.chart .at') !== null");
    await page.waitForTimeout(300);
    assert.equal(await hasInk(0.1, 0.3), true);
    assert.equal(await hasInk(0.44, 0.53), false);

    const box = await chart.locator(".u-over").boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + box.width * 0.2, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await until(page, "/ to /.test(document.querySelector('[data-span]').textContent)");
    const dragged = await spans();
    await page.getByRole("button", { name: "Wider" }).click();
    assert.notEqual(await spans(), dragged);
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
    await until(page, "document.querySelector('.summary tbody td').textContent !== '–'");
    const histories = api.requests.filter(({ path }) => path === "/history");
    assert.ok(histories.length >= 3);
    assert.match(
      await page.locator(".chart", { hasText: "Fan" }).innerText(),
      /Not known: NVML does not/,
    );
  },
);

dashboardTest("without a history the charts show what the page has seen, and say why no more", {
  hasHistory: false,
  intervalMs: 200,
}, async ({ page, go }) => {
  await go(`gpus/${encodeURIComponent(idOf(0))}`);
  await page.getByText("No history: no history: the disk is full").waitFor();
  await page.locator(".chart canvas").first().waitFor();
});

dashboardTest(
  "five hundred programs can be sorted, filtered and paged",
  { intervalMs: 300 },
  async ({ page, go }) => {
    await go("programs");
    const table = page.locator("table").first();
    await page.getByText("500 programs").waitFor();
    assert.equal(await table.locator("tbody tr").count(), 50);
    assert.match(await page.locator("main").innerText(), /needs CAP_SYS_PTRACE/);
    await table.getByRole("button", { name: "PID" }).click();
    await table.getByRole("button", { name: "PID" }).click();
    assert.equal(await table.locator("tbody td").first().innerText(), "1000");
    assert.equal(
      await table.locator("th", { hasText: "PID" }).getAttribute("aria-sort"),
      "ascending",
    );
    await page.getByRole("button", { name: "Next page" }).first().click();
    assert.equal(await table.locator("tbody td").first().innerText(), "1050");
    await page.getByLabel("Filter").fill("worker-123");
    await page.getByText("1 of 500 programs").waitFor();
    assert.equal(await table.locator("tbody tr").count(), 1);
    await page.getByLabel("Filter").fill("");
    await page.locator("label", { hasText: /^GPU/ }).locator("select").selectOption(idOf(2));
    await page.getByText("63 of 500 programs").waitFor();
    assert.match(
      await page.locator("main").innerText(),
      /train\.py[^]*12 × atomics on global memory/,
    );
  },
);

dashboardTest("names of GPUs and programs are text and nothing else", {}, async ({ page, go }) => {
  for (
    const route of [
      "gpus",
      "topology",
      "programs",
      "health",
      "scheduler",
      "control",
      "log",
      `gpus/${encodeURIComponent(idOf(HOSTILE_NAMED))}`,
    ]
  ) {
    await go(route);
    if (route === "programs") await page.getByLabel("Filter").fill("onerror");
    await page.getByText(HOSTILE, { exact: false }).first().waitFor({ state: "attached" });
    assert.equal(await page.locator("img, #app script").count(), 0);
  }
  assert.equal(await page.evaluate("globalThis.harmed"), undefined);
});

dashboardTest(
  "the scheduler is changed with the token, and not without",
  {},
  async ({ api, page, go }) => {
    await go("scheduler");
    const apply = page.getByRole("button", { name: "Apply" });
    assert.equal(await apply.isDisabled(), true);
    await page.getByLabel("hybrid").check();
    await page.getByLabel("Priority of 1: NVIDIA H200").fill("80");
    await page.getByLabel("4: NVIDIA H200 takes part").check();
    await apply.click();
    await page.getByText("changes need the token of this service").waitFor();
    assert.equal(api.scheduler.strategy, "single");
    await page.getByRole("button", { name: "Give the token…" }).click();
    await page.getByLabel("Token", { exact: true }).fill("s3cret-t0ken");
    await page.getByRole("button", { name: "Keep" }).click();
    await apply.click();
    await page.getByText("Applied.").waitFor();
    const sent = api.requests.filter(({ method }) => method === "PUT").at(-1)?.body;
    assert.deepEqual(sent, {
      strategy: "hybrid",
      gpus: [{ id: idOf(1), priority: 80 }, { id: idOf(4), enabled: true }],
    });
    assert.equal(await page.evaluate("localStorage.length"), 0);
    assert.equal(await page.evaluate("sessionStorage.length"), 1);
  },
);

dashboardTest(
  "a power cap is planned, shown, agreed to, kept; another is taken back",
  {},
  async ({ api, page, go }) => {
    await go("control");
    await giveToken(page);
    const power = page.locator('[data-group="power"]');
    await power.getByLabel("Power cap in W").fill("5000");
    await power.getByText("outside of what the driver takes").waitFor();
    assert.equal(await power.getByRole("button", { name: "Show the plan…" }).isDisabled(), true);
    const showPlan = async () => {
      await power.getByLabel("Power cap in W").fill("500");
      await power.getByRole("button", { name: "Show the plan…" }).click();
      await page.getByText("nvmlDeviceSetPowerManagementLimit(500000)").waitFor();
    };
    await showPlan();
    assert.match(await page.getByRole("dialog").innerText(), /Power cap: 700 W → 500 W/);
    const apply = page.getByRole("dialog").getByRole("button", { name: "Apply" });
    assert.equal(await apply.isDisabled(), true);
    await page.getByLabel("I have looked at the steps").check();
    await page.getByLabel("Taken back unless it is kept within").selectOption("120");
    await apply.click();
    await page.getByRole("timer").waitFor();
    assert.match(
      await page.getByRole("timer").innerText(),
      /^Taken back in (1 min 5\d s|2 min)\.$/,
    );
    await page.getByRole("button", { name: "Keep" }).click();
    await page.locator('[data-state="confirmed"]').waitFor();
    await showPlan();
    await page.getByLabel("I have looked at the steps").check();
    await apply.click();
    await page.locator('[data-state="pending"]').waitFor();
    await page.getByRole("button", { name: "Take back" }).click();
    await page.locator('[data-state="reverted"]').waitFor();
    assert.deepEqual(
      api.requests.filter(({ method }) => method === "POST").map(({ path }) => path),
      [
        "/control/plan",
        "/control/apply",
        `/control/${encodeURIComponent(idOf(0))}/power/confirm`,
        "/control/plan",
        "/control/apply",
        `/control/${encodeURIComponent(idOf(0))}/power/revert`,
      ],
    );
  },
);

dashboardTest(
  "a benchmark is started and followed to its report; two runs are compared",
  {},
  async ({ api, page, go }) => {
    await go("bench");
    await giveToken(page);
    await page.getByLabel("Suites or names").fill("memory compute.fp*");
    await page.getByRole("button", { name: "Start" }).click();
    const run = page.locator('[data-run="cccccccc-3"]');
    await run.getByText("3 of 40").waitFor();
    assert.deepEqual(api.requests.at(-1)?.body, { select: ["memory", "compute.fp*"], quick: true });
    api.endBench();
    await run.getByRole("link", { name: "Report" }).waitFor();
    await page.locator('[data-run="bbbbbbbb-2"]').getByRole("link").click();
    await page.getByText("compute.fp16_GEMM_8192", { exact: false }).first().waitFor({
      state: "attached",
    });
    await page.getByLabel("Before").selectOption("aaaaaaaa-1");
    await page.getByLabel("After").selectOption("bbbbbbbb-2");
    await page.getByRole("link", { name: "Compare" }).click();
    await page.getByText("+11.1 %").first().waitFor();
    assert.equal(await page.getByLabel("Before").inputValue(), "aaaaaaaa-1");
    await page.getByText(/better$/).first().waitFor();
    await go("topology");
    await page.getByText("transfer.peer", { exact: true }).waitFor();
  },
);

dashboardTest("the log is filtered and followed", {}, async ({ api, page, go }) => {
  await go("log");
  await page.getByText("225 lines").waitFor();
  await page.getByLabel("From level").selectOption("error");
  await page.getByText("75 lines").waitFor();
  await page.getByLabel("Part").selectOption("http");
  api.say({ level: "error", part: "http", text: "a thing that just happened", gpu: null });
  await page.getByText("a thing that just happened").waitFor();
  const isAtEnd = "(() => { const log = document.querySelector('.log');" +
    " return log.scrollTop + log.clientHeight >= log.scrollHeight - 2; })()";
  await until(page, isAtEnd);
  await page.getByLabel("Text").fill("just happened");
  await page.getByText("1 line", { exact: true }).waitFor();
});

dashboardTest("keys choose views, help and back; the focus follows", {}, async ({ page, go }) => {
  await go("gpus");
  await page.keyboard.press("9");
  await page.getByRole("heading", { name: "Log" }).waitFor();
  assert.equal(await page.title(), "Log – mvgal");
  assert.equal(await page.evaluate("document.activeElement.tagName"), "H1");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.keyboard.press("1");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await page.title(), "Log – mvgal");
  // The dialog gives the focus back in a frame of its own.
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))");
  await page.getByRole("link", { name: "Bench" }).focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Control", exact: true }).waitFor();
  await page.locator("label", { hasText: /^GPU/ }).locator("select").focus();
  await page.keyboard.press("1");
  assert.equal(await page.title(), "Control – mvgal");
});

dashboardTest(
  "a browser that keeps nothing shows all the same, and takes a token",
  {},
  async ({ api, page, go }) => {
    await page.addInitScript(`for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(globalThis, name, { get() { throw new DOMException("forbidden"); } });
  }`);
    await go("scheduler");
    await giveToken(page);
    await page.getByRole("button", { name: /^Colours/ }).click();
    await page.getByLabel("afr").check();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("Applied.").waitFor();
    assert.equal(api.scheduler.strategy, "afr");
  },
);
