/**
 * What can be set on a GPU, and what may be asked of it. Plain data, without I/O.
 *
 * @module
 */

/** The commands that settings belong to. */
export type SettingGroup = "power" | "clocks" | "fan" | "profile" | "park";

/** What is the same of a setting on every GPU. */
export interface SettingKind {
  readonly group: SettingGroup;
  /** For people: `Power cap`. */
  readonly label: string;
  /** `W`, `MHz`, `%`; empty for words. */
  readonly unit: string;
  /** Numbers are compared with a range, words with a list; a curve has a form of its own. */
  readonly form: "number" | "word" | "curve";
  /** Whether a wrong value can hang or overheat the GPU: then a person is asked whether to keep it. */
  readonly risky: boolean;
}

function kind(
  group: SettingGroup,
  label: string,
  unit: string,
  form: SettingKind["form"] = "number",
): SettingKind {
  return { group, label, unit, form, risky: group === "clocks" || group === "fan" };
}

/** All settings, in the order in which they are shown and, on one GPU, applied. */
export const SETTINGS = {
  power_cap_w: kind("power", "Power cap", "W"),
  core_clock_min_mhz: kind("clocks", "Core clock, least", "MHz"),
  core_clock_max_mhz: kind("clocks", "Core clock, most", "MHz"),
  core_clock_offset_mhz: kind("clocks", "Core clock, offset", "MHz"),
  memory_clock_min_mhz: kind("clocks", "Memory clock, least", "MHz"),
  memory_clock_max_mhz: kind("clocks", "Memory clock, most", "MHz"),
  performance_level: kind("profile", "Performance level", "", "word"),
  profile: kind("profile", "Profile", "", "word"),
  fan_pct: kind("fan", "Fan speed", "%"),
  fan_curve: kind("fan", "Fan curve", "", "curve"),
  fan_minimum_pct: kind("fan", "Fan, least", "%"),
  fan_target_temperature_c: kind("fan", "Fan target temperature", "°C"),
  fan_acoustic_target_rpm: kind("fan", "Fan acoustic target", "RPM"),
  fan_acoustic_limit_rpm: kind("fan", "Fan acoustic limit", "RPM"),
  fan_zero_rpm: kind("fan", "Fan may stop", ""),
  autosuspend: kind("park", "May sleep", "", "word"),
  autosuspend_delay_ms: kind("park", "Sleeps when idle for", "ms"),
} as const satisfies Record<string, SettingKind>;

/** The name of a setting. */
export type SettingId = keyof typeof SETTINGS;

/** The names of all settings, in order. */
export const SETTING_IDS = Object.keys(SETTINGS) as SettingId[];

/** What is the same of this setting on every GPU. */
export function settingKind(id: SettingId): SettingKind {
  return SETTINGS[id];
}

/** A number in the setting's unit, a word, or a curve in the form of {@linkcode formatCurve}. */
export type SettingValue = number | string;

/** The numbers that a driver takes. */
export interface SettingRange {
  min: number;
  max: number;
  /** Values are `min` and whole steps above 0: 1 where the driver rounds to whole units. */
  step: number;
}

/** One setting of one GPU, as the driver shows it. The property names are those of the JSON document. */
export interface SettingState {
  id: SettingId;
  unit: string;
  /** The value now; null where it is not known. */
  value: SettingValue | null;
  /** Why the value is not known. */
  value_absent: string | null;
  /** The value of a GPU that nobody set; null where the driver does not tell. */
  default: SettingValue | null;
  range: SettingRange | null;
  /** The only values that the driver takes. */
  choices: SettingValue[] | null;
  /** Whether this user can set it; null in a dump, of which that is not known. */
  writable: boolean | null;
  /** Why it cannot be set: which right, which option of the driver. */
  why_not: string | null;
  /** Whether it is the driver (or its options) that refuses, or this user's rights; null where it can be set. */
  refused_by: "driver" | "rights" | null;
  /** Where it is read and written: `hwmon:power1_cap`, `nvml`. */
  source: string;
  /** What else to know, in one line. */
  note: string | null;
}

/** What is to become of a setting. */
export type Change =
  | { readonly kind: "set"; readonly value: SettingValue }
  | { readonly kind: "reset" };

