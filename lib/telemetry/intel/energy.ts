/**
 * Power from hwmon's counters of energy.
 *
 * @module
 */

import { FIRST_LOOK, type ReadingBuilder } from "../driver.ts";
import type { Hwmon, Sensor, SensorValue } from "../hwmon.ts";

/** Shortest time over which power is told: the counters move in steps. */
const MIN_SECONDS = 0.01;

/** One counter, from look to look. */
interface Counter {
  sensor: Sensor;
  /** In J, and when it was read, in s. */
  before: { joules: number; at: number } | undefined;
}

/**
 * The counters of energy of a card and of its chip, of which one stands for the GPU. They are never added up,
 * for the one is part of the other, and never compared: the card's is 0 for ever, or below its chip's, on
 * some cards. The first that moves is believed.
 */
export class EnergyCounters {
  readonly #counters: readonly Counter[];

  /** @param labels of the sensors, the best first; undefined for one without a label. */
  constructor(hwmon: Hwmon | undefined, labels: readonly (string | undefined)[]) {
    const sensors = hwmon?.sensors.filter(({ kind }) => kind === "energy") ?? [];
    this.#counters = labels.flatMap((label) =>
      sensors.filter((sensor) => sensor.label === label).map((sensor) => ({
        sensor,
        before: undefined,
      }))
    );
  }

  /**
   * Notes energy, and power since the look before.
   *
   * @param ms a monotonic clock in milliseconds.
   */
  put(into: ReadingBuilder, ms: number): void {
    const at = ms / 1000;
    let power: { watts: number; source: string } | undefined;
    let energy: SensorValue | undefined;
    let whyNot = "the driver shows no counter of energy";
    for (const counter of this.#counters) {
      const now = counter.sensor.read();
      if (now === undefined) {
        whyNot = counter.sensor.whyNot();
        counter.before = undefined;
        continue;
      }
      const { before } = counter;
      const seconds = before === undefined ? 0 : at - before.at;
      // Looks that follow at once measure from the same beginning.
      if (before === undefined || seconds >= MIN_SECONDS) {
        counter.before = { joules: now.value, at };
      }
      energy ??= now.value > 0 ? now : undefined;
      if (before === undefined || seconds < MIN_SECONDS) {
        whyNot = FIRST_LOOK;
        continue;
      }
      const joules = now.value - before.joules;
      if (joules > 0 && power === undefined) {
        power = { watts: joules / seconds, source: `${now.source}, by its rise` };
        energy = now;
      } else if (joules <= 0) {
        whyNot = joules < 0
          ? `${counter.sensor.file()} was reset`
          : `${counter.sensor.file()} has not moved since the look before`;
      }
    }
    into.put("power_w", power?.watts, power?.source ?? "", whyNot);
    into.put(
      "energy_j",
      energy?.value,
      energy?.source ?? "",
      this.#counters.length === 0 ? "the driver shows no counter of energy" : "it counts nothing",
    );
  }
}
