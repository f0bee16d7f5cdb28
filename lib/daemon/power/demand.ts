/**
 * What a GPU would draw if it could, from what it drew lately. Pure.
 *
 * @module
 */

/** In so many ms a peak of the draw loses two thirds of what it was above the draw. */
const MEMORY_MS = 30_000;

/** Room above the recent draw, so that a GPU is not held back by small rises. */
const ROOM = 1.15;

/** A GPU that draws so much of its cap does not show what it would draw without it. */
const AT_CAP = 0.95;

/** Follows the draw of one GPU: up at once, down slowly. */
export class DemandTrack {
  #recent: number | null = null;
  #at = 0;

  /** Takes the draw in W at a time in ms; null where it is not known, and then it stays. */
  see(draw: number | null, at: number): void {
    if (draw === null) return;
    const rest = this.#recent === null
      ? draw
      : draw + (this.#recent - draw) * Math.exp(-Math.max(0, at - this.#at) / MEMORY_MS);
    this.#recent = Math.max(draw, rest);
    this.#at = at;
  }

  /**
   * What it needs in W.
   *
   * @param cap the cap that it has now.
   * @param most what it could be given: its need where the draw is not known, or is at the cap.
   */
  need(cap: number, most: number): number {
    if (this.#recent === null || this.#recent >= AT_CAP * cap) return most;
    return Math.min(most, this.#recent * ROOM);
  }

  /** The recent draw with room above it, in W; null where it was never known. */
  get recent(): number | null {
    return this.#recent === null ? null : this.#recent * ROOM;
  }
}
