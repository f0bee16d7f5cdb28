/**
 * Time that survives a process: when a change ends, and whether who made it is still there.
 *
 * @module
 */

/** What deadlines are measured with. */
export interface ControlClock {
  /** The kernel's id of this boot. */
  bootId(): string;
  /** Seconds since boot, those in which the host slept included (CLOCK_BOOTTIME). */
  uptime(): number;
  /** Milliseconds since 1970, for people. */
  wall(): number;
  /** When a process started, in the kernel's ticks; undefined where there is no such process. */
  startTime(pid: number): string | undefined;
}

/** Field 22 of `/proc/PID/stat`; the name in field 2 may hold spaces and parentheses. */
export function parseStartTime(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, threads] = [fields[0], Number(fields[17])];
  // A zombie has ended, and only waits for its parent; or for its other threads, which may have memory yet.
  return (state === "Z" || state === "X") && threads <= 1 ? undefined : fields[19];
}

function readOr<T>(path: string, parse: (text: string) => T): T | undefined {
  try {
    return parse(Deno.readTextFileSync(path));
  } catch {
    return undefined;
  }
}

/** This host's clocks. `/proc/uptime` is CLOCK_BOOTTIME (proc(5)). */
export const hostClock: ControlClock = {
  bootId: () => readOr("/proc/sys/kernel/random/boot_id", (text) => text.trim()) ?? "unknown",
  uptime: () => readOr("/proc/uptime", (text) => Number(text.split(" ")[0])) ?? 0,
  wall: () => Date.now(),
  startTime: (pid) => readOr(`/proc/${pid}/stat`, parseStartTime),
};
