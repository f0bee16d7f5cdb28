/**
 * The service that runs, as far as `mvgal config` speaks to it.
 *
 * @module
 */

/** How work is placed, as the service has it or is to have it. */
export interface RunningScheduler {
  strategy?: string;
  gpus?: { id: string; enabled?: boolean; priority?: number }[];
}

/** A service that answers. */
export interface RunningService extends Disposable {
  /** How it is reached, for messages: the path of its socket. */
  readonly where: string;
  /** The file that it reads; null where it found none. */
  configPath(): Promise<string | null>;
  /** How it places work now. */
  scheduler(): Promise<RunningScheduler>;
  /** Changes that; what is absent stays. */
  changeScheduler(change: RunningScheduler): Promise<void>;
  /** Reads the file again. */
  reload(): Promise<{
    /** Why it keeps what it had; null where it took the file. */
    problem: string | null;
  }>;
  /** Sets the counters of programs and the scheduler to zero. */
  resetStats(): Promise<void>;
}

/** Looks for the service; undefined where none runs. Never waits long. */
export type FindService = (
  env: (name: string) => string | undefined,
) => Promise<RunningService | undefined>;
