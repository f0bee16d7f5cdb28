/**
 * The sensors that a kernel driver shows by hwmon, in the units of people.
 *
 * Source: the kernel's `Documentation/hwmon/sysfs-interface.rst`.
 *
 * @module
 */

import { parseInteger, type Sysroot } from "../sysfs/sysroot.ts";

/** A kind of sensor, as its files' names begin. */
export type SensorKind = "temp" | "power" | "energy" | "freq" | "in" | "curr" | "fan" | "pwm";

/** How many of the file's unit make one of the unit that is given. */
const PER_UNIT: Readonly<Record<SensorKind, number>> = {
  temp: 1000, // m°C: °C
  power: 1e6, // µW: W
  energy: 1e6, // µJ: J
  freq: 1e6, // Hz: MHz
  in: 1000, // mV: V
  curr: 1000, // mA: A
  fan: 1, // RPM
  pwm: 2.55, // 0 to 255: percent
};

/** What a sensor of a kind can say; what is beyond is a fault and no value. In the unit that is given. */
const RANGE: Readonly<Record<SensorKind, readonly [least: number, most: number]>> = {
  temp: [-100, 250],
  power: [0, 10_000], // a whole server
  energy: [0, Number.MAX_SAFE_INTEGER],
  freq: [0, 20_000],
  in: [-55, 55], // a rail of 54 V
  curr: [-100_000, 100_000],
  fan: [0, 50_000],
  pwm: [0, 100],
};

/** Whether a value, in the unit of its kind, is one that a sensor can say. */
export function isPlausible(kind: SensorKind, value: number): boolean {
  const [least, most] = RANGE[kind];
  return value >= least && value <= most;
}

/**
 * Thresholds of temperatures. 0 °C and what is below is none: how drivers show one that was not set (amdgpu
 * and radeon on chips whose tables have no highest temperature).
 */
const TEMPERATURE_THRESHOLDS: readonly string[] = ["max", "crit", "emergency"];

/**
 * nouveau's `pwm1` is in percent already (`nouveau_hwmon.c` hands on what the thermal code calls percent),
 * against the interface's 0 to 255.
 */
const PERCENT_DRIVERS: readonly string[] = ["nouveau"];

/** What a sensor says, and by which file. */
export interface SensorValue {
  /** °C, W, J, MHz, V, A, RPM or percent, by the sensor's kind. */
  value: number;
  /** For the map of sources: `hwmon:temp1_input`. */
  source: string;
}

/** One sensor of a hwmon directory: `temp1` and all its files. */
export class Sensor {
  readonly kind: SensorKind;
  /** `temp1`. */
  readonly name: string;
  /** What the driver calls it: `edge`; undefined where it gives no name. */
  readonly label: string | undefined;
  readonly #sysroot: Sysroot;
  readonly #directory: string;
  readonly #attributes: ReadonlySet<string>;
  readonly #perUnit: number;

  /** Made by {@linkcode Hwmon.open}. `attributes` are the names of its files behind `temp1_`. */
  constructor(
    sysroot: Sysroot,
    directory: string,
    kind: SensorKind,
    name: string,
    attributes: ReadonlySet<string>,
    driver: string | undefined,
  ) {
    this.kind = kind;
    this.name = name;
    this.label = attributes.has("label") ? sysroot.text(`${directory}/${name}_label`) : undefined;
    this.#sysroot = sysroot;
    this.#directory = directory;
    this.#attributes = attributes;
    this.#perUnit = kind === "pwm" && PERCENT_DRIVERS.includes(driver ?? "") ? 1 : PER_UNIT[kind];
  }

  /** Name of the file of an attribute: `temp1_input`; `pwm1` for a fan's value itself. */
  file(attribute: string = "input"): string {
    return this.kind === "pwm" && attribute === "input" ? this.name : `${this.name}_${attribute}`;
  }

