/**
 * What amdgpu's figures of load are worth.
 *
 * @module
 */

/** A mean of firmware's may be this much over 100 by its rounding. */
const ROUNDING = 5;

/**
 * A share of 100 that can be one; undefined for what cannot. A little over 100 is rounding, and is 100.
 * Far over is no load at all: BC-250's 655 is the mark for "unsupported", 0xffff, divided by 100, and
 * holding it at 100 would claim full load.
 */
export function percentage(value: number | undefined): number | undefined {
  if (value === undefined || !(value >= 0 && value <= 100 + ROUNDING)) return undefined;
  return Math.min(value, 100);
}

/** Raven, and Picasso and Raven2, which share an id (`amdgpu_drv.c`). */
const RAVEN_IDS: readonly string[] = ["0x15dd", "0x15d8"];

/**
 * Judges the load of one GPU, look by look. Many GPUs of the Raven family say 100 whatever they do
 * (freedesktop.org's drm/amd issue 1932): there 100 is believed only once the GPU has said less.
 */
export class BusyJudge {
  readonly #raven: boolean;
  #saidLess = false;

  /** @param deviceId the PCI device id, `0x15dd`. */
  constructor(deviceId: string | null) {
    this.#raven = RAVEN_IDS.includes(deviceId ?? "");
  }

  /** The load to show; a text says why there is none. Undefined where the driver gave none. */
  judge(raw: number | undefined): number | string | undefined {
    if (raw === undefined) return undefined;
    const busy = percentage(raw);
    if (busy === undefined) return `the driver says ${raw} %, which is no load`;
    if (!this.#raven) return busy;
    if (busy < 100) this.#saidLess = true;
    return this.#saidLess
      ? busy
      : "the driver says 100 %, as it always does on many GPUs of the Raven family";
  }
}

/**
 * How long after a wake the load of a Navi GPU shows the wake itself and no program: 9 to 15 s were seen.
 */
export const SETTLING_MS = 15_000;

/**
 * Whether the load may still be the wake's own.
 *
 * @param awakeForMs milliseconds since the GPU was first seen awake after it slept; undefined where it was
 * not seen asleep.
 */
export function isSettling(awakeForMs: number | undefined): boolean {
  return awakeForMs !== undefined && awakeForMs < SETTLING_MS;
}
