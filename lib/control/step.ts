/**
 * The single steps of a change: what is written or called, how it is read back, how it is taken back.
 * Plain data that a journal can keep, without I/O.
 *
 * @module
 */

import type { PciAddress } from "../gpu/pci_address.ts";
import { type Pick, pickValue } from "./pick.ts";

/** The functions of NVML that change a setting. */
export type NvmlSetter =
  | "nvmlDeviceSetPowerManagementLimit"
  | "nvmlDeviceSetGpuLockedClocks"
  | "nvmlDeviceResetGpuLockedClocks"
  | "nvmlDeviceSetMemoryLockedClocks"
  | "nvmlDeviceResetMemoryLockedClocks"
  | "nvmlDeviceSetFanSpeed_v2"
  | "nvmlDeviceSetDefaultFanSpeed_v2";

/** The functions of NVML by which they are read back. */
export type NvmlGetter =
  | "nvmlDeviceGetPowerManagementLimit"
  | "nvmlDeviceGetFanControlPolicy_v2"
  | "nvmlDeviceGetTargetFanSpeed";

/** One write to a file, or one call of a library. */
export type Action =
  | { readonly kind: "write"; readonly path: string; readonly text: string }
  | {
    readonly kind: "call";
    readonly call: NvmlSetter;
    readonly gpu: PciAddress;
    readonly args: readonly number[];
  };

/** How a value is read back. */
export type Query =
  | { readonly kind: "file"; readonly path: string; readonly pick: Pick }
  | {
    readonly kind: "call";
    readonly call: NvmlGetter;
    readonly gpu: PciAddress;
    readonly args: readonly number[];
  };

/** One step. */
export interface Step {
  readonly action: Action;
  /** Reads what the step changes; null where the driver does not show it. */
  readonly query: Query | null;
  /** What the query gave before; null where there is none, or it gave nothing. */
  readonly previous: string | null;
  /** What the query must give afterwards; null where that is not judged. */
  readonly expected: string | null;
  /** By how much a number may differ from what is expected. */
  readonly tolerance: number;
  /** What brings the previous value back, in order. Empty where another step's undoing does it. */
  readonly undo: readonly Action[];
  /** What a person should know about it. */
  readonly note: string | null;
}

/** A step with what most steps have. */
export function step(
  fields: { readonly action: Action } & Partial<Step>,
): Step {
  return {
    query: null,
    previous: null,
    expected: null,
    tolerance: 0,
    undo: [],
    note: null,
    ...fields,
  };
}

/** What is written to one file and read back from the same file. */
export interface FileChange {
  readonly path: string;
  /** The whole text of the file now. */
  readonly now: string;
  /** What is written. */
  readonly text: string;
  readonly pick?: Pick;
  /** What the pick must give afterwards: `text`, where it is left out. */
  readonly expected?: string;
  /** What is written to get the previous value back: that value, where it is left out. */
  readonly undo?: readonly string[];
  readonly tolerance?: number;
  readonly note?: string;
}

/**
 * The step of a {@linkcode FileChange}; undefined where the file has that value already.
 */
export function writeStep(change: FileChange): Step | undefined {
  const { path, now, text, pick = "text" } = change;
  const previous = pickValue(now, pick) ?? null;
  const expected = change.expected ?? text;
  if (previous === expected) return undefined;
  const undo = change.undo ?? (previous === null ? [] : [previous]);
  return step({
    action: { kind: "write", path, text },
    query: { kind: "file", path, pick },
    previous,
    expected,
    tolerance: change.tolerance ?? 0,
    undo: undo.map((back) => ({ kind: "write", path, text: back })),
    note: change.note ?? null,
  });
}

/** Whether a value that was read is the one meant. */
export function sameValue(read: string | undefined, meant: string | null, tolerance = 0): boolean {
  if (read === undefined || meant === null) return false;
  if (read === meant) return true;
  const [a, b] = [Number(read), Number(meant)];
  return tolerance > 0 && read !== "" && Math.abs(a - b) <= tolerance;
}

/** One line: `write /sys/…/power1_cap "215000000"`, `call nvmlDeviceSetFanSpeed_v2(0000:06:00.0, 0, 60)`. */
export function describeAction(action: Action): string {
  return action.kind === "write"
    ? `write ${action.path} ${JSON.stringify(action.text)}`
    : `call ${action.call}(${[action.gpu, ...action.args].join(", ")})`;
}

/** One line of where a value is read: the file, or the call. */
export function describeQuery(query: Query): string {
  return query.kind === "file"
    ? query.path
    : `${query.call}(${[query.gpu, ...query.args].join(", ")})`;
}

/** Whether two queries read the same value. */
export function sameQuery(a: Query | null, b: Query | null): boolean {
  return a !== null && b !== null && JSON.stringify(a) === JSON.stringify(b);
}
