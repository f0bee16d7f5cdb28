/**
 * Reading the history: from the file alone, whether a service writes it or not.
 *
 * The tiers hold the same samples, the coarser ones for longer. A question is answered from one of them,
 * and from the raw samples that it lacks yet, which the file tells by their sequence: no sample counts
 * twice, and none is missing where two tiers meet.
 *
 * @module
 */

import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { type HistoryQuery, type HistoryView, ServiceError } from "../service_api.ts";
import { Bins, type Collector, gapSeconds, Samples } from "./bins.ts";
import { DamagedRowError } from "./bytes.ts";
import { APPLICATION_ID, numberOf, SCHEMA_VERSION } from "./database.ts";
import { gpusNamed, type KnownGpu } from "./known_gpus.ts";
import { metricsNamed } from "./metrics.ts";
import { decodeRaw } from "./raw_row.ts";
import { decodeStep } from "./step_row.ts";
import { SCREEN_POINTS, shownStep, stepStart, type Tier, tierFor, TIERS } from "./tiers.ts";

/** Where no time is named: the last hour. */
const USUAL_RANGE_MS = 3_600_000;

/** Reading gives way to others after so long, in ms. */
const SLICE_MS = 3;

/** How much may be read. */
export interface ReadOptions {
  /** Now, in ms since 1970. */
  now: number;
  /** The most points of all series together: steps are made longer until there are no more. */
  most_points: number;
}

/**
 * Answers a question from the file.
 *
 * It reads one state of the file, and gives way to others every few milliseconds.
 *
 * @throws {ServiceError} where the question makes no sense.
 * @throws what SQLite throws where the file cannot be read.
 */
export async function readHistory(
  path: string,
  query: HistoryQuery,
  options: ReadOptions,
): Promise<HistoryView> {
  const metrics = metricsNamed(query.metrics);
  const { from, to } = rangeOf(query, options.now);
  const database = openForReading(path);
  try {
    database.exec("BEGIN");
    const gpus = gpusNamed(knownGpus(database), query.gpus);
    const plan = planOf(database, {
      from,
      to,
      query,
      series: gpus.length * metrics.length,
      options,
    });
    const reading = new Reading(database, gpus, metrics, plan);
    await reading.read();
    return await reading.view();
  } finally {
    database.close();
  }
}

function rangeOf(query: HistoryQuery, now: number): { from: number; to: number } {
  const to = query.to ?? now;
  const from = query.from ?? to - USUAL_RANGE_MS;
  for (const [name, at] of [["from", from], ["to", to]] as const) {
    // The times that a date can have (ECMA-262, Time Values and Time Range).
    if (!(Math.abs(at) <= 8.64e15 - 86_400_000)) {
      throw new ServiceError(400, `'${name}' is no time: give milliseconds since 1970`);
    }
  }
  if (from >= to) throw new ServiceError(400, "the range ends before it begins: swap from and to");
  return { from, to };
}

