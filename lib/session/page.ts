/**
 * Reading a page that nobody trusts: any bytes give a page, or why they are none.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import type { StrategyName } from "../schedule/strategies.ts";
import { RecordView } from "./fixed_layout.ts";
import {
  GPU_ROWS,
  LAYOUT_VERSION,
  PAGE,
  PAGE_MAGIC,
  POLICY,
  REASON_ROWS,
  STRATEGY_NUMBERS,
} from "./layout.ts";
import { decodePolicy, POLICY_OFFSET, type PolicyReading } from "./policy.ts";

/** Size of a page, in bytes. */
export const PAGE_BYTES: number = PAGE.size;

/** What a shim counted of one GPU. Numbers are null where the page holds an impossible one. */
export interface GpuCounters {
  gpu: GpuId;
  /** Allocated now, and at most. */
  bytes_now: number | null;
  bytes_peak: number | null;
  bytes_copied: number | null;
  launches: number | null;
  splits: number | null;
  busy_ns: number | null;
}

/** A page. */
export interface SessionPage {
  /** As the program sees itself: in a container, another than the host's. */
  pid: number;
  /** Field 22 of `/proc/PID/stat`: clock ticks since boot. */
  start_time: string;
  /** When the page was made: milliseconds since 1970; null where that is no time. */
  began: number | null;
  /** Which shim. */
  api: string;
  /** Name of the program; null where the shim did not know it. */
  command: string | null;
  /** What the program's environment asks for; null where it asks for nothing. */
  asked: { strategy: StrategyName | null; mask: bigint | null; gpus: string | null };
  /** Generation of the policy that the shim obeys; null where it obeys none. */
  policy_seen: bigint | null;
  policy: PolicyReading;
  counters: GpuCounters[];
  /** Kernels that ran whole and in parts, on GPUs or not, where the shim counts these. */
  kernels: { whole: number | null; parted: number | null };
  /** Why work ran whole, and how often. */
  whole: { reason: string; count: number }[];
  /** What the shim could not note: see `STATUS` of the layout. */
  lost: { policies: number | null; reasons: number | null; gpus: number | null };
}

/** What bytes are. */
export type PageReading =
  | { state: "page"; page: SessionPage }
  | { state: "none"; reason: string };

/** Which a row may be in (`state` of counters and reasons). */
const FILLED = 2;

/** Which words shims name themselves by. */
const API = /^[a-z][a-z0-9_]{0,14}$/;

/** The last millisecond that JavaScript's `Date` knows. */
const LAST_MS = 8.64e15;

/** A count: what a double holds exactly. More than 2^53 of anything is scribbled. */
function countOf(value: bigint): number | null {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null;
}

function countersOf(view: RecordView): GpuCounters[] {
  const counters = new Map<GpuId, GpuCounters>();
  for (let i = 0; i < GPU_ROWS; i++) {
    const row = view.at("counters", i);
    if (row.u32("state") !== FILLED) continue;
    const gpu = row.text("id");
    if (gpu === undefined || gpu === "" || counters.has(gpu)) continue;
    const count = (name: string) => countOf(row.u64(name));
    counters.set(gpu, {
      gpu,
      bytes_now: count("bytes_now"),
      bytes_peak: count("bytes_peak"),
      bytes_copied: count("bytes_copied"),
      launches: count("launches"),
      splits: count("splits"),
      busy_ns: count("busy_ns"),
    });
  }
  return [...counters.values()];
}

function reasonsOf(view: RecordView): SessionPage["whole"] {
  const reasons = new Map<string, number>();
  for (let i = 0; i < REASON_ROWS; i++) {
    const row = view.at("reasons", i);
    if (row.u32("state") !== FILLED) continue;
    const reason = row.text("text");
    const count = countOf(row.u64("count"));
    if (reason === undefined || reason === "") continue;
    if (count === null || count === 0) continue;
    // Two threads that ran whole for the same reason at once may have taken a row each.
    reasons.set(reason, Math.min((reasons.get(reason) ?? 0) + count, Number.MAX_SAFE_INTEGER));
  }
  return Array.from(reasons, ([reason, count]) => ({ reason, count }));
}

/**
 * Parses the bytes of a page. Total: it never throws, and what it gives is bounded by the layout, not by
 * what the bytes say.
 */
export function parsePage(bytes: Uint8Array<ArrayBuffer>): PageReading {
  const none = (reason: string): PageReading => ({ state: "none", reason });
  if (bytes.length !== PAGE_BYTES) {
    return none(`it has ${bytes.length} bytes, not ${PAGE_BYTES}`);
  }
  const view = new RecordView(PAGE, bytes);
  const header = view.at("header");
  if (header.u64("magic") !== PAGE_MAGIC) return none("it does not begin as a page does");
  const version = header.u32("layout_version");
  if (version !== LAYOUT_VERSION) {
    return none(`its layout is ${version}, and this mvgal knows ${LAYOUT_VERSION}`);
  }
  if (header.u32("page_bytes") !== PAGE_BYTES) {
    return none(`it says that it has ${header.u32("page_bytes")} bytes`);
  }
  const pid = header.u32("pid");
  if (pid === 0 || pid > 0x7fff_ffff) return none(`${pid} is no process id`);
  const api = header.text("api");
  if (api === undefined || !API.test(api)) return none("it does not say which shim made it");
  const command = header.text("command");
  const began = Number(header.u64("began_ns") / 1_000_000n);
  const mask = header.u64("asked_mask");
  const asked = header.text("asked_gpus");
  const status = view.at("status");
  const seen = status.u64("policy_seen");
  const page: SessionPage = {
    pid,
    start_time: String(header.u64("start_time")),
    began: began > 0 && began <= LAST_MS ? began : null,
    api,
    command: command === undefined || command === "" ? null : command,
    asked: {
      strategy: STRATEGY_NUMBERS[header.u32("asked_strategy") - 1] ?? null,
      mask: mask === 0n ? null : mask,
      gpus: asked === undefined || asked === "" ? null : asked,
    },
    policy_seen: seen === 0n ? null : seen,
    policy: decodePolicy(bytes.slice(POLICY_OFFSET, POLICY_OFFSET + POLICY.size)),
    counters: countersOf(view),
    kernels: { whole: countOf(status.u64("whole")), parted: countOf(status.u64("parted")) },
    whole: reasonsOf(view),
    lost: {
      policies: countOf(status.u64("policy_refused")),
      reasons: countOf(status.u64("reasons_lost")),
      gpus: countOf(status.u64("gpus_lost")),
    },
  };
  return { state: "page", page };
}
