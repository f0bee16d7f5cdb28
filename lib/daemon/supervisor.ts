/**
 * What the service tells systemd: that it is ready, reads its configuration again, lives, ends.
 *
 * Source: `sd_notify(3)`, `sd_watchdog_enabled(3)`.
 *
 * @module
 */

import { monotonicClock } from "../../ffi/monotonic_clock.ts";
import { sendNotification } from "../../ffi/notify_socket.ts";

/** Whoever started the service and wants to know how it is. */
export interface Supervisor extends Disposable {
  ready(status: string): void;
  /** One line on what the service does, for `systemctl status`. */
  status(text: string): void;
  reloading(): void;
  stopping(): void;
}

/** Options of {@linkcode openSupervisor}. */
export interface SupervisorOptions {
  env(name: string): string | undefined;
  send?: (path: string, message: string) => boolean;
  /** Whether the service does its work: systemd hears that it lives only as long as this says so. */
  isAlive(): boolean;
}

/** How often it must hear from us, in ms; undefined where it does not watch this process. */
export function watchdogMs(env: (name: string) => string | undefined): number | undefined {
  const microseconds = Number(env("WATCHDOG_USEC"));
  const pid = env("WATCHDOG_PID");
  if (!(microseconds > 0) || (pid !== undefined && pid !== String(Deno.pid))) return undefined;
  return microseconds / 1000;
}

/** Speaks to the supervisor that the environment names; to nobody where it names none. */
export function openSupervisor(
  { env, send = sendNotification, isAlive }: SupervisorOptions,
): Supervisor {
  const path = env("NOTIFY_SOCKET");
  const tell = (...lines: string[]) => {
    if (path !== undefined) send(path, lines.join("\n"));
  };
  const everyMs = watchdogMs(env);
  const timer = path === undefined || everyMs === undefined ? undefined : setInterval(() => {
    if (isAlive()) tell("WATCHDOG=1");
  }, everyMs / 3);
  return {
    ready: (status) => tell("READY=1", `STATUS=${status}`),
    status: (text) => tell(`STATUS=${text}`),
    reloading: () => tell("RELOADING=1", `MONOTONIC_USEC=${monotonicClock()() / 1000n}`),
    stopping: () => tell("STOPPING=1"),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
