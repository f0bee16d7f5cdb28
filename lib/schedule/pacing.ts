/**
 * When frames are begun and shown, so that they come evenly. Pure: times go in and come out, in ms on any clock
 * that does not go back.
 *
 * @module
 */

/** What is known of the frames that were shown. */
export interface PacingState {
  /** When the next frame is to be shown; null before the first, which is shown once it is ready. */
  readonly due_ms: number | null;
  /** When the last frame was shown; null before the first. */
  readonly shown_ms: number | null;
  /** Times between frames: how many, their mean, and the sum of the squares of their distances from it. */
  readonly gaps: { readonly count: number; readonly mean: number; readonly squares: number };
  /** Frames that were not ready when they were due. */
  readonly late: number;
}

/** When a frame is shown. */
export interface FrameTime {
  state: PacingState;
  show_ms: number;
  /** How long after it was due; 0 for a frame in time. */
  late_ms: number;
}

/** How evenly frames came. */
export interface PacingStats {
  frames: number;
  /** The mean time between frames; null before the second. */
  interval_ms: number | null;
  /** The standard deviation of the times between frames; null before the second. */
  jitter_ms: number | null;
  late: number;
}

/** Before the first frame. */
export const UNPACED: PacingState = {
  due_ms: null,
  shown_ms: null,
  gaps: { count: 0, mean: 0, squares: 0 },
  late: 0,
};

/**
 * When a frame may begin at the earliest: as late as it can and still be ready when it is due, so that what it
 * shows is not old.
 *
 * @param ahead frames that are shown before it.
 * @param workMs how long it takes; null where that was not measured: it may begin now.
 */
export function earliestStart(
  { due_ms }: PacingState,
  ahead: number,
  intervalMs: number,
  workMs: number | null,
  nowMs: number,
): number {
  if (due_ms === null || workMs === null) return nowMs;
  return Math.max(nowMs, due_ms + ahead * intervalMs - workMs);
}

/**
 * When a frame that is ready is shown: once it is due. A frame that is late moves all behind it: they do not
 * hurry after it, and never come closer than the interval.
 */
export function showTime(state: PacingState, readyMs: number, intervalMs: number): FrameTime {
  const due = state.due_ms ?? readyMs;
  const show_ms = Math.max(due, readyMs);
  const late_ms = show_ms - due;
  return {
    state: {
      due_ms: show_ms + intervalMs,
      shown_ms: show_ms,
      gaps: state.shown_ms === null ? state.gaps : withGap(state.gaps, show_ms - state.shown_ms),
      late: state.late + (late_ms > 0 ? 1 : 0),
    },
    show_ms,
    late_ms,
  };
}

/** Welford's update of a mean and a sum of squares: it keeps its digits over any number of frames. */
function withGap({ count, mean, squares }: PacingState["gaps"], gap: number): PacingState["gaps"] {
  const next = mean + (gap - mean) / (count + 1);
  return { count: count + 1, mean: next, squares: squares + (gap - mean) * (gap - next) };
}

/** How evenly frames came so far. */
export function pacingStats({ gaps, shown_ms, late }: PacingState): PacingStats {
  const { count, mean, squares } = gaps;
  return {
    frames: shown_ms === null ? 0 : count + 1,
    interval_ms: count === 0 ? null : mean,
    jitter_ms: count === 0 ? null : Math.sqrt(squares / count),
    late,
  };
}
