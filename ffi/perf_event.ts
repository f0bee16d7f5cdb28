/**
 * Counters of the kernel's performance monitoring units, by `perf_event_open(2)`.
 *
 * ABI: `struct perf_event_attr` of `linux/perf_event.h` up to its first published size
 * (`PERF_ATTR_SIZE_VER0`), which every kernel since 2.6.31 takes.
 *
 * @module
 */

import { openLibrary } from "./library.ts";
import { encode, structure } from "./struct.ts";

const SYMBOLS = {
  syscall: { parameters: ["i64", "buffer", "i32", "i32", "i32", "u64"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** Number of `perf_event_open`, by architecture (`asm/unistd_64.h`, `asm-generic/unistd.h`). */
const PERF_EVENT_OPEN: Record<typeof Deno.build.arch, bigint> = { x86_64: 298n, aarch64: 241n };

const PERF_FORMAT_TOTAL_TIME_ENABLED = 1n;
const PERF_FORMAT_GROUP = 8n;
const PERF_FLAG_FD_CLOEXEC = 8n;

/** The first 64 bytes of `perf_event_attr`. */
const AttrLayout = structure("perf_event_attr", [
  { name: "type", type: "u32" },
  { name: "size", type: "u32" },
  { name: "config", type: "u64" },
  { name: "sample_period", type: "u64" },
  { name: "sample_type", type: "u64" },
  { name: "read_format", type: "u64" },
  { name: "flags", type: "u64" },
  { name: "wakeup_events", type: "u32" },
  { name: "bp_type", type: "u32" },
  { name: "bp_addr", type: "u64" },
]);

/** What `errno` means here, in one line, by its number (`asm-generic/errno-base.h`). */
const REASONS: Readonly<Record<number, string>> = {
  1: "not permitted (EPERM): needs CAP_PERFMON, or kernel.perf_event_paranoid of 0 or less",
  2: "no such event (ENOENT)",
  13: "not permitted (EACCES): needs CAP_PERFMON, or kernel.perf_event_paranoid of 0 or less",
  19: "the unit does not count on that processor, or is gone (ENODEV)",
  22: "the event was refused (EINVAL)",
  24: "too many open files (EMFILE)",
  38: "this kernel has no perf events (ENOSYS)",
};

/** What a group of counters says at one time. */
export interface CounterValues {
  /** For how long the group has counted, in nanoseconds. */
  enabled_ns: number;
  /** One for each counter, in the order of {@linkcode openCounterGroup}. */
  values: number[];
}

/** Counters that are read at once. Dispose it to close them. */
export interface CounterGroup extends Disposable {
  /** Reads all of them; undefined where the unit is gone. */
  read(): CounterValues | undefined;
}

/** Why a counter could not be opened. */
export interface CounterRefusal {
  /** Place in `configs`. */
  counter: number;
  /** `errno`. */
  code: number;
  /** One line: what the kernel said, and which right would help. */
  reason: string;
}

/**
 * Opens counters of one unit that count for all processes.
 *
 * @param type number of the unit: `/sys/bus/event_source/devices/NAME/type`.
 * @param configs what each counts, in the unit's own terms: the value of `config`.
 * @param cpu the processor on which they count: one of the unit's `cpumask`.
 */
export function openCounterGroup(
  type: number,
  configs: readonly bigint[],
  cpu: number,
): CounterGroup | CounterRefusal {
  const opened = openLibrary(["libc.so.6"], SYMBOLS, { resident: true });
  if (opened.state === "absent") {
    return { counter: 0, code: 38, reason: `the C library: ${opened.reason}` };
  }
  const { syscall, read, close, __errno_location } = opened.library.symbols;
  const errno = () => {
    const location = __errno_location();
    return location === null ? 0 : new Deno.UnsafePointerView(location).getInt32();
  };
  const fds: number[] = [];
  const closeAll = () => fds.splice(0).forEach((fd) => close(fd));
  for (const [counter, config] of configs.entries()) {
    const attr = encode(AttrLayout, {
      type,
      size: AttrLayout.size,
      config,
      read_format: PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_GROUP,
    });
    const number = PERF_EVENT_OPEN[Deno.build.arch];
    const fd = syscall(number, attr.bytes, -1, cpu, fds[0] ?? -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0) {
      const code = errno();
      closeAll();
      return { counter, code, reason: REASONS[code] ?? `perf_event_open: errno ${code}` };
    }
    fds.push(fd);
  }
  // struct read_format: nr, time_enabled, nr values.
  const words = new BigUint64Array(2 + configs.length);
  const bytes = new Uint8Array(words.buffer);
  return {
    read() {
      const [leader] = fds;
      if (leader === undefined) return undefined;
      if (read(leader, bytes, BigInt(bytes.length)) !== bytes.length) return undefined;
      return { enabled_ns: Number(words[1]), values: Array.from(words.subarray(2), Number) };
    },
    [Symbol.dispose]: closeAll,
  };
}
