/**
 * To whom a client counts that several processes hold. Pure.
 *
 * @module
 */

/** A process that holds a client. */
export interface Holder {
  pid: number;
  name: string | null;
  /** When it started, in clock ticks since boot. */
  start: number;
}

/** Programs that open devices for others, and keep a descriptor to take them away again. */
const BROKERS = new Set(["systemd", "systemd-logind", "elogind", "elogind-daemon", "seatd"]);

/** Whether a program opens devices for others and does not use them. */
export function isBroker(name: string | null): boolean {
  return name !== null && BROKERS.has(name);
}

/**
 * The one of several holders to which a client counts.
 *
 * A descriptor is shared in two ways. A broker opened the device and passed it on to a compositor, which
 * then is the one that uses it; or a program forked, and its children have what it had opened, in which case
 * it is the parent that uses it. So brokers are passed over while there is another holder, and of the rest
 * it is the one that started first.
 *
 * @returns undefined for no holder at all.
 */
export function ownerOf(holders: readonly Holder[]): Holder | undefined {
  const users = holders.filter(({ name }) => !isBroker(name));
  const candidates = users.length > 0 ? users : holders;
  return [...candidates].sort((a, b) => a.start - b.start || a.pid - b.pid)[0];
}
