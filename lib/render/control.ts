/**
 * Settings as text for people.
 *
 * @module
 */

import type { ParkReport } from "../control/awake.ts";
import { formatValue, type SettingGroup, SETTINGS, type SettingState } from "../control/setting.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { vendorTitle } from "../gpu/vendor.ts";
import type { Style } from "./style.ts";
import { labelled, printable } from "./text.ts";

/** The settings of one GPU that are shown. */
export interface ShownSettings {
  gpu: Pick<Gpu, "id" | "index" | "name" | "vendor">;
  settings: readonly SettingState[];
  /** Why the group has no setting. */
  absent: string | null;
  /** Changes that will be taken back, one line each. */
  pending: readonly string[];
  park: ParkReport | null;
}

const LABEL_WIDTH = 24;

function limits(state: SettingState): string | undefined {
  if (state.range !== null) {
    return `${state.range.min} to ${formatValue(state.id, state.range.max)}`;
  }
  return state.choices === null ? undefined : `one of ${state.choices.join(", ")}`;
}

/** One setting in one line: `260 W (0 to 390 W, default 260 W)`. */
function settingLine(state: SettingState): string {
  const value = state.value === null
    ? `unknown: ${state.value_absent ?? "no reason given"}`
    : formatValue(state.id, state.value);
  const facts = [
    limits(state),
    state.default === null ? undefined : `default ${formatValue(state.id, state.default)}`,
    state.note ?? undefined,
    state.why_not === null || state.why_not === state.value_absent
      ? undefined
      : `cannot be set: ${state.why_not}`,
  ].filter((fact) => fact !== undefined);
  return printable(facts.length === 0 ? value : `${value} (${facts.join("; ")})`);
}

function parkLines(park: ParkReport, columns: number): string[] {
  const line = (label: string, text: string) =>
    labelled(label, printable(text), { labelWidth: LABEL_WIDTH, columns });
  const seconds = (ms: number | null) => ms === null ? "unknown" : `${(ms / 1000).toFixed(1)} s`;
  return [
    ...line("State", park.power_state ?? "unknown: the kernel does not tell"),
    ...line(
      "Has slept for",
      `${seconds(park.suspended_ms)}, was awake for ${seconds(park.active_ms)}`,
    ),
    ...park.kept_awake_by.flatMap((why, i) => line(i === 0 ? "Kept awake by" : "", why)),
    ...(park.partial === null ? [] : line("Not looked at", park.partial)),
  ];
}

/** A block a GPU. */
export function renderSettings(
  group: SettingGroup,
  shown: readonly ShownSettings[],
  { style, columns }: { style: Style; columns: number },
): string {
  if (shown.length === 0) return "No GPU found.\n";
  return shown.map(({ gpu, settings, absent, pending, park }) => {
    const name = gpu.name === null ? `${vendorTitle(gpu.vendor)} device` : printable(gpu.name);
    const line = (label: string, text: string) =>
      labelled(label, text, { labelWidth: LABEL_WIDTH, columns });
    return [
      `${style.bold(`GPU ${gpu.index}: ${name}`)}  ${gpu.id}`,
      ...(park === null ? [] : parkLines(park, columns)),
      ...settings.flatMap((state) => line(SETTINGS[state.id].label, settingLine(state))),
      ...(settings.length > 0
        ? []
        : line("No settings", printable(absent ?? `its driver has no ${group} settings`))),
      ...pending.flatMap((text) => line("To be taken back", printable(text))),
    ].join("\n");
  }).join("\n\n") + "\n";
}