  /** Whether there is such a file. It is not opened. */
  has(attribute: string = "input"): boolean {
    return this.#attributes.has(this.kind === "pwm" && attribute === "input" ? "" : attribute);
  }

  /**
   * Reads an attribute in the unit of the sensor's kind: `input` is the value now, others are limits
   * (`crit`, `cap_max`) or means (`average`). A threshold of temperature is above 0 °C.
   *
   * @returns undefined where there is no such file, it cannot be read, or it holds no such value.
   */
  read(attribute: string = "input"): SensorValue | undefined {
    if (!this.has(attribute)) return undefined;
    const file = this.file(attribute);
    const text = this.#sysroot.text(`${this.#directory}/${file}`);
    const raw = text === undefined ? undefined : parseInteger(text);
    if (raw === undefined) return undefined;
    const value = raw / this.#perUnit;
    if (this.#isThreshold(attribute) && value <= 0) return undefined;
    return isPlausible(this.kind, value) ? { value, source: `hwmon:${file}` } : undefined;
  }

  /** {@linkcode read} of the first of the attributes that has a value. */
  readFirst(...attributes: readonly string[]): SensorValue | undefined {
    for (const attribute of attributes) {
      const found = this.read(attribute);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Why {@linkcode read} gives nothing. */
  whyNot(attribute: string = "input"): string {
    const file = this.file(attribute);
    if (!this.has(attribute)) return `no file ${file}`;
    return this.#isThreshold(attribute)
      ? `${file} cannot be read or sets no threshold above 0 °C`
      : `${file} cannot be read or holds no value of its kind`;
  }

  #isThreshold(attribute: string): boolean {
    return this.kind === "temp" && TEMPERATURE_THRESHOLDS.includes(attribute);
  }
}

const FILE = /^(temp|power|energy|freq|in|curr|fan|pwm)(\d+)(?:_(\w+))?$/;

/** The sensors of one hwmon directory. Their names and labels are read once, their values at each read. */
export class Hwmon {
  /** `/sys/class/hwmon/hwmon3`, or the same below its device. */
  readonly directory: string;
  /** What the driver calls it: `amdgpu`, `i915_gt0`; undefined where it does not say. */
  readonly name: string | undefined;
  /** All sensors, by kind and number. */
  readonly sensors: readonly Sensor[];

  private constructor(directory: string, name: string | undefined, sensors: readonly Sensor[]) {
    this.directory = directory;
    this.name = name;
    this.sensors = sensors;
  }

  /**
   * Lists the sensors of a directory.
   *
   * @param directory the hwmon directory below the root: {@linkcode Gpu.hwmon}.
   * @returns undefined where there is no such directory, or nothing in it.
   */
  static open(sysroot: Sysroot, directory: string): Hwmon | undefined {
    const files = sysroot.list(directory);
    if (files.length === 0) return undefined;
    const name = sysroot.text(`${directory}/name`);
    const found = new Map<string, { kind: SensorKind; attributes: Set<string> }>();
    for (const file of files) {
      const match = FILE.exec(file);
      if (match === null) continue;
      const kind = match[1] as SensorKind;
      const sensor = `${kind}${match[2]}`;
      const entry = found.get(sensor) ?? { kind, attributes: new Set() };
      entry.attributes.add(match[3] ?? "");
      found.set(sensor, entry);
    }
    const sensors = Array.from(
      found,
      ([sensor, { kind, attributes }]) =>
        new Sensor(sysroot, directory, kind, sensor, attributes, name),
    );
    return new Hwmon(directory, name, sensors);
  }

  /**
   * The sensor of a kind with a label; without a label the first of the kind, which for a driver that
   * gives no labels (nouveau, radeon, i915) is the one that stands for the GPU.
   */
  sensor(kind: SensorKind, label?: string): Sensor | undefined {
    return this.sensors.find((sensor) =>
      sensor.kind === kind && (label === undefined || sensor.label === label)
    );
  }
}
