/**
 * The dashboard before a service that starts anew, refuses, lies, or is of another version.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Request } from "playwright-core";
import type { ServiceEvents } from "../../lib/daemon/service_api.ts";
import { dashboardTest, giveToken, until } from "./browser.ts";
import { TOKEN } from "./fake_api.ts";
import { FakeGpus, idOf } from "./fake_gpus.ts";

const card = (index: number) => `[data-gpu="${idOf(index)}"]`;

dashboardTest(
  "a service that was started anew is taken up with all that it has, and nothing of before",
  { intervalMs: 200 },
  async ({ api, page, go }) => {
    await go("log");
    await page.getByText("line 300").waitFor();
    await api.restart();
    api.scheduler = { ...api.scheduler, strategy: "afr" };
    api.say({ level: "info", part: "http", text: "started anew", gpu: null });
    await page.getByText("Connection lost since").waitFor();
    await page.getByRole("button", { name: "Try now" }).click();
    await page.getByText("started anew").waitFor();
    await page.locator("header .badge", { hasText: "Live" }).waitFor();
    await page.getByText("line 300").waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Scheduler" }).click();
    assert.equal(await page.getByLabel("afr").isChecked(), true);
  },
);

dashboardTest(
  "events that are gone are made up for by asking for everything again",
  { intervalMs: 200 },
  async ({ api, page, go }) => {
    await go("scheduler");
    await api.down();
    await page.getByText("Connection lost since").waitFor();
    const count = () => api.requests.filter(({ path }) => path === "/scheduler").length;
    const before = count();
    // More than are kept: the change of the scheduler is among those that are gone.
    api.scheduler = { ...api.scheduler, strategy: "sfr" };
    api.events.publish("scheduler", api.scheduler);
    for (let i = 0; i < 600; i++) {
      api.events.publish("config", { path: null, values: {}, loaded_at: "", problem: null });
    }
    api.up();
    await page.getByRole("button", { name: "Try now" }).click();
    await page.locator("header .badge", { hasText: "Live" }).waitFor();
    assert.equal(await page.getByLabel("sfr").isChecked(), true);
    assert.ok(count() > before);
  },
);

dashboardTest(
  "an event that comes before an answer that is older than it is not lost",
  { intervalMs: 200 },
  async ({ api, page, go }) => {
    await go("scheduler");
    const gate = Promise.withResolvers<void>();
    const asked = () => api.requests.filter(({ path }) => path === "/scheduler").length;
    const before = asked();
    api.holds.set("/scheduler", gate.promise);
    api.setGone([idOf(7)]);
    while (asked() === before) await page.waitForTimeout(20);
    api.scheduler = { ...api.scheduler, strategy: "task" };
    api.events.publish("scheduler", api.scheduler);
    await until(page, `document.querySelector('[value="task"]').checked`);
    const answer = page.waitForResponse(/\/scheduler$/);
    gate.resolve();
    await (await answer).finished();
    await page.waitForTimeout(200);
    assert.equal(await page.getByLabel("task", { exact: false }).first().isChecked(), true);
  },
);

dashboardTest(
  "a GPU that goes is gone from every view, and comes back",
  { intervalMs: 200 },
  async ({ api, page, go }) => {
    await go("gpus");
    await page.locator(card(2)).waitFor();
    api.setGone([idOf(0)]);
    await page.locator(card(0)).waitFor({ state: "detached" });
    assert.equal(await page.locator(".card").count(), 7);
    api.setGone([]);
    await page.locator(card(0)).waitFor();

    await go(`gpus/${encodeURIComponent(idOf(0))}`);
    await page.locator(".chart canvas").first().waitFor();
    api.setGone([idOf(0)]);
    await page.getByText("There is no GPU").waitFor();
    api.setGone([]);
    await page.locator(".chart canvas").first().waitFor();

    await go("control");
    await page.locator('[data-group="power"]').getByLabel("Power cap in W").fill("500");
    api.setGone([idOf(0)]);
    // The settings of another GPU do not take the place of those that somebody was changing.
    await page.getByText(`There is no GPU ${idOf(0)} on this host now`).waitFor();
    assert.equal(await page.locator("[data-group]").count(), 0);
  },
);

dashboardTest(
  "where reading needs the token too, a wrong one is told from the right one",
  { intervalMs: 200 },
  async ({ api, page }) => {
    api.refuse = (_, authorization) =>
      authorization === `Bearer ${TOKEN}`
        ? null
        : { status: 401, detail: "reading needs the token of this service" };
    await page.goto(`${api.url}#/gpus`);
    await page.getByText("reading needs the token of this service").waitFor();
    await giveToken(page, "wr0ng");
    await page.getByText("reading needs the token of this service").waitFor();
    assert.equal(await page.locator(".card").count(), 0);
    await giveToken(page);
    await page.locator(card(0)).waitFor();
    await page.locator("header .badge", { hasText: "Live" }).waitFor();
    assert.equal(await page.getByText("needs the token").count(), 0);
  },
);

dashboardTest(
  "a change with a wrong token is refused, said to be so, and done with the right one",
  {},
  async ({ api, page, go }) => {
    await go("scheduler");
    await giveToken(page, "wr0ng");
    await page.getByLabel("hybrid").check();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("changes need the token of this service").waitFor();
    assert.equal(api.scheduler.strategy, "single");
    // What was chosen is still there.
    assert.equal(await page.getByLabel("hybrid").isChecked(), true);
    await giveToken(page);
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("Applied.").waitFor();
    assert.equal(api.scheduler.strategy, "hybrid");
  },
);

dashboardTest(
  "parts that are refused for now are said to be missing, and asked for again",
  { intervalMs: 200 },
  async ({ api, page, go }) => {
    const statuses = new Map([["/bench", 429], ["/power", 503]]);
    api.refuse = (path) => {
      const status = statuses.get(path);
      statuses.delete(path);
      return status === undefined ? null : { status, detail: "too much at once", retryAfter: 1 };
    };
    await go("bench");
    await page.getByText("too much at once").waitFor();
    await page.locator('[data-run="bbbbbbbb-2"]').waitFor();
    assert.equal(await page.getByText("too much at once").count(), 0);
    await go("power");
    await page.locator('[data-power="on"]').waitFor();
    assert.equal(api.requests.filter(({ path }) => path === "/bench").length, 2);
  },
);

dashboardTest(
  "a stream that is refused is tried again no sooner than the service wants",
  {},
  async ({ api, page }) => {
    api.refuse = (path) =>
      path === "/events" ? { status: 429, detail: "too many requests", retryAfter: 30 } : null;
    await page.goto(`${api.url}#/gpus`);
    await page.getByText("too many requests").waitFor();
    await page.getByText(/The next attempt is in (29|30) s/).waitFor();
    api.refuse = () => null;
    await page.getByRole("button", { name: "Try now" }).click();
    await page.locator(card(0)).waitFor();
  },
);

for (const clockAheadMs of [7_200_000, -7_200_000]) {
  dashboardTest(
    `times are by the service's clock where it is ${clockAheadMs / 3_600_000} h ahead`,
    { intervalMs: 200, clockAheadMs },
    async ({ api, page, go }) => {
      const isNow = async (asking: Promise<Request>) => {
        const to = Number(new URL((await asking).url()).searchParams.get("to"));
        assert.ok(Math.abs(to - api.now()) < 60_000, `${to} is not about ${api.now()}`);
      };
      const ask = () => page.waitForRequest(/\/history\?/);
      const past = ask();
      await go("gpus");
      await isNow(past);
      const line = `document.querySelector('${card(0)} .line').getAttribute("d")`;
      await until(page, `${line}.length > 400`);
      const opened = ask();
      await go(`gpus/${encodeURIComponent(idOf(0))}`);
      await isNow(opened);
      const chosen = ask();
      await page.getByRole("button", { name: "1 hour" }).click();
      await isNow(chosen);

      await go("control");
      await giveToken(page);
      await page.locator('[data-group="power"]').getByLabel("Power cap in W").fill("500");
      await page.getByRole("button", { name: "Show the plan…" }).first().click();
      await page.getByLabel("I have looked at the steps").check();
      await page.getByRole("dialog").getByRole("button", { name: "Apply" }).click();
      assert.match(await page.getByRole("timer").innerText(), /^Taken back in (1 min|5\d s)\.$/);
    },
  );
}

dashboardTest(
  "events of another version of the service are taken as far as they are known",
  { intervalMs: 60_000 },
  async ({ api, page, go }) => {
    await go("gpus");
    await page.locator(card(0)).waitFor();
    const publish = (kind: string, data: unknown) =>
      api.events.publish(kind as "log", data as ServiceEvents["log"]);
    publish("tides", { moon: 1 });
    publish("sample", null);
    publish("bench", "what?");
    const [first, ...others] = new FakeGpus(8, 0).look(api.now() + 1000).gpus;
    const { power_w: _, throttle_reasons: __, ...sample } = first ?? assert.fail();
    publish("sample", {
      schema: "mvgal.status/2",
      at: new Date(api.now() + 1000).toISOString(),
      interval_ms: 1000,
      gpus: [
        { ...sample, utilization_pct: 77, qubits: 12, absent: { ...sample.absent, qubits: "?" } },
        { ...others[0], state: "dreaming" },
      ],
    });
    await page.locator(card(0)).getByText("77 %").waitFor();
    await page.locator(card(1)).getByText("dreaming").waitFor();
    const text = await page.locator("main").innerText();
    assert.doesNotMatch(text, /NaN|undefined|cannot be drawn/);
    assert.equal(await page.locator("header .badge", { hasText: "Live" }).count(), 1);
    assert.equal(api.requests.filter(({ path }) => path === "/events").length, 1);
    await page.getByRole("link", { name: "0: NVIDIA H200" }).click();
    await page.getByText("Not known: ").first().waitFor();
    publish("log", { id: 9, at: "?", level: "doom", part: "x", text: "of a later version" });
    await page.getByRole("link", { name: "Log", exact: true }).click();
    await page.getByText("of a later version").waitFor();
  },
);

dashboardTest(
  "a view that cannot be drawn says so, and leaves the others as they are",
  { intervalMs: 60_000 },
  async ({ api, page, go }) => {
    await go("scheduler");
    await page.getByLabel("hybrid").waitFor();
    api.events.publish("scheduler", {} as ServiceEvents["scheduler"]);
    await page.getByText("This view cannot be drawn").waitFor();
    await page.getByRole("link", { name: "Topology" }).click();
    await page.getByRole("heading", { name: "Tree" }).waitFor();
    assert.equal(await page.getByText("cannot be drawn").count(), 0);
  },
);
