/** A clock that tests set. */

import { type ControlClock, hostClock } from "../../lib/control/clock.ts";

/** Stands still until it is moved; knows of processes what the host knows. */
export class TestClock implements ControlClock {
  boot = "boot-1";
  seconds = 1000;
  /** Processes that are taken to be dead. */
  readonly dead = new Set<number>();

  bootId(): string {
    return this.boot;
  }
  uptime(): number {
    return this.seconds;
  }
  wall(): number {
    return Date.UTC(2026, 0, 1) + this.seconds * 1000;
  }
  startTime(pid: number): string | undefined {
    return this.dead.has(pid) ? undefined : hostClock.startTime(pid);
  }
}
