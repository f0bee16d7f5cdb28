/**
 * Keeps the state, and tells of changes once a frame.
 *
 * @module
 */

import { type Action, initialState, reduce, type State } from "./state.ts";

/** Holds the state. */
export class Store {
  #state: State;
  #listeners = new Set<() => void>();
  #isDue = false;
  readonly #frame: (call: () => void) => void;

  /** @param frame calls back before the next frame is drawn. */
  constructor(frame: (call: () => void) => void, now: number) {
    this.#state = initialState(now);
    this.#frame = frame;
  }

  /** What is known now. */
  get state(): State {
    return this.#state;
  }

  /** Takes what happened. However many do before the next frame, listeners are told once. */
  dispatch(action: Action): void {
    this.#state = reduce(this.#state, action);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#frame(() => {
      this.#isDue = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }

  /** @returns what ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
