import assert from "node:assert/strict";
import {
  HEALTH_RULES,
  healthExitStatus,
  type HealthFinding,
  HealthMonitor,
  type HealthOptions,
  type HealthReport,
  healthThresholds,
  worstState,
} from "../../lib/telemetry/health.ts";
import type { GpuSample } from "../../lib/telemetry/metrics.ts";
import { gpuSample } from "./health_sample.ts";

/** Judges one GPU's samples, a second apart, and gives all reports. */
function course(samples: readonly Partial<GpuSample>[], options: HealthOptions = {}) {
  const monitor = new HealthMonitor(options);
  return samples.map((sample, i) => monitor.judge([gpuSample(sample)], i * 1000));
}

/** `raised critical temperature_high`, with the number of the sample before it. */
function edges(reports: readonly HealthReport[]): string[] {
  return reports.flatMap(({ events }, i) =>
    events.map(({ edge, finding }) => `${i} ${edge} ${finding.severity} ${finding.id}`)
  );
}

/** The findings of one look that is judged by itself. */
function found(sample: Partial<GpuSample>, options: HealthOptions = {}): HealthFinding[] {
  return new HealthMonitor({ once: true, ...options }).judge([gpuSample(sample)], 0).gpus[0]
    ?.findings ?? [];
}

const ids = (findings: readonly HealthFinding[]) =>
  findings.map(({ severity, id }) => `${severity} ${id}`);

const heat = (...degrees: (number | null)[]) => degrees.map((temperature_c) => ({ temperature_c }));

Deno.test("HealthMonitor raises a temperature after three samples in a row, once", () => {
  const reports = course(heat(70, 81, 82, 83, 84));
  assert.deepEqual(edges(reports), ["3 raised warning temperature_high"]);
  assert.deepEqual(reports.map(({ worst }) => worst), ["ok", "ok", "ok", "warning", "warning"]);
  assert.deepEqual(reports[4]?.gpus[0]?.findings, [{
    id: "temperature_high",
    severity: "warning",
    metric: "temperature_c",
    value: 84,
    limit: 80,
    since: 1000,
    text: "temperature 84 °C, warning from 80 °C",
  }]);
});

Deno.test("HealthMonitor takes a slowdown at 0 °C for none", () => {
  for (const temperature_slowdown_c of [0, -1, null]) {
    assert.deepEqual(ids(found({ temperature_c: 70, temperature_slowdown_c })), []);
  }
  assert.deepEqual(ids(found({ temperature_c: 70, temperature_slowdown_c: 70 })), [
    "critical temperature_high",
  ]);
});

Deno.test("HealthMonitor takes a sample below the limit as the end of a row", () => {
  assert.deepEqual(edges(course(heat(81, 81, 79, 81, 81, 79))), []);
});

Deno.test("HealthMonitor keeps a finding until the value is a margin below the limit, three times", () => {
  const reports = course(heat(80, 80, 80, 78, 77, 78, 76.9, 76, 78, 76, 76, 76, 76));
  assert.deepEqual(edges(reports), [
    "2 raised warning temperature_high",
    "11 cleared warning temperature_high",
  ]);
  assert.equal(reports[12]?.worst, "ok");
});

Deno.test("HealthMonitor turns a warning into a critical finding and back, each an edge", () => {
  const reports = course(heat(90, 90, 90, 95, 96, 97, 93, 91, 91, 91, 70, 70, 70));
  assert.deepEqual(edges(reports), [
    "2 raised warning temperature_high",
    "5 raised critical temperature_high",
    "9 raised warning temperature_high",
    "12 cleared warning temperature_high",
  ]);
  assert.deepEqual(reports[5]?.events[0]?.finding.since, 3000);
  assert.match(reports[4]?.gpus[0]?.findings[0]?.text ?? "", /warning from 80/);
});

Deno.test("HealthMonitor neither raises nor clears by samples without the value", () => {
  assert.deepEqual(edges(course(heat(81, 81, null, 81))), []);
  const reports = course([...heat(81, 81, 81), ...heat(null, null, null, null)]);
  assert.deepEqual(edges(reports), ["2 raised warning temperature_high"]);
  assert.equal(reports[6]?.worst, "warning");
});

Deno.test("HealthMonitor judges a single look with `once`", () => {
  assert.deepEqual(ids(found({ temperature_c: 95 })), ["critical temperature_high"]);
  assert.deepEqual(ids(found({ temperature_c: 94.9 })), ["warning temperature_high"]);
  assert.deepEqual(ids(found({ temperature_c: 79.9 })), []);
});

