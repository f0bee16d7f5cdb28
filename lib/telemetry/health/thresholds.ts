/**
 * The limits that health is judged by.
 *
 * @module
 */

import { closest } from "../../gpu/closest.ts";

/** What a threshold is. */
interface ThresholdSpec {
  readonly normal: number;
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
  readonly describe: string;
}

const CELSIUS = { least: 0, most: 150 };
const PERCENT = { least: 0, most: 100 };
const SAMPLES = { least: 1, most: 1000, whole: true };

/**
 * Every threshold by its name, with the unit at the end. 80 and 95 °C, 85 and 95 % are the values that
 * MVGAL has always had. The hottest place of the chip and the memory have limits that are as far below
 * what drivers give as critical: amdgpu's `temp2_crit` is 110 °C for RDNA cards, and `temp3_crit`, with
 * xe's for its memory, 100 to 108 °C.
 */
const SPECS = {
  temperature_warning_c: { normal: 80, ...CELSIUS, describe: "temperature of the chip: warning" },
  temperature_critical_c: { normal: 95, ...CELSIUS, describe: "temperature of the chip: critical" },
  hotspot_warning_c: { normal: 95, ...CELSIUS, describe: "hottest place of the chip: warning" },
  hotspot_critical_c: { normal: 105, ...CELSIUS, describe: "hottest place of the chip: critical" },
  memory_temperature_warning_c: {
    normal: 95,
    ...CELSIUS,
    describe: "memory's temperature: warning",
  },
  memory_temperature_critical_c: {
    normal: 105,
    ...CELSIUS,
    describe: "memory's temperature: critical",
  },
  temperature_margin_c: {
    normal: 3,
    least: 0,
    most: 50,
    describe: "how far below its limit a temperature has to fall for the finding to clear",
  },
  slowdown_margin_c: {
    normal: 5,
    least: 0,
    most: 50,
    describe: "warning at the latest this far below where the driver slows the GPU down",
  },
  vram_warning_pct: { normal: 85, ...PERCENT, describe: "memory in use: warning" },
  vram_critical_pct: { normal: 95, ...PERCENT, describe: "memory in use: critical" },
  vram_margin_pct: {
    normal: 2,
    ...PERCENT,
    describe: "how far below its limit the memory in use has to fall for the finding to clear",
  },
  fan_stopped_above_c: {
    normal: 70,
    ...CELSIUS,
    describe: "a fan has to turn from this temperature on; below, many cards stop it on purpose",
  },
  fan_stopped_below_rpm: {
    normal: 60,
    least: 1,
    most: 5000,
    describe: "a fan that is told to turn slower than this stands still: sensors read 5 at rest",
  },
  power_over_cap_pct: {
    normal: 10,
    least: 0,
    most: 200,
    describe: "how far the power may be above the cap: firmware holds an average of it",
  },
  link_load_pct: {
    normal: 50,
    ...PERCENT,
    describe: "from this utilisation on, the link has to be at its best: idle links slow down",
  },
  ecc_uncorrected_limit: {
    normal: 0,
    least: 0,
    most: 1e9,
    whole: true,
    describe: "uncorrected errors since the driver was loaded that are no finding",
  },
  ecc_quiet_s: {
    normal: 600,
    least: 1,
    most: 1e6,
    describe: "for how long corrected errors, or retired pages, must not become more to clear",
  },
  retired_pages_warning: {
    normal: 60,
    least: 1,
    most: 1e6,
    whole: true,
    describe:
      "pages or rows of memory taken out of use: warning, even when they do not become more",
  },
  stale_s: {
    normal: 60,
    least: 0,
    most: 1e6,
    describe:
      "for how long a GPU that is not read (it is left alone so that it sleeps) stays what it was",
  },
  raise_samples: { normal: 3, ...SAMPLES, describe: "samples in a row that raise a finding" },
  slow_raise_samples: {
    normal: 5,
    ...SAMPLES,
    describe: "the same for the link, the fan and the power, which lag behind a change of load",
  },
  clear_samples: { normal: 3, ...SAMPLES, describe: "samples in a row that clear a finding" },
} as const satisfies Readonly<Record<string, ThresholdSpec>>;

/** A name of a threshold. */
export type ThresholdName = keyof typeof SPECS;

/** The limits, each in the unit at the end of its name; `_samples` are numbers of samples. */
export type HealthThresholds = Readonly<Record<ThresholdName, number>>;

/** The names of all thresholds. */
export const THRESHOLD_NAMES = Object.keys(SPECS) as readonly ThresholdName[];

/** What each is for, in words. */
export function describeThreshold(name: ThresholdName): string {
  return SPECS[name].describe;
}

/** What each may be: both bounds are allowed. */
export function thresholdRange(
  name: ThresholdName,
): { least: number; most: number; whole: boolean } {
  const { least, most, whole = false }: ThresholdSpec = SPECS[name];
  return { least, most, whole };
}

/** The limits that hold where nothing else is said. */
export const DEFAULT_THRESHOLDS: HealthThresholds = Object.freeze(
  Object.fromEntries(THRESHOLD_NAMES.map((name) => [name, SPECS[name].normal])) as Record<
    ThresholdName,
    number
  >,
);

/** A limit that makes no sense. The message is one line: which, what it is, and what it may be. */
export class HealthThresholdError extends Error {
  override readonly name = "HealthThresholdError";
}

/** Pairs of which the first must not be above the second. */
const PAIRS: readonly (readonly [ThresholdName, ThresholdName])[] = [
  ["temperature_warning_c", "temperature_critical_c"],
  ["hotspot_warning_c", "hotspot_critical_c"],
  ["memory_temperature_warning_c", "memory_temperature_critical_c"],
  ["vram_warning_pct", "vram_critical_pct"],
];

/**
 * The limits: the default ones, with some replaced.
 *
 * @param given names and numbers, of unchecked origin (a configuration file).
 * @throws {HealthThresholdError} for a name that is none, a value that is no number, out of its range or,
 * for a number of things, not whole, and for a warning above its critical limit.
 */
export function healthThresholds(given: Readonly<Record<string, unknown>>): HealthThresholds {
  const merged: Record<ThresholdName, number> = { ...DEFAULT_THRESHOLDS };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(SPECS, name)) throw new HealthThresholdError(unknownName(name));
    const known = name as ThresholdName;
    merged[known] = checked(known, value);
  }
  for (const [lower, upper] of PAIRS) {
    if (merged[lower] > merged[upper]) {
      throw new HealthThresholdError(
        `health threshold ${lower} is ${merged[lower]}, above ${upper}, which is ${
          merged[upper]
        }: ` +
          `set it to at most ${merged[upper]}, or raise ${upper}`,
      );
    }
  }
  return merged;
}

function checked(name: ThresholdName, value: unknown): number {
  const { least, most, whole = false }: ThresholdSpec = SPECS[name];
  const fits = typeof value === "number" && value >= least && value <= most &&
    (!whole || Number.isInteger(value));
  if (!fits) {
    throw new HealthThresholdError(
      `health threshold ${name} is ${shown(value)}: give a ${whole ? "whole " : ""}number from ` +
        `${least} to ${most}`,
    );
  }
  return value;
}

/** A value as JSON, for a message; JSON would make a lie of NaN, and has no functions. */
function shown(value: unknown): string {
  return typeof value === "number" ? `${value}` : JSON.stringify(value) ?? typeof value;
}

function unknownName(name: string): string {
  const close = closest(name, THRESHOLD_NAMES);
  return `no health threshold is called ${JSON.stringify(name)}` +
    (close === undefined ? ": docs/health.md lists them" : `: did you mean ${close}?`);
}
