/**
 * `mvgal status --watch` without a screen: one look after the other, until a signal ends it.
 *
 * @module
 */

/** Exit statuses of programs that a signal ended: 128 and the signal's number. */
export const ENDED_BY = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that ends. */
type EndingSignal = keyof typeof ENDED_BY;

/** Calls `ended` with the exit status when a signal asks to end. Dispose it to leave signals alone again. */
export function onEnding(ended: (status: number) => void): Disposable {
  const listeners = (Object.keys(ENDED_BY) as EndingSignal[]).map((signal) => {
    const listener = () => ended(ENDED_BY[signal]);
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  return {
    [Symbol.dispose]: () =>
      listeners.forEach(({ signal, listener }) => Deno.removeSignalListener(signal, listener)),
  };
}

/**
 * Writes one look after the other.
 *
 * @returns the exit status.
 * @throws what `write` throws: that of a reader who has gone ends mvgal quietly.
 */
export async function watchLines(
  write: (text: string) => void,
  { interval_ms, look }: { interval_ms: number; look: () => Promise<string> },
): Promise<number> {
  let status: number | undefined;
  let wake = () => {};
  using _ending = onEnding((with_) => {
    status = with_;
    wake();
  });
  let next = performance.now();
  while (status === undefined) {
    write(await look());
    if (status !== undefined) break;
    // By the clock and not by the pause, so that looks do not fall behind; what was missed is left out.
    next = Math.max(next + interval_ms, performance.now());
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, next - performance.now());
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  return status;
}