/** Changes of one GPU, by setting. */
export type Changes = ReadonlyMap<SettingId, Change>;

/** A change that is refused, or could not be made. The message is one line. */
export class ControlError extends Error {
  override readonly name = "ControlError";
}

/** A value with its unit, for people. */
export function formatValue(id: SettingId, value: SettingValue | null): string {
  if (value === null) return "unknown";
  const { unit } = SETTINGS[id];
  return unit === "" ? String(value) : `${value} ${unit}`;
}

/**
 * Reads a value as it was typed.
 *
 * @throws {ControlError} where it is none of the setting's form.
 */
export function parseSettingValue(id: SettingId, text: string): SettingValue {
  const { form, unit, label } = SETTINGS[id];
  if (form === "word") return text.trim();
  if (form === "curve") return formatCurve(parseCurve(text));
  const match = /^([+-]?\d+(?:\.\d+)?) ?([a-z%°]*)$/i.exec(text.trim());
  const given = match?.[2]?.toLowerCase() ?? "";
  if (match === null || (given !== "" && given !== unit.toLowerCase().replace("°", ""))) {
    throw new ControlError(
      `${label.toLowerCase()}: '${text}' is no number${unit === "" ? "" : ` of ${unit}`}`,
    );
  }
  return Number(match[1]);
}

/**
 * Whether the driver takes a value: checked before anything is written.
 *
 * @throws {ControlError} where it does not, with what it takes.
 */
export function checkValue(state: SettingState, value: SettingValue): SettingValue {
  const { label } = SETTINGS[state.id];
  const name = label.toLowerCase();
  if (state.choices !== null) {
    const found = state.choices.find((choice) =>
      typeof choice === "string"
        ? choice.toLowerCase() === String(value).toLowerCase()
        : choice === value
    );
    if (found !== undefined) return found;
    throw new ControlError(
      `${name}: '${value}' is none of what the driver takes: ${state.choices.join(", ")}`,
    );
  }
  if (state.range === null) {
    if (SETTINGS[state.id].form === "curve") return value;
    throw new ControlError(`${name}: the driver gives no range, so no value is known to be safe`);
  }
  const { min, max, step } = state.range;
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw new ControlError(
      `${name}: ${formatValue(state.id, value)} is outside of what the driver takes: ` +
        `${min} to ${formatValue(state.id, max)}`,
    );
  }
  // The remainder of a division by 0.001 is never 0.
  const steps = value / step;
  if (Math.abs(steps - Math.round(steps)) > 1e-6) {
    throw new ControlError(
      `${name}: ${formatValue(state.id, value)} is no multiple of ${
        formatValue(state.id, step)
      }, to which the driver rounds`,
    );
  }
  return value;
}

/** One point of a fan curve. */
export interface CurvePoint {
  temperature_c: number;
  fan_pct: number;
}

/**
 * Reads `40:25,50:40,60:60`: degrees Celsius and per cent.
 *
 * @throws {ControlError} where it is no such list, or does not rise.
 */
export function parseCurve(text: string): CurvePoint[] {
  const points = text.split(",").map((part) => {
    const match = /^\s*(\d{1,3}):(\d{1,3})%?\s*$/.exec(part);
    if (match === null) {
      throw new ControlError(
        `fan curve: '${part}' is no point: write degrees and per cent, as in 40:25,60:50,80:100`,
      );
    }
    return { temperature_c: Number(match[1]), fan_pct: Number(match[2]) };
  });
  points.forEach((point, i) => {
    const before = points[i - 1];
    if (before === undefined) return;
    if (point.temperature_c <= before.temperature_c || point.fan_pct < before.fan_pct) {
      throw new ControlError(
        `fan curve: ${point.temperature_c}:${point.fan_pct} does not rise above ` +
          `${before.temperature_c}:${before.fan_pct}: temperatures must rise, and speeds must not fall`,
      );
    }
  });
  return points;
}

/** A curve in the form that {@linkcode parseCurve} reads. */
export function formatCurve(points: readonly CurvePoint[]): string {
  return points.map(({ temperature_c, fan_pct }) => `${temperature_c}:${fan_pct}`).join(",");
}
