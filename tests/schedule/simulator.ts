/**
 * Devices that work as fast as they are told to, event by event: what strategies are worth, without a GPU.
 * Times are in ms.
 */

import type { Scheduler } from "../../lib/schedule/strategies.ts";
import type { FrameWay, Part, Worker } from "../../lib/schedule/strategy.ts";

/** Simulated devices and the program that draws on them. */
export interface FrameRun {
  scheduler: Scheduler;
  frames: number;
  /** How fast each device is: a frame takes 10 ms on one with speed 1. */
  speeds: readonly number[];
  /** How fast the scheduler thinks that they are; as they are by default. */
  believed?: readonly (number | null)[];
  /** Frames that may be under way in all. */
  latency: number;
  /** What each part of a split frame takes longer; 0 by default. */
  syncMs?: number;
  /** By how much a part's time is off, such as 0.02; nothing by default. */
  noise?: (frame: number, device: number) => number;
  /** By how much all are slower from a frame on. */
  slower?: (frame: number, way: FrameWay | undefined) => number;
}

/** What came out. */
export interface FrameOutcome {
  /** Frames a second over the last half. */
  rate: number;
  shown: number[];
  /** From when a frame was begun to when it was shown. */
  delays: number[];
  /** The most frames that any device had in its queue. */
  queued: number;
  /** Who worked on each frame, such as "0" or "0+1". */
  by: string[];
  ways: (FrameWay | undefined)[];
}

/** The time of a whole frame at speed 1. */
export const FRAME_MS = 10;

/** Runs frames in their order, each handed over as soon as it may be. */
export function runFrames(run: FrameRun): FrameOutcome {
  const { scheduler, speeds, believed = speeds, syncMs = 0 } = run;
  const { noise = () => 0, slower = () => 1 } = run;
  const free = speeds.map(() => 0);
  const ends: number[][] = speeds.map(() => []);
  const out: FrameOutcome = { rate: 0, shown: [], delays: [], queued: 0, by: [], ways: [] };
  let now = 0, told = 0;
  const tell = () => {
    // What was shown by now is known by now.
    for (; told < out.shown.length && (out.shown[told] ?? 0) <= now; told++) {
      const way = out.ways[told], before = out.shown[told - 1];
      if (way === undefined || before === undefined || way !== out.ways[told - 1]) continue;
      scheduler.learn({ way, interval_ms: (out.shown[told] ?? 0) - before });
    }
  };
  const queued = (device: number, at: number) =>
    (ends[device] ?? []).filter((end) => end > at).length;
  for (let n = 0; n < run.frames; n++) {
    now = Math.max(now, out.shown[n - run.latency] ?? 0);
    tell();
    const workers = speeds.map((_, i): Worker => ({
      id: `${i}`,
      enabled: true,
      speed: believed[i] ?? null,
      queued_ms: Math.max(0, (free[i] ?? 0) - now),
      queued_frames: queued(i, now),
    }));
    const work = { kind: "frame", number: n, rows: 1000, splittable: true } as const;
    const { parts, hold, way } = scheduler.place(work, workers);
    if (hold !== undefined) {
      const own = ends[Number(hold.worker)] ?? [];
      now = Math.max(now, own.at(-hold.frames) ?? now);
    }
    const took = (part: Part, device: number) =>
      (FRAME_MS * (part.end - part.start) / work.rows / (speeds[device] ?? 1) +
        (parts.length > 1 ? syncMs : 0)) * (1 + noise(n, device)) * slower(n, way);
    const done = parts.map((part) => {
      const device = Number(part.worker);
      const end = Math.max(now, free[device] ?? 0) + took(part, device);
      free[device] = end;
      ends[device]?.push(end);
      out.queued = Math.max(out.queued, queued(device, now));
      return end;
    });
    const shown = Math.max(out.shown.at(-1) ?? 0, ...done);
    out.shown.push(shown);
    out.delays.push(shown - now);
    out.by.push(parts.map(({ worker }) => worker).join("+"));
    out.ways.push(way);
  }
  const half = Math.floor(run.frames / 2);
  const span = (out.shown.at(-1) ?? 0) - (out.shown[half] ?? 0);
  out.rate = 1000 * (run.frames - 1 - half) / span;
  return out;
}
