/**
 * Something that is asked of the service: whether it is under way, and why it failed.
 *
 * @module
 */

import { useState } from "preact/hooks";
import { ApiError } from "../api.ts";

/** What came of asking. */
export interface ActionState {
  busy: boolean;
  /** One line; null where nothing went wrong. */
  error: string | null;
  /** Whether a token, or another one, would help. */
  needsToken: boolean;
}

/** Asks one thing at a time; an error of the last one is kept until the next. */
export function useAction(): ActionState & { run(work: () => Promise<void>): void } {
  const [now, set] = useState<ActionState>({ busy: false, error: null, needsToken: false });
  const run = (work: () => Promise<void>) => {
    if (now.busy) return;
    set({ busy: true, error: null, needsToken: false });
    work().then(
      () => set({ busy: false, error: null, needsToken: false }),
      (error: unknown) =>
        set({
          busy: false,
          error: error instanceof Error ? error.message : String(error),
          needsToken: error instanceof ApiError && (error.status === 401 || error.status === 403),
        }),
    );
  };
  return { ...now, run };
}