Deno.test("HealthMonitor takes the driver's own limit where it is the lower one", () => {
  assert.deepEqual(ids(found({ temperature_c: 76, temperature_slowdown_c: 80 })), [
    "warning temperature_high",
  ]);
  assert.deepEqual(ids(found({ temperature_c: 86, temperature_slowdown_c: 86 })), [
    "critical temperature_high",
  ]);
  assert.deepEqual(ids(found({ temperature_c: 96, temperature_slowdown_c: 110 })), [
    "critical temperature_high",
  ]);
});

Deno.test("HealthMonitor has other limits for the hottest place and the memory", () => {
  assert.deepEqual(ids(found({ temperature_hotspot_c: 94, temperature_memory_c: 94 })), []);
  assert.deepEqual(ids(found({ temperature_hotspot_c: 95, temperature_memory_c: 105 })), [
    "critical memory_temperature_high",
    "warning hotspot_high",
  ]);
});

Deno.test("HealthMonitor judges memory in use, but not a part of the host's", () => {
  const sample = { vram_used_bytes: 95 * 2 ** 30, vram_total_bytes: 100 * 2 ** 30 };
  const [finding] = found(sample);
  assert.deepEqual([finding?.severity, finding?.id, finding?.limit], [
    "critical",
    "vram_high",
    95 * 2 ** 30,
  ]);
  assert.equal(
    finding?.text,
    "memory 95 % used (95 of 100 GiB), critical from 95 %",
  );
  assert.deepEqual(ids(found({ ...sample, vram_used_bytes: 85 * 2 ** 30 })), ["warning vram_high"]);
  assert.deepEqual(found(sample, { sharedMemory: ["pci:0000:06:00.0"] }), []);
});

Deno.test("HealthMonitor never finds fault with utilisation", () => {
  const report = new HealthMonitor({ once: true }).judge([
    gpuSample({ utilization_pct: 100, gfx_utilization_pct: 100, temperature_c: 60 }),
  ], 0);
  assert.equal(report.worst, "ok");
  assert.deepEqual(HEALTH_RULES.filter(({ metric }) => /utilization/.test(metric ?? "")), []);
});

Deno.test("HealthMonitor tells heat from ordinary limits among the reasons for low clocks", () => {
  const harmless = [
    ["gpu_idle", "sw_power_cap", "applications_clocks_setting", "sync_boost"],
    ["display_clock_setting"],
    ["PPT0", "PPT3", "SPL", "FPPT", "SPPT_APU", "TDC_GFX", "EDC_GFX", "APCC", "PPM", "FIT"],
    ["ppt_residency_acc"],
    ["pl1", "pl2", "pl4", "vr_tdc", "bit 58"],
    [],
  ];
  for (const throttle_reasons of harmless) assert.deepEqual(found({ throttle_reasons }), []);
  const says = (...throttle_reasons: string[]) => ids(found({ throttle_reasons }));
  for (
    const hot of [
      "sw_thermal_slowdown",
      "TEMP_HOTSPOT",
      "TEMP_MEM",
      "thermal",
      "ratl",
      "soc_thermal",
      "thm_gfx",
      "socket_thm_residency_acc",
      "hbm_thm_residency_acc",
    ]
  ) assert.deepEqual(says(hot), ["warning throttled_by_heat"], hot);
  for (
    const worse of [
      "hw_thermal_slowdown",
      "PROCHOT_GFX",
      "prochot",
      "prochot_residency_acc",
      "VRHOT0",
      "vr_thermalert",
      "vr_thm_residency_acc",
    ]
  ) assert.deepEqual(says(worse), ["critical throttled_by_heat"], worse);
  assert.deepEqual(says("hw_slowdown", "hw_power_brake_slowdown"), [
    "critical throttled_by_power_brake",
  ]);
  assert.deepEqual(says("hw_slowdown"), ["warning throttled_by_power_brake"]);
  assert.equal(found({ throttle_reasons: ["sw_power_cap", "TEMP_MEM"] })[0]?.value, "TEMP_MEM");
});

Deno.test("HealthMonitor finds an uncorrected error at once", () => {
  const reports = course([{ ecc_uncorrected_count: 0 }, { ecc_uncorrected_count: 1 }]);
  assert.deepEqual(edges(reports), ["1 raised critical ecc_uncorrected"]);
  assert.match(reports[1]?.gpus[0]?.findings[0]?.text ?? "", /^1 uncorrected memory error since/);
});

