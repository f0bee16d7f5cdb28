/**
 * Opening the ways between the members of a pool: what their drivers say is asked, the rest is tried.
 *
 * @module
 */

import { selfCommand } from "../../launch/self.ts";
import { type ProbeLimits, type ProbeVerdict, RequestProber } from "../../transfer/prober.ts";
import { RuntimeLibraries, type RuntimeOptions } from "../../transfer/runtimes.ts";
import { sharingObstacle } from "../../transfer/sharing.ts";
import { gpuFacts } from "./gpu_facts.ts";
import { peerObstacle } from "./peer_copy.ts";
import {
  pagesRequest,
  WAY_PROBES,
  type WayRequest,
  wayRequest,
  wayRequestKey,
} from "./requests.ts";
import type { StagingSize } from "./staging.ts";
import { PoolTransfers } from "./transfers.ts";
import type { TransferMember, Transfers } from "./types.ts";
import { directWays, type PairState, type StagingEnd, type Way, type WayState } from "./ways.ts";

/** Options of {@linkcode openTransfers}. */
export interface TransferOptions {
  /** Gives the command that starts mvgal, without arguments; this one's by default. */
  command?: () => readonly string[];
  /** How long trying a way in another process may take. */
  probeLimits?: ProbeLimits;
  /** Memory of the host for staging: 64 MiB in chunks of 16 MiB by default. */
  staging?: Partial<StagingSize>;
  /** How long a copy may take before a device counts as hung, in ms; 30,000 by default. */
  limitMs?: number;
  /** Of the vendors' runtimes. */
  runtimes?: RuntimeOptions;
}

/** A pool waits for these before it can work: a way that takes longer to try is not worth it. */
const PROBE_LIMITS: ProbeLimits = { firstMs: 20_000, nextMs: 5000, farewellMs: 1000 };

/** How long one copy of a try may take, in ms: far longer than it does where nothing hangs. */
const TRY_LIMIT_MS = 1500;

/** What came of requests in this process: the same driver on the same device gives the same answer. */
const verdicts = new Map<string, ProbeVerdict>();

/** Tries requests that were not tried before. */
async function probe(requests: readonly WayRequest[], options: TransferOptions): Promise<void> {
  const fresh = requests.filter((request) => !verdicts.has(wayRequestKey(request)));
  if (fresh.length === 0) return;
  const { command = selfCommand, probeLimits = PROBE_LIMITS } = options;
  const prober = new RequestProber(WAY_PROBES, { command, limits: probeLimits });
  await prober.tryAll(fresh, () => Promise.resolve());
  for (const request of fresh) {
    const verdict = prober.verdict(request);
    if (verdict !== undefined) verdicts.set(wayRequestKey(request), verdict);
  }
}

function verdictOf(request: WayRequest): ProbeVerdict {
  return verdicts.get(wayRequestKey(request)) ?? { obstacle: "it was not tried" };
}

/** Why a way cannot be, as far as the drivers say; null where it is worth trying. */
function obstacleOf(
  way: Way,
  from: TransferMember,
  to: TransferMember,
  libraries: RuntimeLibraries,
): string | null {
  if (way.kind === "peer") {
    return peerObstacle(libraries, gpuFacts(from), gpuFacts(to)) ??
      exportObstacleOf(from) ?? exportObstacleOf(to) ?? null;
  }
  if (way.kind === "staging") return null;
  const [owner, other] = way.mode === "pull" ? [from, to] : [to, from];
  return sharingObstacle(sides(owner), sides(other), way.handle) ?? null;
}

function sides({ device }: TransferMember) {
  return { device, physical: device.physical };
}

/** Why a member does not export memory to a runtime on the same device; undefined where it may. */
function exportObstacleOf(member: TransferMember): string | undefined {
  return sharingObstacle(sides(member), sides(member), "opaque_fd");
}

/** The ways of a pair without the host. */
function survey(
  from: TransferMember,
  to: TransferMember,
  libraries: RuntimeLibraries,
): WayState[] {
  const runtime = libraries.nameFor(gpuFacts(from));
  return directWays(runtime).map((way) => ({
    way,
    obstacle: obstacleOf(way, from, to, libraries),
    figures: null,
  }));
}

/** Takes what came of the tries of a pair. */
function decide(
  states: readonly WayState[],
  from: TransferMember,
  to: TransferMember,
  limitMs: number,
): void {
  for (const state of states) {
    if (state.obstacle !== null) continue;
    const { obstacle, figures = null } = verdictOf(wayRequest(from, to, state.way, limitMs));
    state.obstacle = obstacle;
    state.figures = figures;
  }
}

/** Why members do not import pages of the host, by index. */
async function surveyPages(
  members: readonly TransferMember[],
  direct: readonly WayRequest[],
  limitMs: number,
  options: TransferOptions,
): Promise<Map<number, string>> {
  const able = members.filter(({ device }) => device.physical.hostPointerAlignment !== null);
  await probe([...direct, ...able.map((member) => pagesRequest(member, limitMs))], options);
  const obstacles = new Map<number, string>();
  for (const member of members) {
    const obstacle = able.includes(member)
      ? verdictOf(pagesRequest(member, limitMs)).obstacle
      : `${member.name} lacks VK_EXT_external_memory_host`;
    if (obstacle !== null) obstacles.set(member.index, obstacle);
  }
  return obstacles;
}

/**
 * Finds the best way between each two members, and opens it. Ways that the drivers do not refuse are tried by
 * bytes in processes of their own, each once in this process's life. Staging is the last, and always there.
 *
 * @throws {RangeError} by rejection for two members of one index.
 */
export async function openTransfers(
  members: readonly TransferMember[],
  options: TransferOptions = {},
): Promise<Transfers> {
  if (new Set(members.map(({ index }) => index)).size < members.length) {
    throw new RangeError("two members have the same index");
  }
  const tryMs = Math.min(TRY_LIMIT_MS, options.limitMs ?? Infinity);
  using undo = new DisposableStack();
  const libraries = undo.use(new RuntimeLibraries(options.runtimes));
  const couples = members.flatMap((from) =>
    members.filter((to) => to !== from).map((to) => ({
      from,
      to,
      states: survey(from, to, libraries),
    }))
  );
  const direct = couples.flatMap(({ from, to, states }) =>
    states.filter(({ obstacle }) => obstacle === null)
      .map(({ way }) => wayRequest(from, to, way, tryMs))
  );
  const pagesObstacles = await surveyPages(members, direct, tryMs, options);
  const endOf = ({ index }: TransferMember): StagingEnd =>
    pagesObstacles.has(index) ? "mapped" : "pages";
  const stagingOf = (from: TransferMember, to: TransferMember): WayState => ({
    way: { kind: "staging", from: endOf(from), to: endOf(to) },
    obstacle: null,
    figures: null,
  });
  const staged: { from: TransferMember; to: TransferMember; state: WayState }[] = [];
  const pairs = couples.map(({ from, to, states }): PairState => {
    decide(states, from, to, tryMs);
    const state = stagingOf(from, to);
    // Where there is a better way, staging is tried only by being used, once that fails.
    if (states.every(({ obstacle }) => obstacle !== null)) staged.push({ from, to, state });
    return { from: from.index, to: to.index, states: [...states, state] };
  });
  const requests = staged.map(({ from, to, state }) => wayRequest(from, to, state.way, tryMs));
  await probe(requests, options);
  for (const { from, to, state } of staged) decide([state], from, to, tryMs);
  const parts = { ...options, members, pairs, pagesObstacles, gpuOf: gpuFacts, libraries };
  return new PoolTransfers({ ...parts, owned: undo.move() });
}
