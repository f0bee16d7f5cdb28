/**
 * The conditions under which a figure was measured: clocks, power, temperature, what held the clock back.
 *
 * @module
 */

import { median } from "../statistics.ts";

/** One look at a device. What cannot be read is null. */
export interface ConditionsReading {
  /** Clock of the shader cores. */
  core_mhz: number | null;
  /** Clock of the memory, as the driver counts it: half the data rate of double data rate memory. */
  memory_mhz: number | null;
  power_w: number | null;
  temperature_c: number | null;
  /** Why the clock is lower than it could be, by the driver's own names; empty for no reason. */
  throttle_reasons: string[] | null;
}

/** A look at a device during a measurement. */
export interface ConditionsSample extends ConditionsReading {
  /** Milliseconds since the measurement began. */
  at_ms: number;
}

/** Of what was read of one quantity. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** The conditions of a measurement. */
export interface Conditions {
  /** Where they were read: `nvml`, `hwmon and amdgpu`. */
  source: string;
  samples: ConditionsSample[];
  summary: {
    core_mhz: Spread | null;
    memory_mhz: Spread | null;
    power_w: Spread | null;
    temperature_c: Spread | null;
    /** All that were seen; null where they cannot be read. */
    throttle_reasons: string[] | null;
  };
  /** Quantity -> why it could not be read. */
  absent: Record<string, string>;
}

/** Where the conditions of one device are read. */
export interface ConditionsSource {
  /** As in {@linkcode Conditions.source}. */
  readonly name: string;
  /**
   * Whether clocks that are read right after work are no lower than during the work. Where they fall at
   * once they tell nothing of it.
   */
  readonly clocksHold: boolean;
  /** Quantity -> why it cannot be read, as far as was found out by now. */
  readonly absent: Readonly<Record<string, string>>;
  /** Reads them. May take milliseconds: never to be called within a timed sample. */
  read(): ConditionsReading;
}

/** What there is to read. */
export const QUANTITIES = ["core_mhz", "memory_mhz", "power_w", "temperature_c"] as const;

function spreadOf(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return { min: Math.min(...known), median: median(known), max: Math.max(...known) };
}

/** Sums samples up. */
export function summarizeConditions(
  source: string,
  samples: ConditionsSample[],
  absent: Readonly<Record<string, string>>,
): Conditions {
  const reasons = samples.map((sample) => sample.throttle_reasons).filter((list) => list !== null);
  const spread = (quantity: typeof QUANTITIES[number]) =>
    spreadOf(samples.map((sample) => sample[quantity]));
  return {
    source,
    samples,
    summary: {
      core_mhz: spread("core_mhz"),
      memory_mhz: spread("memory_mhz"),
      power_w: spread("power_w"),
      temperature_c: spread("temperature_c"),
      throttle_reasons: reasons.length === 0 ? null : [...new Set(reasons.flat())].sort(),
    },
    absent: { ...absent },
  };
}

/** Reads conditions every so often while something is measured, and keeps what it read. */
export class ConditionsRecorder {
  readonly #source: ConditionsSource;
  readonly #now: () => number;
  readonly #intervalMs: number;
  readonly #began: number;
  readonly #samples: ConditionsSample[] = [];

  /**
   * Takes a source and a monotonic clock in milliseconds.
   *
   * @param intervalMs between two readings at least: a reading takes time in which the device idles.
   */
  constructor(source: ConditionsSource, now: () => number, intervalMs = 100) {
    this.#source = source;
    this.#now = now;
    this.#intervalMs = intervalMs;
    this.#began = now();
  }

  /** Reads now. */
  read(): ConditionsReading {
    const sample = { at_ms: Math.round(this.#now() - this.#began), ...this.#source.read() };
    this.#samples.push(sample);
    return sample;
  }

  /** Reads where the last reading is old enough. */
  readIfDue(): void {
    const last = this.#samples.at(-1);
    if (last === undefined || this.#now() - this.#began - last.at_ms >= this.#intervalMs) {
      this.read();
    }
  }

  /** Forgets what was read so far: it belongs to the warm-up. */
  restart(): void {
    this.#samples.length = 0;
  }

  /** Everything that was read. */
  conditions(): Conditions {
    return summarizeConditions(this.#source.name, this.#samples, this.#source.absent);
  }
}
