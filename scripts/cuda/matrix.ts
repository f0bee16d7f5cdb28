/**
 * Ways to the driver by features of mvgal: what of it works.
 *
 * @module
 */

import { type Asked, type Ended, type Launcher, run } from "./launcher.ts";
import type { ThereWay, Way } from "./ways.ts";

/** What is tried, in the order of the columns. */
export const FEATURES = [
  "plain",
  "memory",
  "pitch",
  "managed",
  "arrays",
  "async",
  "pools",
  "vmm",
  "threads",
  "fork",
  "spawn",
  "kill",
  "share",
  "pool",
] as const;

/** One of them. */
export type Feature = (typeof FEATURES)[number];

/** What came of a feature. */
export type Outcome = { state: "ok" } | { state: "failed" | "skipped"; reason: string };

/** A way with what came of its features. */
export interface Row {
  way: string;
  outcomes: Record<Feature, Outcome>;
}

/** What is measured with, and how much. */
export interface Setting {
  launch: Launcher;
  /** Names the groups. */
  prefix: string;
  /** Bytes of the limit; a quarter of the memory, and 4 GiB at most, without it. */
  limit?: number;
  /**
   * Percent of the time that a program is given, by how many points it may miss them, and for which part of
   * 2 s it is looked at.
   */
  share: { percent: number; within: number; part: number };
  /** Programs at once. */
  jobs: number;
  /** Is told what a program said of its features, and how long it took. */
  told?(way: string, outcomes: Partial<Record<Feature, Outcome>>, seconds: number): void;
  /** Bytes of the GPUs together that `--pool` makes one of; 0 where there is one. */
  pooled(total: number, count: number): number;
}

/** Features that one process tries. */
interface Batch {
  asked: Asked;
  features: { name: Feature; value: string }[];
  /** What else runs beside it: anything, what has another GPU, nothing. */
  beside: "all" | "other GPUs" | "nothing";
}

/** Tries all ways. */
export async function tryWays(ways: readonly Way[], setting: Setting): Promise<Row[]> {
  const rows = ways.map(({ name }): Row => ({ way: name, outcomes: all(skipped("not tried")) }));
  const tasks: Record<Batch["beside"], Task<void>[]> = {
    all: [],
    "other GPUs": [],
    nothing: [],
  };
  const facts = await atOnce(
    setting.jobs,
    ways.map((way) => () => "reason" in way ? Promise.resolve(undefined) : factsOf(way)),
  );
  ways.forEach((way, index) => {
    const row = rows[index];
    const fact = facts[index];
    if (row === undefined) return;
    if ("reason" in way) row.outcomes = all(skipped(way.reason));
    else if (fact === undefined || "reason" in fact) {
      row.outcomes = all(skipped(`without mvgal: ${fact?.reason ?? "it says nothing"}`));
    } else {
      if (setting.pooled(fact.total, fact.count) === 0) {
        row.outcomes.pool = skipped("one GPU");
      }
      for (const batch of batches(fact, setting, `${setting.prefix}${index}`)) {
        const task = async (worker: number) => {
          const { command, env } = setting.launch(batch.asked, [
            ...way.command,
            ...batch.features.map(({ name, value }) => `${name}=${value}`),
          ]);
          const gpu = batch.beside === "other GPUs" && fact.count > 1
            ? { CUDA_VISIBLE_DEVICES: String(worker) }
            : undefined;
          const began = performance.now();
          const ended = await run({ command, env: { ...env, ...way.env, ...gpu } });
          const outcomes = Object.fromEntries(
            batch.features.map(({ name }) => [name, outcomeOf(name, ended)]),
          );
          Object.assign(row.outcomes, outcomes);
          setting.told?.(row.way, outcomes, (performance.now() - began) / 1000);
        };
        tasks[batch.beside].push(task);
      }
    }
  });
  const gpus = Math.max(1, ...facts.map((fact) => fact && "count" in fact ? fact.count : 1));
  await atOnce(setting.jobs, tasks.all);
  await atOnce(gpus, tasks["other GPUs"]);
  await atOnce(1, tasks.nothing);
  return rows;
}

