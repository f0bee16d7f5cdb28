/**
 * The small pure parts of the dashboard.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { SettingState } from "../../lib/control/setting.ts";
import type { SchedulerView } from "../../lib/daemon/service_api.ts";
import { checkTyped } from "../../lib/daemon/web/core/control_draft.ts";
import {
  formatDuration,
  formatNumber,
  formatTime,
  timeLabels,
} from "../../lib/daemon/web/core/format.ts";
import { shareOf, SHOWN, tell } from "../../lib/daemon/web/core/metrics.ts";
import { formatRoute, parseRoute, VIEWS } from "../../lib/daemon/web/core/route.ts";
import { changeOf } from "../../lib/daemon/web/core/scheduler_draft.ts";
import { matches, pageOf, pressed, sorted } from "../../lib/daemon/web/core/sort.ts";
import { METRIC_NAMES } from "../../lib/telemetry/metrics.ts";
import { FakeGpus } from "./fake_gpus.ts";

Deno.test("parseRoute() reads what formatRoute() writes, and takes anything else for the first view", () => {
  for (const { id } of VIEWS) {
    for (const part of [null, "pci:0000:06:00.0", "a/b#c%d", "<x>"]) {
      assert.deepEqual(parseRoute(formatRoute(id, part)), { view: id, of: part });
    }
  }
  for (const hash of ["", "#", "#/nowhere", "#/../gpus"]) {
    assert.deepEqual(parseRoute(hash), { view: "gpus", of: null });
  }
  assert.deepEqual(parseRoute("#/gpus/%E0%A4"), { view: "gpus", of: null });
});

Deno.test("formatDuration() names two units at most", () => {
  const cases: [number, string][] = [
    [-5, "0 ms"],
    [850, "850 ms"],
    [12_000, "12 s"],
    [60_000, "1 min"],
    [200_000, "3 min 20 s"],
    [18_120_000, "5 h 2 min"],
    [273_600_000, "3 d 4 h"],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

Deno.test("formatNumber() shows no small number as 0", () => {
  assert.equal(formatNumber(0), "0");
  assert.equal(formatNumber(0.004, 1), "0.0040");
  assert.equal(formatNumber(12.34, 1), "12.3");
  assert.equal(formatNumber(12, 1), "12");
});

Deno.test("formatTime() of what is no time is unknown", () => {
  assert.equal(formatTime("never"), "unknown");
});

Deno.test("timeLabels() names the day where it is another, and seconds where they matter", () => {
  const noon = new Date(2026, 0, 31, 12).getTime() / 1000;
  assert.deepEqual(timeLabels([noon, noon + 30], 30), ["12:00:00\n01-31", "12:00:30"]);
  assert.deepEqual(timeLabels([noon, noon + 43_200], 43_200), ["12:00\n01-31", "00:00\n02-01"]);
  assert.deepEqual(timeLabels([noon], 86_400), ["01-31"]);
});

Deno.test("SHOWN has every metric that is a number", () => {
  const words = ["throttle_reasons", "performance_state"];
  const numbers = METRIC_NAMES.filter((name) => !words.includes(name));
  assert.deepEqual(Object.keys(SHOWN).toSorted(), numbers.toSorted());
});

Deno.test("tell() gives the reason where there is no value, and 0 where it is 0", () => {
  const [sample] = new FakeGpus(1, 0).look(0).gpus;
  assert.ok(sample !== undefined);
  assert.deepEqual(tell(sample, "fan_pct"), {
    known: false,
    why: "NVML does not tell it for this GPU",
  });
  assert.deepEqual(tell({ ...sample, ecc_corrected_count: 0 }, "ecc_corrected_count"), {
    known: true,
    text: "0",
    source: null,
  });
});

Deno.test("tell() of a metric that a sample does not have at all is unknown", () => {
  const [sample] = new FakeGpus(1, 0).look(0).gpus;
  assert.ok(sample !== undefined);
  const { power_w: _, ...bare } = sample;
  assert.deepEqual(tell(bare as typeof sample, "power_w"), {
    known: false,
    why: "no reason was given",
  });
});

Deno.test("shareOf() is null without a whole, and never outside of 0 and 1", () => {
  assert.equal(shareOf(1, null), null);
  assert.equal(shareOf(null, 1), null);
  assert.equal(shareOf(1, 0), null);
  assert.equal(shareOf(3, 2), 1);
  assert.equal(shareOf(1, 4), 0.25);
});

Deno.test("sorted() puts what is not known last either way, and numbers in words in order", () => {
  const rows = ["worker-10", null, "worker-9"];
  assert.deepEqual(sorted(rows, (row) => row, false), ["worker-9", "worker-10", null]);
  assert.deepEqual(sorted(rows, (row) => row, true), ["worker-10", "worker-9", null]);
  assert.deepEqual(sorted([3, 20, null], (row) => row, true), [20, 3, null]);
});

Deno.test("pressed() turns the order of the same column round", () => {
  const first = pressed({ column: "a", descending: false }, "b", true);
  assert.deepEqual(first, { column: "b", descending: true });
  assert.deepEqual(pressed(first, "b", true), { column: "b", descending: false });
});

Deno.test("matches() wants every word in one of the texts", () => {
  assert.equal(matches("Train ada", ["train.py", 12, null, "Ada"]), true);
  assert.equal(matches("train grace", ["train.py", "ada"]), false);
  assert.equal(matches("  ", []), true);
});

Deno.test("pageOf() stays on the last page where rows went away", () => {
  const rows = Array.from({ length: 101 }, (_, i) => i);
  assert.deepEqual(pageOf(rows, 2, 50), { rows: [100], page: 2, pages: 3 });
  assert.deepEqual(pageOf(rows.slice(0, 10), 2, 50).page, 0);
  assert.deepEqual(pageOf([], 0, 50), { rows: [], page: 0, pages: 1 });
});

const SCHEDULER: SchedulerView = {
  strategy: "single",
  gpus: [{
    id: "a",
    enabled: true,
    priority: 50,
    weight: null,
    weight_source: null,
    load_pct: null,
    sessions: 0,
  }],
};

Deno.test("changeOf() has what differs and nothing else, and refuses a priority that is none", () => {
  assert.equal(changeOf(SCHEDULER, { gpus: {} }), null);
  assert.equal(changeOf(SCHEDULER, { strategy: "single", gpus: { a: { enabled: true } } }), null);
  assert.deepEqual(changeOf(SCHEDULER, { strategy: "afr", gpus: {} }), { strategy: "afr" });
  assert.deepEqual(changeOf(SCHEDULER, { gpus: { a: { priority: "7" } } }), {
    gpus: [{ id: "a", priority: 7 }],
  });
  for (const priority of ["", "101", "-1", "1.5", "x"]) {
    assert.equal(changeOf(SCHEDULER, { strategy: "afr", gpus: { a: { priority } } }), null);
  }
});

const CAP: SettingState = {
  id: "power_cap_w",
  unit: "W",
  value: 300,
  value_absent: null,
  default: 300,
  range: { min: 100, max: 400, step: 1 },
  choices: null,
  writable: true,
  why_not: null,
  refused_by: null,
  source: "nvml",
  note: null,
};

Deno.test("checkTyped() asks for what differs, for defaults, and tells what is out of range", () => {
  const of = (text: string | null) => checkTyped([CAP], { power_cap_w: text });
  assert.deepEqual(of("250"), { values: { power_cap_w: 250 }, problems: {} });
  assert.deepEqual(of(null), { values: { power_cap_w: null }, problems: {} });
  assert.deepEqual(of("300"), { values: {}, problems: {} });
  assert.deepEqual(of(" "), { values: {}, problems: {} });
  assert.match(of("9000").problems["power_cap_w"] ?? "", /outside of what the driver takes/);
  assert.match(of("many").problems["power_cap_w"] ?? "", /no number/);
});