/** Opens a file that another program may write, or that nobody may write. */
export function openForReading(path: string): DatabaseSync {
  // SQLite says less clearly what is wrong.
  if (!Deno.statSync(path).isFile) {
    throw new ServiceError(422, `${path} is no file: name the file of a history`);
  }
  let database = new DatabaseSync(path, { readOnly: true, timeout: 1000 });
  try {
    checkForm(database, path);
    return database;
  } catch (error) {
    database.close();
    // Its shared index can be made by those alone that may write there; without a log it needs none.
    if (error instanceof ServiceError || hasLog(path)) throw error;
    const url = pathToFileURL(resolve(path));
    url.searchParams.set("immutable", "1");
    database = new DatabaseSync(url, { readOnly: true });
  }
  try {
    checkForm(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function hasLog(path: string): boolean {
  try {
    return Deno.statSync(`${path}-wal`).size > 0;
  } catch {
    return false;
  }
}

function checkForm(database: DatabaseSync, path: string): void {
  if (numberOf(database, "PRAGMA application_id") !== APPLICATION_ID) {
    throw new ServiceError(422, `${path} is no history of mvgal: name another file`);
  }
  const version = numberOf(database, "PRAGMA user_version");
  if (version !== SCHEMA_VERSION) {
    throw new ServiceError(
      422,
      `${path} is of another version of mvgal (${version}, not ${SCHEMA_VERSION}): read it with that one`,
    );
  }
}

function knownGpus(database: DatabaseSync): KnownGpu[] {
  const rows = database.prepare("SELECT number, id, position, name FROM gpu").all();
  return rows as unknown as KnownGpu[];
}

/** What is read. */
interface Plan {
  /** Start of the first step and end of the last, in ms. */
  from: number;
  to: number;
  /** Undefined for the samples themselves. */
  step_ms: number | undefined;
  /** Undefined for the raw samples. */
  tier: Tier | undefined;
}

interface Wanted {
  from: number;
  to: number;
  query: HistoryQuery;
  series: number;
  options: ReadOptions;
}

/** The least step that is long enough, and of whose tier nothing in the range is gone. */
function planOf(database: DatabaseSync, wanted: Wanted): Plan {
  const { from, to, query, series, options } = wanted;
  const range_s = (to - from) / 1000;
  const asked = query.step_s ?? range_s / SCREEN_POINTS;
  if (!(asked >= 0)) throw new ServiceError(400, "'step_s' is no length of time: give seconds");
  let step = shownStep(Math.max(asked, range_s * series / options.most_points));
  let tier = tierFor(step);
  for (;;) {
    const coarser = goneFrom(database, tier, from, to);
    if (coarser === undefined) break;
    step = shownStep(step, coarser.step_ms);
    tier = tierFor(step);
  }
  if (step <= 1) return { from, to, step_ms: undefined, tier: undefined };
  const step_ms = 1000 * step;
  const end = stepStart(to, step_ms);
  return { from: stepStart(from, step_ms), to: end < to ? end + step_ms : end, step_ms, tier };
}

/** A coarser tier that holds what `tier` does not any more; undefined where that holds all. */
function goneFrom(
  database: DatabaseSync,
  tier: Tier | undefined,
  from: number,
  to: number,
): Tier | undefined {
  const first = tier === undefined
    ? database.prepare("SELECT min(first_at) AS at FROM raw WHERE last_at >= ? AND first_at < ?")
    : database.prepare(`SELECT min(start) AS at FROM ${tier.table} WHERE start >= ? AND start < ?`);
  const oldest = first.get(from - (tier?.step_ms ?? 0) + 1, to)?.["at"];
  const end = typeof oldest === "number" ? oldest : to;
  const coarser = TIERS.slice(tier === undefined ? 0 : TIERS.indexOf(tier) + 1);
  return coarser.find(({ table, step_ms }) =>
    // One that begins before the range may hold nothing that is in it.
    database.prepare(`SELECT 1 FROM ${table} WHERE start >= ? AND start <= ? LIMIT 1`)
      .get(from, end - step_ms) !== undefined
  );
}

/** Reads rows into series. */
class Reading {
  readonly #database: DatabaseSync;
  readonly #gpus: readonly KnownGpu[];
  readonly #metrics: readonly string[];
  readonly #plan: Plan;
  /** By number of the GPU, then by number of the metric. */
  readonly #collectors: (Collector | undefined)[][] = [];
  readonly #numbers: (number | undefined)[];
  #sliceBegan = performance.now();

  constructor(
    database: DatabaseSync,
    gpus: readonly KnownGpu[],
    metrics: readonly string[],
    plan: Plan,
  ) {
    this.#database = database;
    this.#gpus = gpus;
    this.#metrics = metrics;
    this.#plan = plan;
    const numberOf = database.prepare("SELECT number FROM metric WHERE name = ?");
    this.#numbers = metrics.map((name) => {
      const number = numberOf.get(name)?.["number"];
      return typeof number === "number" ? number : undefined;
    });
    for (const { number } of gpus) {
      const row: (Collector | undefined)[] = [];
      for (const metric of this.#numbers) if (metric !== undefined) row[metric] = this.#collector();
      this.#collectors[number] = row;
    }
  }

  #collector(): Collector {
    const { from, to, step_ms } = this.#plan;
    return step_ms === undefined ? new Samples(from, to) : new Bins(from, to, step_ms);
  }

  async #giveWay(): Promise<void> {
    if (performance.now() - this.#sliceBegan < SLICE_MS) return;
    await setImmediate();
    this.#sliceBegan = performance.now();
  }

  /** Reads the rows of the tier, then the samples that it lacks. */
  async read(): Promise<void> {
    const { from, to, tier } = this.#plan;
    let folded = 0;
    if (tier !== undefined) {
      const rows = this.#database.prepare(
        `SELECT start, data FROM ${tier.table} WHERE start >= ? AND start < ? ORDER BY start`,
      );
      for (const row of rows.iterate(from, to)) {
        this.#step(Number(row["start"]), row["data"] as Uint8Array);
        await this.#giveWay();
      }
      const seq = this.#database.prepare("SELECT seq FROM folded WHERE tier = ?").get(tier.table);
      folded = Number(seq?.["seq"] ?? 0);
    }
    const rows = this.#database.prepare(
      "SELECT data FROM raw WHERE seq > ? AND last_at >= ? AND first_at < ? ORDER BY seq",
    );
    for (const row of rows.iterate(folded, from, to)) {
      this.#raw(row["data"] as Uint8Array);
      await this.#giveWay();
    }
  }

  #step(start: number, data: Uint8Array): void {
    unlessDamaged(() =>
      decodeStep(data, (gpu, metric, count, mean, min, max) => {
        this.#collectors[gpu]?.[metric]?.add(start, count, mean, min, max);
      })
    );
  }

  #raw(data: Uint8Array): void {
    unlessDamaged(() =>
      decodeRaw(data, (gpu, metric, at, value) => {
        this.#collectors[gpu]?.[metric]?.add(at, 1, value, value, value);
      })
    );
  }

  /** The answer. A metric of a GPU of which nothing is known in the range is a series without points. */
  async view(): Promise<HistoryView> {
    const { from, to, step_ms } = this.#plan;
    // Series have their times in common, and writing one is most of the work of a point.
    const times = new Map<number, string>();
    const iso = (at: number) => {
      let text = times.get(at);
      if (text === undefined) times.set(at, text = new Date(at).toISOString());
      return text;
    };
    const series: HistoryView["series"] = [];
    for (const { id, number } of this.#gpus) {
      for (const [i, metric] of this.#metrics.entries()) {
        const collector = this.#collectors[number]?.[this.#numbers[i] ?? -1];
        series.push({
          gpu: id,
          metric,
          points: collector?.points(iso) ?? [],
        });
        await this.#giveWay();
      }
    }
    const step_s = (step_ms ?? 0) / 1000;
    return {
      from: iso(from),
      to: iso(to),
      step_s,
      gpus: this.#gpus.map(({ id, position, name }) => ({ id, index: position, name })),
      gap_s: gapSeconds(this.#collectors.flat().filter((each) => each !== undefined), step_s),
      series,
    };
  }
}

/** A damaged row is a gap, and leaves all others as they are. */
function unlessDamaged(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof DamagedRowError)) throw error;
  }
}
