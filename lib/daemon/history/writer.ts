/**
 * Writing the history.
 *
 * Raw samples are written every few seconds; the steps of a tier when one is over. A step may be written
 * in parts, which are merged. All that belongs together is one transaction, so a killed service loses
 * the samples of the last seconds and nothing else: what the tiers lack is taken from the raw samples
 * when the file is opened again.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { GpuSample } from "../../telemetry/metrics.ts";
import { aggregateOf, type Step } from "./aggregate.ts";
import { DamagedRowError } from "./bytes.ts";
import { Folding } from "./folding.ts";
import { NUMBER_METRICS } from "./metrics.ts";
import { decodeRaw, encodeRaw, type RawSample } from "./raw_row.ts";
import { decodeStep, encodeStep } from "./step_row.ts";
import { LONGEST_OPEN_MS, type Retention, TIERS } from "./tiers.ts";

/**
 * What is old goes after so long, in ms of recording: neighbours share pages, and each page is written once.
 * Of each table never many rows, so that no write takes long.
 */
const FORGOTTEN_EVERY_MS = 60_000, ROWS_DELETED_AT_ONCE = 64;

/** Free pages that are kept for new rows, and those given back at once beyond them. */
const PAGES_KEPT_FREE = 512, PAGES_GIVEN_BACK_AT_ONCE = 32;

/** What a GPU was called when it was written. */
interface Listed {
  number: number;
  position: number | null;
  name: string | null;
}

/** Writes into an open file. One that threw is not to be used again: make another. */
export class HistoryWriter {
  readonly #database: DatabaseSync;
  readonly #retention: Retention;
  /** Metrics by number in the file, at the index of {@linkcode NUMBER_METRICS}. */
  readonly #numbers: number[];
  /** One more than the highest number of a metric. */
  readonly #metrics: number;
  readonly #gpus = new Map<string, Listed>();
  /** Since which place in time of recording this run counts. */
  readonly #base: number;
  #last: number;
  /** When what is old was removed last. */
  #forgotten = -Infinity;
  #foldings: Folding[];
  readonly #insertRaw: StatementSync;
  readonly #setFolded: StatementSync;

