/**
 * How many connections the descriptors of a process suffice for.
 *
 * @module
 */

/** Of one connection over TCP: its own, the two ends of that behind the gate, and a socket for its peer. */
const OF_CONNECTION = 4;

/** For all else that the service does: files, devices, programs, clients of the Unix socket. */
const RESERVED = 128;

/**
 * How many connections over TCP there may be, so that the service never lacks a descriptor for the rest.
 *
 * @param wanted how many are asked for.
 * @param limits text of `/proc/self/limits` (proc_pid_limits(5)); where it does not say, `wanted` holds.
 */
export function affordableConnections(wanted: number, limits: string): number {
  // Deno has made the soft limit as large as the hard one.
  const most = /^Max open files +(\d+)/m.exec(limits)?.[1];
  if (most === undefined) return wanted;
  return Math.max(1, Math.min(wanted, Math.floor((Number(most) - RESERVED) / OF_CONNECTION)));
}
