/**
 * amdgpu's fan by `gpu_od/fan_ctrl`: a curve, and limits one file each. `c` commits an edit; `r` brings the
 * firmware's own value, and commits that itself.
 *
 * @module
 */

import type { ControlFiles } from "../files.ts";
import { present } from "../files.ts";
import {
  ControlError,
  type CurvePoint,
  formatCurve,
  parseCurve,
  type SettingId,
  type SettingState,
} from "../setting.ts";
import { type Step, step } from "../step.ts";
import { type ControlSurface, numberOf } from "../surface.ts";
import {
  type FanCurve,
  flatCurve,
  isFirmwareCurve,
  parseFanCurve,
  parseFanValue,
} from "./fan_ctrl.ts";

/** Where the files are, below the device. */
export const FAN_DIRECTORY = "gpu_od/fan_ctrl";

const CURVE_FILE = `${FAN_DIRECTORY}/fan_curve`;

const VALUE_FILES = [
  ["fan_minimum_pct", "fan_minimum_pwm"],
  ["fan_target_temperature_c", "fan_target_temperature"],
  ["fan_acoustic_target_rpm", "acoustic_target_rpm_threshold"],
  ["fan_acoustic_limit_rpm", "acoustic_limit_rpm_threshold"],
  ["fan_zero_rpm", "fan_zero_rpm_enable"],
] as const satisfies readonly (readonly [SettingId, string])[];

/** The settings of a fan's overdrive. `refused` says why overdrive is off. */
export function overdriveFan(files: ControlFiles, refused: string | undefined): ControlSurface {
  const curve = parseFanCurve(files.text(CURVE_FILE) ?? "");
  const values = VALUE_FILES.filter(([, file]) => files.has(`${FAN_DIRECTORY}/${file}`));
  return {
    settings: [
      ...curveStates(files, curve, refused),
      ...values.map(([id, file]) => valueState(files, id, `${FAN_DIRECTORY}/${file}`, refused)),
    ],
    absent: {},
    plan(changes) {
      const steps: Step[] = [];
      const wanted = curve && wantedCurve(curve, changes);
      if (curve !== undefined && wanted !== undefined) {
        steps.push(...curveSteps(files.path(CURVE_FILE), curve, wanted));
      }
      for (const [id, file] of values) {
        const change = changes.get(id);
        if (change === undefined) continue;
        steps.push(...valueSteps(files, `${FAN_DIRECTORY}/${file}`, numberOf(changes, id)));
      }
      return steps;
    },
  };
}

function curveStates(
  files: ControlFiles,
  curve: FanCurve | undefined,
  refused: string | undefined,
): SettingState[] {
  if (curve === undefined) {
    const why = files.whyNot(CURVE_FILE, "curve");
    return [
      files.state("fan_curve", [CURVE_FILE], { value: null, value_absent: why, source: "" }, why),
    ];
  }
  const { points, fan_pct, temperature_c } = curve;
  const own = isFirmwareCurve(points);
  const speeds = new Set(points.map((point) => point.fan_pct));
  const [flat] = speeds;
  const source = `sysfs:${CURVE_FILE}`;
  const fixed = files.state(
    "fan_pct",
    [CURVE_FILE],
    {
      value: !own && speeds.size === 1 ? flat ?? null : null,
      value_absent: own || speeds.size > 1 ? "the fan follows the temperature" : null,
      range: { ...fan_pct, step: 1 },
      source,
      note: "a flat curve: the driver knows no fixed speed",
    },
    refused,
  );
  return [
    fixed,
    files.state("fan_curve", [CURVE_FILE], {
      value: own ? "firmware" : formatCurve(points),
      default: "firmware",
      source,
      note: `${points.length} points, ${temperature_c.min} to ${temperature_c.max} °C, ` +
        `${fan_pct.min} to ${fan_pct.max} %`,
    }, refused),
  ];
}

