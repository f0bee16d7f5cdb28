/**
 * The scheduler's state on disk: one file, replaced as a whole.
 *
 * @module
 */

import { dirname } from "node:path";
import { z } from "zod";
import { STRATEGY_NAMES, type StrategyName } from "../schedule/strategies.ts";
import { oneLine } from "./one_line.ts";
import {
  initialState,
  rebase,
  type SchedulerBase,
  type SchedulerState,
} from "./scheduler_state.ts";

/** Name and version of the file's form. */
export const SCHEDULER_SCHEMA = "mvgal.scheduler/1";

/** The most bytes of the file that are read: it has some hundred a GPU. */
const MAX_BYTES = 1 << 20;

const id = z.string().min(1).max(63);
const settings = z.record(
  id,
  z.strictObject({ enabled: z.boolean(), priority: z.int().min(0).max(100) }),
);
const strategy = z.enum(STRATEGY_NAMES as [StrategyName, ...StrategyName[]]);
const base = { strategy, gpus: settings };

const FILE = z.strictObject({
  schema: z.literal(SCHEDULER_SCHEMA),
  ...base,
  weights: z.record(
    id,
    z.strictObject({ value: z.number().positive(), source: z.string().max(200) }),
  ),
  base: z.strictObject(base),
});

/** A state that was read. */
export interface StoredState {
  state: SchedulerState;
  /** What was wrong with the file, in one line; null where all was well, or there is none yet. */
  problem: string | null;
}

/** Parses the file's text. A text that is none gives the configuration's state, and says so. */
export function parseState(text: string, now: SchedulerBase): StoredState {
  const lost = (why: string): StoredState => ({
    state: initialState(now),
    problem: `${why}: what was changed while the service ran is lost, the configuration holds`,
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return lost("it is not JSON");
  }
  const parsed = FILE.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = issue?.path.join(".");
    return lost(at ? `${at}: ${issue?.message}` : issue?.message ?? "it is damaged");
  }
  const { schema: _schema, ...state } = parsed.data;
  return { state: rebase(state, now), problem: null };
}

/** The file. */
export class SchedulerStore {
  readonly path: string;

  /** Takes its path: `scheduler.json` in the state directory. */
  constructor(path: string) {
    this.path = path;
  }

  /** Reads the state under a configuration. Never throws. */
  load(now: SchedulerBase): StoredState {
    try {
      const info = Deno.statSync(this.path);
      if (!info.isFile || info.size > MAX_BYTES) throw new Error("it is no state of the scheduler");
      const { state, problem } = parseState(Deno.readTextFileSync(this.path), now);
      return { state, problem: problem === null ? null : `${this.path}: ${problem}` };
    } catch (error) {
      const problem = error instanceof Deno.errors.NotFound
        ? null
        : `${this.path}: cannot be read: ${oneLine(error)}; the configuration holds`;
      return { state: initialState(now), problem };
    }
  }

  /**
   * Looks whether the state could be written; the file stays as it is.
   *
   * @throws {Error} by rejection, where it could not.
   */
  async check(): Promise<void> {
    const temporary = await this.#openTemporary();
    temporary.file.close();
    await Deno.remove(temporary.path);
  }

  async #openTemporary(): Promise<{ path: string; file: Deno.FsFile }> {
    await Deno.mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const path = `${this.path}.new`;
    const options = { write: true, create: true, truncate: true, mode: 0o600 };
    return { path, file: await Deno.open(path, options) };
  }

  /**
   * Writes the state. Whatever happens meanwhile, the file is the old or the new one. One write at a time: a
   * disk that is busy holds up nobody else.
   *
   * @throws {Error} by rejection, where it cannot be written.
   */
  async save({ strategy, gpus, weights, base }: SchedulerState): Promise<void> {
    const text = JSON.stringify(
      { schema: SCHEDULER_SCHEMA, strategy, gpus, weights, base },
      null,
      1,
    );
    const temporary = await this.#openTemporary();
    {
      using file = temporary.file;
      const bytes = new TextEncoder().encode(`${text}\n`);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.sync();
    }
    await Deno.rename(temporary.path, this.path);
  }
}
