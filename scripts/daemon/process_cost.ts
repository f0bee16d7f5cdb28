/**
 * What a running process costs. Formats: proc(5).
 *
 * @module
 */

/** Clock ticks a second in `/proc/PID/stat`: 100 on every architecture that Deno runs on. */
const USER_HZ = 100;

/** CPU time of a process and its threads by now, in ms. Throws where it has ended. */
export function cpuMs(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // Fields 14 and 15, user and system, are the 12th and 13th behind the name.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return 1000 * (Number(fields[11]) + Number(fields[12])) / USER_HZ;
}

/** How long the main thread of a process could have run and was given no core, by now, in ms. */
export function waitedMs(pid: number): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/schedstat`).split(" ")[1]) / 1e6;
}

/** Resident memory of a process, in MiB; `peak` since its start. Throws where it has ended. */
export function resident(pid: number): { now: number; peak: number; of_files: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const mebibytes = (key: string) =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
  return { now: mebibytes("VmRSS"), peak: mebibytes("VmHWM"), of_files: mebibytes("RssFile") };
}

/** A value at a time in s. */
export interface Point {
  s: number;
  value: number;
}

/** Slope of the line of least squares through some points, a second; null for fewer than two. */
export function slope(points: readonly Point[]): number | null {
  const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const s = mean(points.map((point) => point.s)), v = mean(points.map((point) => point.value));
  const spread = points.reduce((sum, point) => sum + (point.s - s) ** 2, 0);
  if (spread === 0 || points.length < 2) return null;
  return points.reduce((sum, point) => sum + (point.s - s) * (point.value - v), 0) / spread;
}
