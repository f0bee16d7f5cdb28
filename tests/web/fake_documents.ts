/**
 * Made-up documents of a service, for tests of the dashboard.
 *
 * @module
 */

import type { ControlView, LogLine } from "../../lib/daemon/service_api.ts";
import { idOf } from "./fake_gpus.ts";

const LEVELS = ["debug", "info", "warning", "error"] as const;

/** So many lines of a log, a second apart; the last is of `now`, in ms since 1970. */
export function fakeLog(count: number, now: number): LogLine[] {
  return Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    at: new Date(now - (count - i) * 1000).toISOString(),
    level: LEVELS[i % 4] ?? "info",
    part: ["sampler", "history", "power", "http"][i % 4] ?? "http",
    text: `line ${i + 1}`,
    gpu: i % 5 === 0 ? idOf(0) : null,
  }));
}

/** Settings: one that can be set, one whose value is not known, one that rights are missing for. */
export function fakeSettings(gpu: string): ControlView {
  const shared = {
    value_absent: null,
    choices: null,
    writable: true,
    why_not: null,
    refused_by: null,
    source: "nvml",
    note: null,
  };
  return {
    gpu,
    settings: [
      {
        ...shared,
        id: "power_cap_w",
        unit: "W",
        value: 700,
        default: 700,
        range: { min: 200, max: 700, step: 1 },
      },
      {
        ...shared,
        id: "core_clock_max_mhz",
        unit: "MHz",
        value: null,
        value_absent: "NVML does not tell the clocks that are locked",
        default: null,
        range: { min: 345, max: 1980, step: 15 },
      },
      {
        ...shared,
        id: "autosuspend",
        unit: "",
        value: "on",
        default: "auto",
        range: null,
        choices: ["auto", "on"],
        writable: false,
        why_not: "needs root",
        refused_by: "rights",
      },
    ],
    absent: { fan: "the fans are the server's", profile: "the driver nvidia has none" },
  };
}