  /** Takes up where the last writer left off: reads the samples that a tier lacks. */
  constructor(database: DatabaseSync, retention: Retention) {
    this.#database = database;
    this.#retention = retention;
    const numbers = new Map(
      database.prepare("SELECT name, number FROM metric").all()
        .map(({ name, number }) => [String(name), Number(number)]),
    );
    this.#numbers = NUMBER_METRICS.map((name) => numbers.get(name) ?? 0);
    this.#metrics = 1 + Math.max(...numbers.values());
    for (const row of database.prepare("SELECT number, id, position, name FROM gpu").all()) {
      const { number, id, position, name } = row as unknown as Listed & { id: string };
      this.#gpus.set(id, { number, position, name });
    }
    this.#insertRaw = database.prepare(
      "INSERT INTO raw (seq, first_at, last_at, data) VALUES (?, ?, ?, ?)",
    );
    this.#setFolded = database.prepare("INSERT OR REPLACE INTO folded (tier, seq) VALUES (?, ?)");
    const folded = this.#foldedUpTo();
    const lastRaw = Number(database.prepare("SELECT max(seq) AS seq FROM raw").get()?.["seq"] ?? 0);
    this.#base = this.#last = Math.max(lastRaw, ...folded);
    this.#foldings = TIERS.map((tier) => new Folding(tier, this.#base));
    this.#readUnfolded(folded);
  }

  #foldedUpTo(): number[] {
    const rows = this.#database.prepare("SELECT tier, seq FROM folded").all();
    return TIERS.map(({ table }) => Number(rows.find(({ tier }) => tier === table)?.["seq"] ?? 0));
  }

  #readUnfolded(folded: readonly number[]): void {
    const rows = this.#database.prepare("SELECT seq, data FROM raw WHERE seq > ? ORDER BY seq");
    for (const { seq, data } of rows.iterate(Math.min(...folded))) {
      const lacking = this.#foldings.filter((_, i) => Number(seq) > (folded[i] ?? 0));
      try {
        decodeRaw(data as Uint8Array, (gpu, metric, at, value) => {
          for (const each of lacking) each.add(gpu, metric, at, value, this.#metrics);
        });
      } catch (error) {
        // Those samples are lost; all others are not.
        if (!(error instanceof DamagedRowError)) throw error;
      }
    }
  }

  /**
   * Writes samples, and the tiers that are due. All or nothing.
   *
   * @param elapsed ms of recording since this writer was made.
   * @param next wall time in ms of the sample that comes behind them; absent where it is not known.
   */
  write(samples: readonly PackedSample[], elapsed: number, next: number | undefined): void {
    if (samples.length === 0) return;
    const seq = Math.max(this.#last + 1, Math.round(this.#base + elapsed));
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const raw = samples.map((sample) => this.#numbered(sample));
      const newest = samples.at(-1);
      if (newest !== undefined) this.#list(newest);
      const times = raw.map(({ at }) => at);
      this.#insertRaw.run(seq, Math.min(...times), Math.max(...times), encodeRaw(raw));
      this.#addToFoldings(raw);
      const written = this.#foldings.filter((each) => each.isDue(next ?? newest?.at ?? 0, seq));
      for (const folding of written) this.#fold(folding, seq);
      const forgets = seq - this.#forgotten >= FORGOTTEN_EVERY_MS;
      if (forgets) this.#forget(seq);
      this.#database.exec("COMMIT");
      if (forgets) this.#forgotten = seq;
      for (const folding of written) folding.clear(seq);
      this.#last = seq;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Puts a sample under the numbers of the file. */
  #numbered({ at, gpus }: PackedSample): RawSample {
    const numbered = new Map<number, Float64Array>();
    for (const { id, values } of gpus) {
      const byNumber = new Float64Array(this.#metrics).fill(NaN);
      for (const [i, number] of this.#numbers.entries()) byNumber[number] = values[i] ?? NaN;
      numbered.set(this.#gpu(id).number, byNumber);
    }
    return { at, gpus: numbered };
  }

  #gpu(id: string): Listed {
    const known = this.#gpus.get(id);
    if (known !== undefined) return known;
    const { lastInsertRowid } = this.#database.prepare("INSERT INTO gpu (id) VALUES (?)").run(id);
    const added = { number: Number(lastInsertRowid), position: null, name: null };
    this.#gpus.set(id, added);
    return added;
  }

  /** Writes the names and positions of the newest listing where they changed. */
  #list({ gpus }: PackedSample): void {
    const now = new Map(gpus.map((gpu) => [gpu.id, gpu]));
    for (const [id, listed] of this.#gpus) {
      const gpu = now.get(id);
      const position = gpu?.position ?? null, name = gpu?.name ?? listed.name;
      if (position === listed.position && name === listed.name) continue;
      this.#database.prepare("UPDATE gpu SET position = ?, name = ? WHERE number = ?")
        .run(position, name, listed.number);
      this.#gpus.set(id, { number: listed.number, position, name });
    }
  }

  #addToFoldings(samples: readonly RawSample[]): void {
    for (const { at, gpus } of samples) {
      for (const [gpu, values] of gpus) {
        for (let metric = 0; metric < values.length; metric++) {
          const value = values[metric] ?? NaN;
          if (Number.isNaN(value)) continue;
          for (const each of this.#foldings) each.add(gpu, metric, at, value, this.#metrics);
        }
      }
    }
  }

  /** Merges the open steps of a tier into its rows. */
  #fold({ tier: { table }, steps }: Folding, seq: number): void {
    const read = this.#database.prepare(`SELECT data FROM ${table} WHERE start = ?`);
    const write = this.#database.prepare(
      `INSERT OR REPLACE INTO ${table} (start, seq, data) VALUES (?, ?, ?)`,
    );
    for (const [start, step] of steps) {
      const before = read.get(start)?.["data"];
      const merged = before === undefined ? step : this.#merged(step, before as Uint8Array);
      write.run(start, seq, encodeStep(merged));
    }
    this.#setFolded.run(table, seq);
  }

  #merged(step: Step, before: Uint8Array): Step {
    const merged: Step = new Map();
    const into: Parameters<typeof decodeStep>[1] = (gpu, metric, count, mean, min, max) =>
      aggregateOf(merged, gpu, this.#metrics).merge(metric, count, mean, min, max);
    try {
      decodeStep(before, into);
    } catch (error) {
      if (!(error instanceof DamagedRowError)) throw error;
      merged.clear();
    }
    for (const [gpu, { count, sum, min, max }] of step) {
      for (let metric = 0; metric < count.length; metric++) {
        const n = count[metric] ?? 0;
        if (n > 0) into(gpu, metric, n, (sum[metric] ?? 0) / n, min[metric] ?? 0, max[metric] ?? 0);
      }
    }
    return merged;
  }

  /** Removes what is older than it is kept, a few rows at once. */
  #forget(seq: number): void {
    const { raw_s, tiers_s } = this.#retention;
    const keepRaw = Math.max(1000 * raw_s, 2 * LONGEST_OPEN_MS);
    this.#delete("raw", seq - keepRaw);
    for (const [i, { table }] of TIERS.entries()) {
      this.#delete(table, seq - 1000 * (tiers_s[i] ?? Infinity));
    }
    const free = Number(this.#database.prepare("PRAGMA freelist_count").get()?.["freelist_count"]);
    if (free > PAGES_KEPT_FREE) {
      this.#database.exec(`PRAGMA incremental_vacuum(${PAGES_GIVEN_BACK_AT_ONCE})`);
    }
  }

  #delete(table: string, before: number): void {
    if (!(before > 0)) return;
    const key = table === "raw" ? "seq" : "start";
    this.#database.prepare(
      `DELETE FROM ${table} WHERE ${key} IN ` +
        `(SELECT ${key} FROM ${table} WHERE seq < ? ORDER BY seq LIMIT ${ROWS_DELETED_AT_ONCE})`,
    ).run(before);
  }
}

/** One look, before the GPUs have numbers. */
export interface PackedSample {
  /** Milliseconds since 1970. */
  at: number;
  gpus: { id: string; position: number; name: string | null; values: Float64Array }[];
}

/**
 * The values of a look: all that is kept of it until it is written.
 *
 * @param at wall time in ms since 1970.
 */
export function pack(gpus: readonly GpuSample[], at: number): PackedSample {
  return {
    at: Math.round(at),
    gpus: gpus.map((gpu) => ({
      id: gpu.id,
      position: gpu.index,
      name: gpu.name,
      values: Float64Array.from(NUMBER_METRICS, (name) => finite(gpu[name])),
    })),
  };
}

function finite(value: number | null): number {
  return value !== null && Number.isFinite(value) ? value : NaN;
}
