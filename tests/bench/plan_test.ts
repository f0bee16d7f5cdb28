import assert from "node:assert/strict";
import type { Suite } from "../../lib/bench/benchmark.ts";
import { planBench } from "../../lib/bench/plan.ts";
import { hostEnvironment } from "../../lib/bench/environment.ts";
import { REGISTRY } from "../../lib/bench/registry.ts";
import { benchReport } from "../../lib/bench/report.ts";
import { runTasks } from "../../lib/bench/run.ts";
import { EFFORTS } from "../../lib/bench/benchmark.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { unknownFacts } from "../../lib/gpu/gpu.ts";

/** A GPU that no API shows. */
const BARE: Gpu = {
  ...unknownFacts(),
  id: "pci:0000:01:00.0",
  index: 0,
  name: "Card",
  vendor: "amd",
  seen_by: ["pci"],
  apis: {},
  enabled: true,
  sources: {},
  absent: {},
};

Deno.test("planBench() says of a GPU without a Vulkan driver that it is unsupported, and why", async () => {
  const suites: Suite[] = ["memory", "scheduling"];
  using plan = planBench({ suites, gpus: [BARE], shimPlaces: [] });
  const results = await runTasks(plan.tasks, { effort: EFFORTS.quick });
  const all = REGISTRY.filter(({ suite }) => suites.includes(suite));
  assert.deepEqual(results.map(({ name }) => name), all.map(({ name }) => name));
  for (const { device, outcome } of results) {
    assert.equal(device, BARE.id);
    assert.ok(outcome.state === "unsupported");
    assert.ok(outcome.reason.length > 10);
  }
  assert.equal(plan.devices[0]?.name, "Card");
});

Deno.test("planBench() does not open Vulkan where discovery did not: a GPU may sleep", async () => {
  const vulkanObstacle = "it would wake pci:0000:01:00.0 (--wake allows it)";
  const asleep: Gpu = { ...BARE, power_state: "suspended" };
  const suites: Suite[] = ["compute"];
  using plan = planBench({ suites, gpus: [asleep], shimPlaces: [], vulkanObstacle });
  const results = await runTasks(plan.tasks, { effort: EFFORTS.quick });
  for (const { outcome } of results) {
    assert.deepEqual(outcome, { state: "unsupported", reason: vulkanObstacle });
  }
});

Deno.test("benchReport() has null, and never 0, for what was not measured", async () => {
  using plan = planBench({ suites: ["compute"], gpus: [BARE], shimPlaces: [] });
  const results = await runTasks(plan.tasks, { effort: EFFORTS.quick });
  const report = benchReport(
    {
      date: "2026-01-01T00:00:00Z",
      mvgal_version: "0",
      effort: "quick",
      suites: ["compute"],
      selection: ["compute"],
      gpu_selector: null,
      data: "random",
      bootstrap: { resamplings: 1000, seed: 1 },
      parallel: false,
      environment: hostEnvironment(new Sysroot("/nonexistent"), () => undefined, plan.loader),
      os: "linux",
      kernel: "6",
      cpu_count: 1,
      devices: plan.devices,
      sources: {},
    },
    results,
  );
  assert.equal(report.schema, "mvgal.bench/1");
  for (const entry of report.benchmarks) {
    assert.equal(entry.state, "unsupported");
    assert.equal(entry.median, null);
    assert.equal(entry.statistics, null);
    assert.equal(entry.peaks, null);
    assert.equal(entry.peak_ratio, null);
    assert.equal(entry.conditions, null);
    assert.deepEqual(entry.samples, []);
  }
});

Deno.test("planBench() plans what is selected, and nothing else", () => {
  const suites: Suite[] = ["memory", "compute"];
  const selects = ({ name }: { name: string }) => name === "compute.fp32";
  using plan = planBench({ suites, gpus: [BARE], shimPlaces: [], selects });
  assert.deepEqual(plan.tasks.map(({ name }) => name), ["compute.fp32"]);
  assert.equal(plan.devices[0]?.environment?.driver_version, null);
  assert.ok(plan.devices[0]?.environment?.absent["driver_version"]);
});