/** What a program of a way sees of the driver without mvgal. */
async function factsOf(
  way: ThereWay,
): Promise<{ total: number; count: number } | { reason: string }> {
  const ended = await run({ command: [...way.command, "facts=0"], env: way.env ?? {} });
  const [, total, count] = ended.lines.map((line) => /^facts (\d+) (\d+)$/.exec(line))
    .find((match) => match !== null) ?? [];
  if (total !== undefined) return { total: Number(total), count: Number(count) };
  const said = outcomeOf("facts", ended);
  return { reason: said.state === "ok" ? "it says nothing" : said.reason };
}

function batches(
  { total, count }: { total: number; count: number },
  setting: Setting,
  name: string,
): Batch[] {
  const step = 32 * 1024 * 1024;
  const limit = setting.limit ?? Math.min(4 * 1024 ** 3, Math.floor(total / 4 / step) * step);
  const of = (features: Feature[], value: string | number) =>
    features.map((each) => ({ name: each, value: String(value) }));
  const pooled = setting.pooled(total, count);
  const { percent, within, part } = setting.share;
  return [
    { asked: {}, features: of(["plain"], total), beside: "all" },
    {
      asked: { vram: limit },
      features: of(
        ["memory", "pitch", "arrays", "async", "pools", "vmm", "threads", "managed"],
        limit,
      ),
      beside: "all",
    },
    // The child of fork first: before the driver is there, which no child inherits.
    {
      asked: { vram: limit, group: name },
      features: of(["fork", "kill", "spawn"], limit),
      beside: "all",
    },
    {
      asked: { sm: percent },
      features: of(["share"], `${percent}:${within}:${part}`),
      beside: "other GPUs",
    },
    ...(pooled > 0
      ? [{ asked: { pool: true }, features: of(["pool"], pooled), beside: "nothing" as const }]
      : []),
  ];
}

/** What a program's lines say of a feature; where they say nothing, how it ended. */
export function outcomeOf(feature: string, { lines, errors, status }: Ended): Outcome {
  const said = lines.find((line) => line.startsWith(`${feature} `))?.slice(feature.length + 1);
  if (said === "ok") return { state: "ok" };
  if (said !== undefined) {
    return said.startsWith("skipped: ")
      ? skipped(said.slice("skipped: ".length))
      : { state: "failed", reason: said };
  }
  const last = errors.split("\n").at(-1) ?? "";
  const how = status === undefined
    ? "it did not end"
    : typeof status === "string"
    ? `killed by ${status}`
    : `status ${status}`;
  return { state: "failed", reason: last === "" ? how : `${how}: ${last}` };
}

function skipped(reason: string): Outcome {
  return { state: "skipped", reason };
}

function all(outcome: Outcome): Record<Feature, Outcome> {
  return Object.fromEntries(FEATURES.map((name) => [name, outcome])) as Record<Feature, Outcome>;
}

/** Something to be done by one of several workers. */
type Task<T> = (worker: number) => Promise<T>;

async function atOnce<T>(jobs: number, tasks: readonly Task<T>[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async (worker: number) => {
    for (let i = next++; i < tasks.length; i = next++) {
      const task = tasks[i];
      if (task !== undefined) results[i] = await task(worker);
    }
  };
  await Promise.all(Array.from({ length: jobs }, (_, worker) => work(worker)));
  return results;
}

/** The table's cells, and a line for each reason: reasons are numbered, for they are long. */
export function tableOf(rows: readonly Row[]): { cells: string[][]; reasons: string[] } {
  const reasons: string[] = [];
  const cell = (outcome: Outcome) => {
    if (outcome.state === "ok") return "ok";
    const text = `${outcome.state}: ${outcome.reason}`;
    if (!reasons.includes(text)) reasons.push(text);
    return `${outcome.state === "failed" ? "FAILED" : "-"} ${reasons.indexOf(text) + 1}`;
  };
  const cells = rows.map(({ way, outcomes }) => [
    way,
    ...FEATURES.map((name) => cell(outcomes[name])),
  ]);
  return { cells, reasons: reasons.map((reason, i) => `${i + 1} ${reason}`) };
}
