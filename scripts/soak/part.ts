/**
 * What a soak looks at: fakes of one kind, which can be made to fail.
 *
 * @module
 */

import type { Gpu, GpuId } from "../../lib/gpu/gpu.ts";
import type { TelemetryDriver } from "../../lib/telemetry/driver.ts";
import type { GpuMetrics } from "../../lib/telemetry/metrics.ts";
import type { Random } from "./random.ts";

/** Counts what happened, by name. */
export type Tally = Map<string, number>;

/** Adds one. */
export function count(tally: Tally, name: string): void {
  tally.set(name, (tally.get(name) ?? 0) + 1);
}

/** Fakes of one kind. */
export interface SoakPart extends Disposable {
  readonly gpus: readonly Gpu[];
  readonly driver: TelemetryDriver;
  /** What each GPU is set to; a metric that is not named is not known. */
  readonly truth: ReadonlyMap<GpuId, Partial<GpuMetrics>>;
  /** Begins a fault, or ends one. No slow reading is under way. */
  disturb(random: Random, tally: Tally): void;
  /** Ends all faults. No slow reading is under way. */
  heal(): void;
  /** What the fakes found to be wrong with how they are used; undefined for nothing. */
  complaint?(): string | undefined;
}

/** A driver, and how many of its slow readings are under way. */
export interface CountedDriver {
  readonly driver: TelemetryDriver;
  readonly slow: () => number;
}

/**
 * A driver of which it is known when its slow readings have ended.
 *
 * @param opened is told of each GPU of which a reader was opened.
 */
export function countSlow(
  driver: TelemetryDriver,
  opened: (gpu: Gpu) => void = () => undefined,
): CountedDriver {
  let running = 0;
  return {
    slow: () => running,
    driver: {
      name: driver.name,
      claims: (gpu) => driver.claims(gpu),
      open(gpu, context) {
        const reader = driver.open(gpu, context);
        if (typeof reader === "string") return reader;
        opened(gpu);
        return {
          read: () => reader.read(),
          lost: () => reader.lost(),
          [Symbol.dispose]: () => reader[Symbol.dispose](),
          ...(reader.idle && { idle: () => reader.idle?.() === true }),
          ...(reader.readSlow && {
            async readSlow() {
              running++;
              try {
                return await reader.readSlow?.() ?? { values: {}, sources: {}, absent: {} };
              } finally {
                running--;
              }
            },
          }),
        };
      },
    },
  };
}
