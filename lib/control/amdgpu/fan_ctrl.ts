/**
 * amdgpu's `gpu_od/fan_ctrl`, from RDNA3 on.
 *
 * Source: `Documentation/gpu/amdgpu/thermal.rst` of the kernel and `amdgpu_pm.c`.
 *
 * @module
 */

import type { CurvePoint } from "../setting.ts";

/** `fan_curve`. */
export interface FanCurve {
  points: CurvePoint[];
  temperature_c: { min: number; max: number };
  fan_pct: { min: number; max: number };
}

/** Parses `fan_curve`; undefined where it has no points or no ranges. */
export function parseFanCurve(text: string): FanCurve | undefined {
  const points: CurvePoint[] = [];
  for (const match of text.matchAll(/^(\d{1,2}): (\d{1,3})C (\d{1,3})%$/gm)) {
    // Points are addressed by their number: a gap would shift them.
    if (Number(match[1]) !== points.length) return undefined;
    points.push({ temperature_c: Number(match[2]), fan_pct: Number(match[3]) });
  }
  const range = (name: string, unit: string) => {
    const match = new RegExp(
      `^FAN_CURVE\\(${name}\\): (\\d{1,3})${unit} (\\d{1,3})${unit}$`,
      "m",
    ).exec(text);
    return match === null ? undefined : { min: Number(match[1]), max: Number(match[2]) };
  };
  const [temperature, speed] = [range("hotspot temp", "C"), range("fan speed", "%")];
  if (points.length === 0 || temperature === undefined || speed === undefined) return undefined;
  return { points, temperature_c: temperature, fan_pct: speed };
}

/** Whether the points are the zeros that stand for the firmware's own curve. */
export function isFirmwareCurve(points: readonly CurvePoint[]): boolean {
  return points.every(({ temperature_c, fan_pct }) => temperature_c === 0 && fan_pct === 0);
}

/** A file with one value: `fan_target_temperature`, `acoustic_limit_rpm_threshold`, …. */
export interface FanValue {
  value: number;
  min: number;
  max: number;
}

/** Parses such a file; undefined where it has no value or no range. */
export function parseFanValue(text: string): FanValue | undefined {
  const value = /^[A-Z_]+:\n(\d{1,6})$/m.exec(text)?.[1];
  const range = /^OD_RANGE:\n[A-Z_]+: (\d{1,6}) (\d{1,6})$/m.exec(text);
  if (value === undefined || range === null) return undefined;
  return { value: Number(value), min: Number(range[1]), max: Number(range[2]) };
}

/**
 * A curve that is the same speed everywhere: the driver knows no fixed speed.
 *
 * @param count points that the driver has.
 */
export function flatCurve(
  percent: number,
  count: number,
  { min, max }: { min: number; max: number },
): CurvePoint[] {
  return Array.from({ length: count }, (_, i) => ({
    temperature_c: Math.round(min + ((max - min) * i) / Math.max(1, count - 1)),
    fan_pct: percent,
  }));
}