function valueState(
  files: ControlFiles,
  id: SettingId,
  file: string,
  refused: string | undefined,
): SettingState {
  const parsed = parseFanValue(files.text(file) ?? "");
  return files.state(id, [file], {
    value: parsed?.value ?? null,
    value_absent: parsed === undefined ? files.whyNot(file, "value with a range") : null,
    range: parsed === undefined ? null : { min: parsed.min, max: parsed.max, step: 1 },
    source: `sysfs:${file}`,
  }, refused ?? (parsed === undefined ? files.whyNot(file, "value with a range") : undefined));
}

/** The points to become, `firmware` for a reset; undefined where the curve stays. */
function wantedCurve(
  curve: FanCurve,
  changes: ReadonlyMap<SettingId, { kind: string; value?: unknown }>,
): CurvePoint[] | "firmware" | undefined {
  const [fixed, points] = [changes.get("fan_pct"), changes.get("fan_curve")];
  if (fixed?.kind === "set" && points?.kind === "set") {
    throw new ControlError("a fan has a fixed speed or a curve: set one of them");
  }
  if (points?.kind === "set") return checkCurve(curve, parseCurve(String(points.value)));
  if (fixed?.kind === "set") {
    return flatCurve(Number(fixed.value), curve.points.length, curve.temperature_c);
  }
  return fixed !== undefined || points !== undefined ? "firmware" : undefined;
}

function checkCurve(curve: FanCurve, points: CurvePoint[]): CurvePoint[] {
  if (points.length !== curve.points.length) {
    throw new ControlError(
      `fan curve: ${points.length} points, and this GPU has ${curve.points.length}`,
    );
  }
  const { temperature_c: t, fan_pct: p } = curve;
  for (const { temperature_c, fan_pct } of points) {
    if (temperature_c < t.min || temperature_c > t.max || fan_pct < p.min || fan_pct > p.max) {
      throw new ControlError(
        `fan curve: ${temperature_c}:${fan_pct} is outside of what the driver takes: ` +
          `${t.min} to ${t.max} °C, ${p.min} to ${p.max} %`,
      );
    }
  }
  return points;
}

function curveSteps(path: string, curve: FanCurve, wanted: CurvePoint[] | "firmware"): Step[] {
  const write = (text: string) => ({ kind: "write" as const, path, text });
  const point = (at: CurvePoint, i: number) => `${i} ${at.temperature_c} ${at.fan_pct}`;
  const own = isFirmwareCurve(curve.points);
  if (wanted === "firmware") {
    if (own) return [];
    const undo = [...curve.points.map(point), "c"].map(write);
    return [step({ action: write("r"), undo })];
  }
  const steps = wanted.flatMap((at, i) => {
    const now = curve.points[i];
    if (now === undefined || point(now, i) === point(at, i)) return [];
    return [step({
      action: write(point(at, i)),
      query: { kind: "file", path, pick: { curvePoint: i } },
      previous: `${now.temperature_c} ${now.fan_pct}`,
      expected: `${at.temperature_c} ${at.fan_pct}`,
      // Zeros stand for the firmware's curve, and cannot be written.
      undo: own ? [write("r")] : [write(point(now, i)), write("c")],
    })];
  });
  return steps.length === 0 ? [] : [...steps, step({ action: write("c") })];
}

function valueSteps(files: ControlFiles, file: string, value: number | undefined): Step[] {
  const path = files.path(file);
  const now = parseFanValue(files.text(file) ?? "")?.value;
  const write = (text: string) => ({ kind: "write" as const, path, text });
  const back = now === undefined ? [] : [write(String(now)), write("c")];
  if (value === undefined) return [step({ action: write("r"), undo: back })];
  return present([
    value === now ? undefined : step({
      action: write(String(value)),
      query: { kind: "file", path, pick: "fan value" },
      previous: now === undefined ? null : String(now),
      expected: String(value),
      undo: back,
    }),
    value === now ? undefined : step({ action: write("c") }),
  ]);
}