Deno.test("HealthMonitor finds corrected errors that become more, until they have been quiet", () => {
  const monitor = new HealthMonitor();
  const at = (second: number, ecc_corrected_count: number) =>
    edges([monitor.judge([gpuSample({ ecc_corrected_count })], second * 1000)]);
  assert.deepEqual(at(0, 500), []);
  assert.deepEqual(at(1, 500), []);
  assert.deepEqual(at(2, 503), ["0 raised warning ecc_corrected_rising"]);
  assert.deepEqual(at(3, 503), []);
  assert.deepEqual(at(601, 503), []);
  assert.deepEqual(at(602, 503), ["0 cleared warning ecc_corrected_rising"]);
  // The driver was loaded again: what it counts starts anew.
  assert.deepEqual(at(603, 2), []);
  assert.deepEqual(at(604, 3), ["0 raised warning ecc_corrected_rising"]);
  // And again, right after a rise.
  assert.deepEqual(at(605, 1), ["0 cleared warning ecc_corrected_rising"]);
});

Deno.test("HealthMonitor warns of retired pages that are many or become more", () => {
  assert.deepEqual(ids(found({ retired_pages_count: 59 })), []);
  assert.deepEqual(ids(found({ retired_pages_count: 60 })), ["warning retired_pages"]);
  const reports = course([{ retired_pages_count: 2 }, { retired_pages_count: 3 }]);
  assert.deepEqual(edges(reports), ["1 raised warning retired_pages"]);
});

const LINK = {
  pcie_link_gen: 1,
  pcie_link_gen_max: 4,
  pcie_link_width: 16,
  pcie_link_width_max: 16,
};

Deno.test("HealthMonitor judges the link under load alone, and keeps what it found while idle", () => {
  const idle = { ...LINK, utilization_pct: 3 };
  const busy = { ...LINK, utilization_pct: 50 };
  assert.deepEqual(edges(course(Array(10).fill(idle))), []);
  const well = { ...busy, pcie_link_gen: 4 };
  const reports = course([...Array(5).fill(busy), ...Array(4).fill(idle), well, well, well]);
  assert.deepEqual(edges(reports), [
    "4 raised warning link_below_maximum",
    "11 cleared warning link_below_maximum",
  ]);
  const [finding] = found({ ...well, pcie_link_width: 8 });
  assert.deepEqual([finding?.value, finding?.limit], [8, 16]);
  assert.equal(finding?.text, "link Gen4 x8 at 50 % load, both ends can do Gen4 x16");
});

Deno.test("HealthMonitor says that it cannot judge a link without the utilisation", () => {
  const absent = { utilization_pct: "MIG mode" };
  const report = new HealthMonitor().judge([gpuSample({ ...LINK, absent })], 0);
  assert.equal(report.gpus[0]?.unjudged.link_below_maximum, "MIG mode");
});

Deno.test("HealthMonitor believes the fan's speed before what the fan is told", () => {
  // An RX 6600's firmware turns the fan at 1395 RPM while pwm1 reads 0.
  assert.deepEqual(found({ fan_pct: 0, fan_rpm: 1395, temperature_c: 75 }), []);
  assert.deepEqual(ids(found({ fan_pct: 40, fan_rpm: 5, temperature_c: 75 })), [
    "critical fan_stopped",
  ]);
  assert.deepEqual(ids(found({ fan_pct: 0, temperature_c: 75 })), ["critical fan_stopped"]);
});

Deno.test("HealthMonitor takes a fan that stands still on a cool chip for no fault", () => {
  assert.deepEqual(found({ fan_pct: 0, fan_rpm: 0, temperature_c: 59 }), []);
});

Deno.test("HealthMonitor finds power above its cap, not at it", () => {
  assert.deepEqual(found({ power_w: 305, power_cap_w: 300 }), []);
  assert.deepEqual(ids(found({ power_w: 331, power_cap_w: 300 })), ["warning power_above_cap"]);
  assert.deepEqual(found({ power_w: 331, power_cap_w: 0 }), []);
});

Deno.test("HealthMonitor finds a GPU that is lost at once, and clears it when it answers", () => {
  const lost = { state: "lost", reason: "fell off the bus" } as const;
  const reports = course([{ temperature_c: 40 }, lost, { temperature_c: 40 }]);
  assert.deepEqual(edges(reports), ["1 raised critical gpu_lost", "2 cleared critical gpu_lost"]);
  assert.equal(
    reports[1]?.gpus[0]?.findings[0]?.text,
    "does not answer any more: fell off the bus",
  );
});

Deno.test("HealthMonitor takes a GPU that sleeps for well, and clears its heat", () => {
  const asleep = { state: "asleep", power_state: "suspended" } as const;
  const reports = course([...heat(90, 90, 90), asleep, asleep, asleep]);
  assert.deepEqual(edges(reports), [
    "2 raised warning temperature_high",
    "5 cleared warning temperature_high",
  ]);
  assert.equal(reports[5]?.worst, "ok");
});

