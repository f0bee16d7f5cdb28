/**
 * A fan by hwmon: `pwm1_enable` says who drives it, `pwm1` how fast.
 *
 * Source: the kernel's `Documentation/hwmon/sysfs-interface.rst`. amdgpu and radeon take 1 (by hand) and 2
 * (automatic), and refuse `pwm1` while it is automatic; nouveau's `pwm1` is in per cent.
 *
 * @module
 */

import type { ControlFiles } from "./files.ts";
import { present } from "./files.ts";
import { step, writeStep } from "./step.ts";
import { type ControlSurface, numberOf } from "./surface.ts";

const BY_HAND = "1";
const AUTOMATIC = "2";

/** Highest value of `pwm1`. */
const FULL: Readonly<Record<string, number>> = { amdgpu: 255, radeon: 255, nouveau: 100 };

/** The fan of a driver that has both files. */
export function hwmonFan(
  files: ControlFiles,
  driver: "amdgpu" | "radeon" | "nouveau",
): ControlSurface {
  const full = FULL[driver] ?? 255;
  const speedFile = `${files.hwmon}/pwm1`, modeFile = `${files.hwmon}/pwm1_enable`;
  const mode = files.text(modeFile);
  const told = files.integer(speedFile);
  // What is beyond the scale is no speed, and could not be put back.
  const raw = told !== undefined && told >= 0 && told <= full ? told : undefined;
  const state = files.state("fan_pct", [modeFile, speedFile], {
    value: raw === undefined ? null : Math.round((raw * 100) / full),
    value_absent: raw !== undefined
      ? null
      : told !== undefined
      ? `pwm1 says ${told}, of 0 to ${full}`
      : files.whyNot(speedFile, "speed"),
    range: { min: 0, max: 100, step: 1 },
    source: "hwmon:pwm1",
    note: mode === BY_HAND
      ? "set by hand: it does not follow the temperature"
      : mode === AUTOMATIC
      ? "automatic"
      : `pwm1_enable is ${mode ?? "unreadable"}`,
  }, mode === undefined ? files.whyNot(modeFile, "mode") : undefined);
  const modePath = files.path(modeFile), speedPath = files.path(speedFile);
  return {
    settings: [state],
    absent: {},
    plan(changes) {
      const percent = numberOf(changes, "fan_pct");
      const toMode = (text: string) => writeStep({ path: modePath, now: mode ?? "", text });
      if (percent === undefined) {
        const before = raw === undefined ? [] : [String(raw)];
        const reset = toMode(AUTOMATIC);
        if (reset === undefined || mode !== BY_HAND) return present([reset]);
        // Going back is by hand at the speed from before.
        const undo = before.map((text) => ({ kind: "write" as const, path: speedPath, text }));
        return [{ ...reset, undo: [...reset.undo, ...undo] }];
      }
      const value = String(Math.round((percent * full) / 100));
      return present([
        toMode(BY_HAND),
        step({
          action: { kind: "write", path: speedPath, text: value },
          // Automatic speeds come back with the mode, which is taken back after this.
          undo: mode === BY_HAND && raw !== undefined
            ? [{ kind: "write", path: speedPath, text: String(raw) }]
            : [],
          note: "pwm1 shows what the fan does, which follows in seconds: not read back",
        }),
      ]);
    },
  };
}
