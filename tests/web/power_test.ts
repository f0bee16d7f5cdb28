/**
 * The power manager on the dashboard.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ConfigView } from "../../lib/daemon/service_api.ts";
import { capText, drawOf, policyFacts } from "../../lib/daemon/web/core/power.ts";
import { dashboardTest } from "./browser.ts";
import { fakePower } from "./fake_documents.ts";
import { idOf } from "./fake_gpus.ts";

Deno.test("drawOf() counts a GPU that tells nothing as one that tells nothing", () => {
  assert.deepEqual(drawOf([{ power_w: 0 }, { power_w: null }, { power_w: 120.5 }]), {
    watts: 120.5,
    known: 2,
    of: 3,
  });
  assert.equal(drawOf([{ power_w: null }]).known, 0);
});

Deno.test("capText() names the own cap only where it is another", () => {
  const [gpu, limited] = fakePower(2).gpus;
  assert.ok(gpu !== undefined && limited !== undefined);
  assert.equal(capText(gpu), "Power cap 700 W.");
  assert.equal(capText(limited), "Power cap 490 W, 700 W without the manager.");
  assert.equal(capText({ ...gpu, cap_w: null }), "Its power cap is not known.");
});

Deno.test("policyFacts() leaves out what the configuration does not have", () => {
  const config: ConfigView = { path: null, values: {}, loaded_at: "", problem: null };
  assert.deepEqual(policyFacts(null), []);
  assert.deepEqual(policyFacts(config), []);
  const power = { enable_thermal: false, thermal_threshold: 85, power_limit_watts: 0, later: "x" };
  assert.deepEqual(policyFacts({ ...config, values: { power } }), [
    ["Hot GPUs are held back", "no"],
    ["Hot from", "85 °C"],
    ["Limit for all GPUs", "none"],
  ]);
});

const row = (index: number) => `tr:has(a[href*="${encodeURIComponent(idOf(index))}"])`;

dashboardTest(
  "the power manager is shown: its budget, each GPU with its reason, what it did, its policy",
  {},
  async ({ api, page, go }) => {
    await go("power");
    const main = page.locator("main");
    await page.getByText("4000 W", { exact: true }).waitFor();
    assert.match(await main.innerText(), /the power supply less its margin/);
    assert.match(await main.innerText(), /3990 W of 4000 W/);
    assert.match(await main.innerText(), /W by 5 of 8 GPUs; the others do not tell/);
    assert.match(await page.locator(row(1)).innerText(), /Limited\s+490 W\s+700 W[^]*temperature/);
    assert.match(await page.locator(row(2)).innerText(), /Parked[^]*1 min 35 s/);
    assert.match(await page.locator(row(6)).innerText(), /Left alone\s+–/);
    assert.match(await main.innerText(), /Hot from\s+85 °C/);
    assert.equal(await page.locator("main input, main form").count(), 0);

    api.say({ level: "info", part: "power", text: "unpark: it has work: done", gpu: idOf(2) });
    await page.locator("[data-deeds] li").first().getByText("unpark: it has work").waitFor();
    const { budget, gpus } = api.power;
    assert.ok(budget !== null);
    const reason = "the least caps and what cannot be changed are 4100 W";
    api.setPower({
      ...api.power,
      budget: { ...budget, assigned_w: null, state: "infeasible", reason },
      gpus: gpus.map((gpu, i) =>
        i === 2 ? { ...gpu, state: "active", reason: null, idle_ms: 0 } : gpu
      ),
    });
    await page.locator(row(2)).getByText("Active").waitFor();
    await page.getByText("Cannot be kept").waitFor();
    assert.match(await main.innerText(), /unknown\s*: some GPU tells neither[^]* of 4000 W/);
    assert.doesNotMatch(await main.innerText(), /NaN|null|undefined/);
  },
);

dashboardTest(
  "what the power manager holds stands at the GPU; one that is off says how it is turned on",
  {},
  async ({ api, page, go }) => {
    await go("gpus");
    await page.locator(`[data-gpu="${idOf(1)}"]`).getByText("Limited").waitFor();
    assert.equal(await page.locator(`[data-gpu="${idOf(0)}"]`).getByText("Active").count(), 0);
    await go(`gpus/${encodeURIComponent(idOf(1))}`);
    await page.getByText("Power cap 490 W, 700 W without the manager.").waitFor();
    await go("control");
    await page.locator('[data-group="power"]').waitFor();
    assert.equal(await page.locator("[data-held]").count(), 0);
    await page.locator("label", { hasText: /^GPU/ }).locator("select").selectOption(idOf(1));
    await page.locator('[data-group="power"] [data-held]').getByText("490 W instead").waitFor();
    await go(`gpus/${encodeURIComponent(idOf(1))}`);
    api.setPower({ ...api.power, enabled: false, budget: null });
    await page.getByText("The power manager is off.").waitFor();
    await go("power");
    await page.getByText("this service may change nothing on this host").waitFor();
    api.powerConfig.enabled = false;
    await page.reload();
    await page.getByText("turns it on").waitFor();
    assert.equal(await page.locator('[data-power="off"]').count(), 1);
  },
);