Deno.test("HealthMonitor keeps uncorrected errors of a GPU that sleeps", () => {
  const reports = course([{ ecc_uncorrected_count: 1 }, { state: "asleep" }]);
  assert.equal(reports[1]?.worst, "critical");
});

Deno.test("HealthMonitor never says ok of a GPU of which nothing is known", () => {
  const [report] = course([{ utilization_pct: 5, power_w: 30 }]);
  assert.equal(report?.worst, "unknown");
  const [none] = course([{ state: "unsupported", reason: "no driver" }]);
  assert.equal(none?.worst, "unknown");
  assert.equal(none?.gpus[0]?.unjudged.temperature_high, "no driver");
});

Deno.test("HealthMonitor lets a GPU that is left alone for a while stay what it was", () => {
  const monitor = new HealthMonitor();
  const worst = (second: number, temperature_c: number | null) =>
    monitor.judge([gpuSample({ temperature_c })], second * 1000).worst;
  assert.equal(worst(0, 40), "ok");
  assert.equal(worst(60, null), "ok");
  assert.equal(worst(61, null), "unknown");
  assert.equal(worst(62, null), "unknown");
  assert.equal(worst(63, 40), "ok");
});

Deno.test("HealthMonitor clears the findings of a GPU that is listed no more", () => {
  const monitor = new HealthMonitor({ once: true });
  monitor.judge([gpuSample({ temperature_c: 99 })], 0);
  const { events, worst } = monitor.judge([], 1000);
  assert.deepEqual(events.map(({ edge, gpu, at }) => [edge, gpu, at]), [
    ["cleared", "pci:0000:06:00.0", 1000],
  ]);
  assert.equal(worst, "unknown");
});

Deno.test("HealthMonitor keeps GPUs apart, and gives the worst", () => {
  const monitor = new HealthMonitor({ once: true });
  const { gpus, worst } = monitor.judge([
    gpuSample({ id: "a", temperature_c: 50 }),
    gpuSample({ id: "b", index: 1, temperature_c: 85 }),
  ], 0);
  assert.deepEqual([gpus.map(({ state }) => state), worst], [["ok", "warning"], "warning"]);
});

Deno.test("worstState() puts unknown between warning and critical", () => {
  assert.equal(worstState(["ok", "warning", "unknown"]), "unknown");
  assert.equal(worstState(["unknown", "critical"]), "critical");
  assert.equal(worstState([]), "unknown");
});

Deno.test("healthExitStatus() fails for critical and unknown, and for warnings where strict", () => {
  const status = (worst: HealthReport["worst"], strict = false) =>
    healthExitStatus({ worst }, { strict });
  assert.deepEqual(
    [status("ok"), status("warning"), status("unknown"), status("critical")],
    [0, 0, 1, 1],
  );
  assert.deepEqual([status("ok", true), status("warning", true)], [0, 1]);
});

Deno.test("healthThresholds() replaces limits, which then hold", () => {
  const thresholds = healthThresholds({ temperature_warning_c: 60, raise_samples: 1 });
  assert.equal(thresholds.temperature_critical_c, 95);
  assert.deepEqual(edges(course(heat(59, 60), { thresholds })), [
    "1 raised warning temperature_high",
  ]);
});

Deno.test("healthThresholds() refuses what makes no sense, in one line", () => {
  const refused = (given: Record<string, unknown>) => {
    try {
      healthThresholds(given);
    } catch (error) {
      assert.ok(error instanceof Error);
      assert.equal(error.name, "HealthThresholdError");
      return error.message;
    }
    return assert.fail("accepted");
  };
  assert.equal(
    refused({ temperature_warnin_c: 80 }),
    'no health threshold is called "temperature_warnin_c": did you mean temperature_warning_c?',
  );
  assert.equal(
    refused({ toString: 80 }),
    'no health threshold is called "toString": docs/health.md lists them',
  );
  assert.equal(
    refused({ vram_warning_pct: 101 }),
    "health threshold vram_warning_pct is 101: give a number from 0 to 100",
  );
  assert.equal(
    refused({ raise_samples: 1.5 }),
    "health threshold raise_samples is 1.5: give a whole number from 1 to 1000",
  );
  assert.match(refused({ vram_warning_pct: "85" }), /is "85": give a number/);
  assert.match(refused({ vram_warning_pct: NaN }), /is NaN: give a number/);
  assert.equal(
    refused({ temperature_warning_c: 96 }),
    "health threshold temperature_warning_c is 96, above temperature_critical_c, which is 95: " +
      "set it to at most 95, or raise temperature_critical_c",
  );
});
