/**
 * An entry of the journal: one change that was made, or was being made, and how to take it back.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import type { ControlClock } from "./clock.ts";
import type { PlannedChange } from "./plan.ts";
import { type SettingGroup, SETTINGS } from "./setting.ts";
import type { Step } from "./step.ts";

/** Name of the format. */
export const ENTRY_SCHEMA = "mvgal.control-entry/1";

/** When a change ends. */
export interface Deadline {
  /** Seconds since boot. */
  uptime_s: number;
  /** The same by the clock on the wall, for people: ISO 8601. */
  wall: string;
}

/** One change of one GPU's settings of one group. */
export interface JournalEntry {
  schema: typeof ENTRY_SCHEMA;
  gpu: GpuId;
  group: SettingGroup;
  changes: readonly PlannedChange[];
  steps: readonly Step[];
  /** How many steps were begun: the others cannot have had an effect. */
  started: number;
  /** Whether all steps were made and read back. */
  applied: boolean;
  /** Whether it stays: nobody takes it back by himself. The entry keeps the previous values. */
  confirmed: boolean;
  /** When it is taken back, unless it is confirmed; null while it is being made. */
  deadline: Deadline | null;
  boot_id: string;
  /** Who made it. */
  writer: { pid: number; start_time: string };
  /** Why it could not be taken back when that was tried last. */
  failure: string | null;
  /**
   * Whether it lasts no longer than the process that made it, which renews its deadline: see `hold.ts`. Absent
   * in entries of changes that persons make.
   */
  held?: boolean;
}

/** A deadline this many seconds from now. */
export function deadlineIn(clock: ControlClock, seconds: number): Deadline {
  return {
    uptime_s: clock.uptime() + seconds,
    wall: new Date(clock.wall() + seconds * 1000).toISOString(),
  };
}

/** What is to become of an entry. */
export type EntryFate =
  /** It stays as it is: confirmed, or not due yet, or being made by a process that lives. */
  | "keep"
  /** It is due, or who made it died over it. */
  | "revert"
  /** The host was started again since, and the driver's settings are gone. */
  | "forget";

/** Decides what is to become of an entry now. */
export function fateOf(entry: JournalEntry, clock: ControlClock): EntryFate {
  if (entry.boot_id !== clock.bootId()) return "forget";
  if (entry.confirmed) return "keep";
  const { pid, start_time } = entry.writer;
  const alive = () => clock.startTime(pid) === start_time;
  if (!entry.applied) return alive() ? "keep" : "revert";
  if (entry.held === true && !alive()) return "revert";
  return entry.deadline === null || clock.uptime() >= entry.deadline.uptime_s ? "revert" : "keep";
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads an entry as it was written.
 *
 * @returns undefined for anything else: a file that was cut short, or of another version.
 */
export function parseEntry(text: string): JournalEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.schema !== ENTRY_SCHEMA) return undefined;
  const { gpu, group, steps, changes, started, writer, deadline } = value;
  const sound = typeof gpu === "string" && typeof group === "string" &&
    Object.values(SETTINGS).some((setting) => setting.group === group) &&
    Array.isArray(changes) && Array.isArray(steps) && steps.every(isStep) &&
    typeof started === "number" && typeof value.boot_id === "string" &&
    typeof value.applied === "boolean" && typeof value.confirmed === "boolean" &&
    isObject(writer) && typeof writer.pid === "number" &&
    (deadline === null || (isObject(deadline) && typeof deadline.uptime_s === "number")) &&
    (value.held === undefined || typeof value.held === "boolean");
  return sound ? value as unknown as JournalEntry : undefined;
}

function isStep(value: unknown): boolean {
  return isObject(value) && isAction(value.action) && Array.isArray(value.undo) &&
    value.undo.every(isAction) && (value.query === null || isObject(value.query));
}

function isAction(value: unknown): boolean {
  return isObject(value) &&
    (value.kind === "write"
      ? typeof value.path === "string" && typeof value.text === "string"
      : value.kind === "call" && typeof value.call === "string" && typeof value.gpu === "string" &&
        Array.isArray(value.args));
}
