/**
 * Processes of one group that race for its memory, and such that are killed meanwhile.
 *
 * @module
 */

import { groupUse } from "../../lib/session/group.ts";
import { livingMembers, readGroup } from "../../lib/session/group_file.ts";
import { hostClock } from "../../lib/control/clock.ts";
import { Board, sleep } from "./board.ts";
import type { Launcher } from "./launcher.ts";

/** Who races, and for what. */
export interface Contest {
  launch: Launcher;
  /** The command of racer.c. */
  racer: string;
  group: string;
  /** The group's file. */
  file: string;
  /** Bytes that the group may have of the first GPU. */
  limit: number;
  processes: number;
  /** Which row of the group's file is of that GPU. */
  gpu?: number;
  /** Bytes in use of the GPU, as something says that mvgal is not in; undefined where nothing does. */
  used?: () => number | undefined;
}

/** What came of races. */
export interface Races {
  rounds: number;
  allocations: number;
  refusals: number;
  /** Bytes that all had at once, at most, by what they noted. */
  most: number;
  /** Bytes that the GPU had in use beyond the empty contexts, at most; null where nothing says so. */
  most_used: number | null;
  /** Bytes by which less is free after all rounds than before the first one. */
  lost: number;
  wrong: string[];
}

/** What came of kills. */
export interface Kills {
  kills: number;
  /** Milliseconds from the kill until all of the limit was given out again: median and most. */
  median_ms: number;
  most_ms: number;
  wrong: string[];
}

/** Bytes that code takes, or the driver rounds up, before the shim can know. */
function slack(limit: number): number {
  return limit / 64;
}

function start(board: Board, { launch, limit, group, racer }: Contest, index: number): void {
  board.start(index, launch({ vram: limit, group }, [racer]));
}

/** What stands in the group's file, of one GPU. */
function account({ file, gpu = 0 }: Contest): { pids: number[]; used: number; free: number } {
  const reading = readGroup(file);
  if (reading?.state !== "group") {
    throw new Error(
      `${file}: ${reading === undefined ? "mvgal run made no group" : reading.reason}`,
    );
  }
  const use = groupUse(reading.group, hostClock.startTime)[gpu];
  return {
    pids: livingMembers(reading.group).map(({ pid }) => pid),
    used: use?.used_bytes ?? NaN,
    free: Number(use?.free_bytes ?? NaN),
  };
}

/** Races, and what they left behind. */
export async function race(contest: Contest, rounds: number, milliseconds = 100): Promise<Races> {
  const { processes, limit, used } = contest;
  const wrong: string[] = [];
  using board = new Board();
  board.largest = Math.floor(limit / 8);
  for (let i = 0; i < processes; i++) start(board, contest, i);
  await board.until(() => board.racers().length === processes, "start of the racers", 90);
  const empty = used?.();
  let mostUsed = 0;
  const onceRaced = async () => {
    await board.tell("race");
    await sleep(milliseconds);
  };
  // What contexts and code take, and what the driver rounds up, is looked at again after 2 s.
  const freeAll = async () => {
    await board.tell("free");
    await sleep(2100);
    await board.tell("free");
    await board.tell("look");
    return Math.min(...board.racers().map(({ unused }) => unused));
  };
  await onceRaced();
  const before = await freeAll();
  for (let round = 0; round < rounds; round++) {
    await onceRaced();
    // While they hold still, so that one look sees all of them.
    if (used !== undefined && round % 10 === 0) {
      await board.tell("hold");
      mostUsed = Math.max(mostUsed, (used() ?? 0) - (empty ?? 0));
    }
    await board.tell("free");
  }
  const lost = before - await freeAll();
  const racers = board.racers();
  const total = (of: "allocations" | "refusals") => racers.reduce((sum, each) => sum + each[of], 0);
  const { most } = board;
  const result = { allocations: total("allocations"), refusals: total("refusals"), most };
  await board.quit();
  const left = account(contest);
  if (most > limit) wrong.push(`${most} bytes at once under a limit of ${limit}`);
  if (mostUsed > limit + slack(limit)) {
    wrong.push(`the GPU had ${mostUsed} bytes in use under ${limit}`);
  }
  // What code takes may grow by a little; what was allocated may not stay.
  if (lost > slack(limit)) wrong.push(`${lost} bytes less are free after the rounds than before`);
  if (left.pids.length > 0 || left.used !== 0) {
    wrong.push(`${left.used} bytes are charged after all have ended`);
  }
  if (result.refusals === 0) wrong.push("nobody was refused: it was no race");
  return {
    rounds,
    ...result,
    most_used: empty === undefined ? null : mostUsed,
    lost: Math.max(0, lost),
    wrong,
  };
}

/** Kills one process of the group after another, and looks at the accounts after each. */
export async function killSome(contest: Contest, kills: number): Promise<Kills> {
  const { processes, limit } = contest;
  const wrong: string[] = [];
  const times: number[] = [];
  using board = new Board();
  board.largest = Math.floor(limit / 8);
  for (let i = 0; i < processes; i++) start(board, contest, i);
  for (let kill = 0; kill < kills; kill++) {
    // New ones start meanwhile: a context takes its time.
    await board.until(
      () => board.racers().length >= Math.ceil(processes / 2),
      "start of the racers",
      90,
    );
    await board.tell("race");
    await sleep(Math.random() * 40);
    const racers = board.racers();
    const victim = racers[Math.floor(Math.random() * racers.length)];
    const heir = racers.find(({ index }) => index !== victim?.index);
    if (victim === undefined || heir === undefined) throw new Error("no racer is left");
    Deno.kill(victim.pid, "SIGKILL");
    const begin = performance.now();
    board.forget(victim.index);
    await board.tell("hold");
    let said = wrongIn(contest, board, victim.pid);
    while (said !== "" && performance.now() - begin < 1000) {
      await sleep(1);
      said = wrongIn(contest, board, victim.pid);
    }
    times.push(performance.now() - begin);
    // Who lives gets what there is.
    await board.tell("fill", heir.index);
    said ||= wrongIn(contest, board, victim.pid) || leftOver(contest);
    if (said !== "") wrong.push(`after kill ${kill + 1}: ${said}`);
    await board.tell("free");
    start(board, contest, victim.index);
  }
  await board.quit();
  const left = account(contest);
  if (left.pids.length > 0 || left.used !== 0) {
    wrong.push(`${left.used} bytes are charged after all have ended`);
  }
  times.sort((a, b) => a - b);
  return {
    kills,
    median_ms: times[times.length >> 1] ?? NaN,
    most_ms: times.at(-1) ?? NaN,
    wrong,
  };
}

/** What is left over though somebody takes all that there is. */
function leftOver(contest: Contest): string {
  const { free } = account(contest);
  return free > slack(contest.limit)
    ? `${free} bytes are charged to nobody and given to nobody`
    : "";
}

/** What is wrong with the group's accounts while the living hold still. */
function wrongIn(contest: Contest, board: Board, dead: number): string {
  const { pids, used } = account(contest);
  const live = board.racers().reduce((sum, each) => sum + each.live, 0);
  if (pids.includes(dead)) return `process ${dead} still counts`;
  if (used > contest.limit + slack(contest.limit)) {
    return `${used} bytes are charged under ${contest.limit}`;
  }
  if (used < live) return `${used} bytes are charged, and ${live} are allocated`;
  return "";
}
