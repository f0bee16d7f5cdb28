/**
 * Judging our reading between two of nvidia-smi's. Pure.
 *
 * @module
 */

import { parsePciAddress } from "../../lib/gpu/pci_address.ts";
import type { GpuSample } from "../../lib/telemetry/metrics.ts";
import type { GpuProcess } from "../../lib/telemetry/process.ts";
import { SMI_FIELDS, SMI_TEXTS, smiNumber } from "./nvidia_smi.ts";

/** A row of nvidia-smi: cells by field. */
export type SmiRow = ReadonlyMap<string, string>;

/** One comparison. */
export interface Judged {
  gpu: string;
  what: string;
  ours: string;
  theirs: string;
  /** Null where there is nothing to compare: neither has it, or nvidia-smi alone has not. */
  ok: boolean | null;
  /** Whether one that fits among several readings is enough. */
  changes: boolean;
  why: string;
}

/** What one reading of ours is compared with. */
export interface Bracket {
  before: readonly SmiRow[];
  after: readonly SmiRow[];
}

/** The row of a GPU, by its PCI address. */
export function rowOf(rows: readonly SmiRow[], id: string): SmiRow | undefined {
  return rows.find((row) => `pci:${parsePciAddress(row.get("pci.bus_id") ?? "")}` === id);
}

/** Judges all metrics of one GPU. */
export function judgeGpu(sample: GpuSample, { before, after }: Bracket): Judged[] {
  const first = rowOf(before, sample.id), last = rowOf(after, sample.id);
  if (first === undefined || last === undefined) {
    const why = "nvidia-smi does not show this GPU";
    return [{
      gpu: sample.id,
      what: "-",
      ours: sample.state,
      theirs: "-",
      ok: false,
      changes: false,
      why,
    }];
  }
  const numbers = SMI_FIELDS.filter(({ field }) => first.has(field)).map((entry): Judged => {
    const { metric, field, scale, step, changes } = entry;
    const value = sample[metric];
    const ours = typeof value === "number" ? value / scale : null;
    const [low, high] = [smiNumber(first.get(field)), smiNumber(last.get(field))];
    const judged = {
      gpu: sample.id,
      what: metric,
      ours: ours === null ? "null" : String(Math.round(ours * 1000) / 1000),
      theirs: low === high ? first.get(field) ?? "" : `${first.get(field)}..${last.get(field)}`,
      changes,
    };
    if (low === null || high === null) {
      const both = ours === null;
      return { ...judged, ok: null, why: both ? "" : "nvidia-smi has none" };
    }
    if (ours === null) return { ...judged, ok: false, why: sample.absent[metric] ?? "no reason" };
    const slack = step + (changes ? Math.abs(high - low) : 0);
    // A double of 0.01 is not 0.01.
    const within = ours >= Math.min(low, high) - slack - 1e-9 &&
      ours <= Math.max(low, high) + slack + 1e-9;
    return { ...judged, ok: within, why: within ? "" : `differs by more than ${slack}` };
  });
  return [...numbers, ...judgeTexts(sample, first, last)];
}

function judgeTexts(sample: GpuSample, first: SmiRow, last: SmiRow): Judged[] {
  return SMI_TEXTS.filter(({ field }) => first.has(field)).map(({ metric, field, read }) => {
    const value = sample[metric];
    const ours = Array.isArray(value) ? value.join("+") || "none" : value;
    const cells = [first.get(field) ?? "", last.get(field) ?? ""];
    const known = cells.every((cell) => cell !== "" && !cell.startsWith("["));
    const theirs = known ? cells.map(read) : cells;
    return {
      gpu: sample.id,
      what: metric,
      ours: ours ?? "null",
      theirs: [...new Set(theirs)].join(".."),
      changes: true,
      ok: known ? ours !== null && theirs.includes(ours) : null,
      why: known && ours === null ? sample.absent[metric] ?? "no reason" : "",
    };
  });
}

/**
 * Judges the memory of the programs that compute: a program is on nvidia-smi's list before and after, or it
 * is passed over.
 *
 * @param before rows of `--query-compute-apps=gpu_bus_id,pid,used_memory`.
 */
export function judgeProcesses(
  processes: readonly GpuProcess[],
  { before, after }: Bracket,
): Judged[] {
  const key = (row: SmiRow) =>
    `pci:${parsePciAddress(row.get("gpu_bus_id") ?? "")} ${row.get("pid")}`;
  const later = new Map(after.map((row) => [key(row), row]));
  return before.flatMap((row): Judged[] => {
    const [gpu = "", pid = ""] = key(row).split(" ");
    const other = later.get(key(row));
    if (other === undefined) return [];
    const found = processes.find((each) => each.gpu === gpu && String(each.pid) === pid);
    const bytes = found?.vram_bytes ?? null;
    const cells = [row.get("used_memory") ?? "", other.get("used_memory") ?? ""];
    const [low, high] = cells.map(smiNumber);
    const ours = bytes === null ? null : bytes / 1048576;
    const judged = {
      gpu,
      what: `pid ${pid}`,
      ours: ours === null ? "null" : String(Math.round(ours * 10) / 10),
      theirs: [...new Set(cells)].join(".."),
      changes: true,
    };
    if (low === null || low === undefined || high === null || high === undefined) {
      return [{ ...judged, ok: null, why: "" }];
    }
    if (ours === null) {
      return [{ ...judged, ok: false, why: found ? "no memory of it" : "not on our list" }];
    }
    const slack = 1 + Math.abs(high - low);
    const within = ours >= Math.min(low, high) - slack && ours <= Math.max(low, high) + slack;
    return [{ ...judged, ok: within, why: within ? "" : `differs by more than ${slack} MiB` }];
  });
}

/**
 * The verdict over several readings: what stands still has to fit in each, what changes in one of them. The
 * row that is shown is the last that decided.
 */
export function overall(rounds: readonly (readonly Judged[])[]): Judged[] {
  const verdicts = new Map<string, Judged>();
  for (const judged of rounds.flat()) {
    const key = `${judged.gpu} ${judged.what}`;
    const known = verdicts.get(key);
    const decided = known !== undefined && known.ok !== null &&
      (judged.ok === null || (judged.changes ? known.ok : !known.ok));
    if (!decided) verdicts.set(key, judged);
  }
  return [...verdicts.values()];
}
