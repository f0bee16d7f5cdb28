/**
 * The ways within the tiers of copies, and which of them are used. Pure.
 *
 * @module
 */

import type { SharedHandle } from "../../../ffi/vulkan/external_memory.ts";
import type { ProbeFigures } from "../../transfer/probe.ts";
import { HANDLE_NAMES, MODE_NAMES, SHARED_WAYS, type SharedMode } from "../../transfer/sharing.ts";
import { TRANSFER_TIERS, type TransferPlan, type TransferTier } from "./types.ts";

/** How a member reaches what is staged: pages of the host that it imports, or its driver's mapped memory. */
export type StagingEnd = "pages" | "mapped";

/** How bytes may go from one member to another. */
export type Way =
  /** One exports memory, the other imports it and copies: `pull` exports the source, `push` the destination. */
  | { kind: "shared"; handle: SharedHandle; mode: SharedMode }
  /**
   * Both export memory as opaque descriptors, a runtime imports both and copies: at once, or through a buffer of
   * its own on the destination. Imported memory is not mapped on other devices: CUDA copies between two such
   * through the host, but straight to memory that it has allocated itself.
   */
  | { kind: "peer"; runtime: string; buffered: boolean }
  /** Through memory of the host. */
  | { kind: "staging"; from: StagingEnd; to: StagingEnd };

/** What is known of a way from one member to another. */
export interface WayState {
  readonly way: Way;
  /** Why it is not used; null where nothing speaks against it. */
  obstacle: string | null;
  /** What was measured; null where nothing was. */
  figures: ProbeFigures | null;
}

/** Two members, by index, and the ways between them in the order of the tiers. */
export interface PairState {
  readonly from: number;
  readonly to: number;
  readonly states: readonly WayState[];
}

/** The ways without the host, the best tier first. `runtime` is of both devices; undefined where there is none. */
export function directWays(runtime: string | undefined): Way[] {
  return [
    ...SHARED_WAYS.map((way): Way => ({ kind: "shared", ...way })),
    ...[true, false].map((buffered): Way => ({
      kind: "peer",
      runtime: runtime ?? "CUDA, HIP, Level Zero",
      buffered,
    })),
  ];
}

/** What makes two ways the same. */
export function wayKey(way: Way): string {
  switch (way.kind) {
    case "shared":
      return `${way.handle} ${way.mode}`;
    case "peer":
      return `peer ${way.runtime}${way.buffered ? " buffered" : ""}`;
    case "staging":
      return `staging ${way.from} ${way.to}`;
  }
}

/** The tier that a way belongs to. */
export function tierOf(way: Way): TransferTier {
  return way.kind === "shared" ? way.handle : way.kind;
}

/** A way for people. */
export function wayName(way: Way): string {
  switch (way.kind) {
    case "shared":
      return `${HANDLE_NAMES[way.handle]}: ${MODE_NAMES[way.mode]}`;
    case "peer":
      return `${way.runtime} peer copy${
        way.buffered ? " through a buffer beside the destination" : ""
      }`;
    case "staging": {
      const names = {
        pages: "imported pages of the host",
        mapped: "mapped memory of the driver",
      } as const;
      return way.from === way.to
        ? names[way.from]
        : `${names[way.from]} to ${names[way.to]}, with a copy by the processor`;
    }
  }
}

/** Which memory must be exported for a way, and as what. */
export function exportsOf(way: Way): { source?: SharedHandle; destination?: SharedHandle } {
  switch (way.kind) {
    case "shared":
      return way.mode === "pull" ? { source: way.handle } : { destination: way.handle };
    case "peer":
      return { source: "opaque_fd", destination: "opaque_fd" };
    case "staging":
      return {};
  }
}

/** A later tier must be as many times as fast for an earlier one that works to be passed over. */
const CLEARLY_FASTER = 1.5;

/** Bytes of a copy for which the bandwidth decides alone. */
const LARGE_COPY = 1 << 30;

/** 10^9 bytes a second of a copy of so many bytes, by what was measured; 0 where nothing was. */
function speedOf({ figures }: WayState, bytes: number): number {
  if (figures === null || !(figures.bandwidth_gb_s > 0)) return 0;
  const { bandwidth_gb_s, latency_us } = figures;
  return bytes / (latency_us * 1e3 + bytes / bandwidth_gb_s);
}

/**
 * The ways that work, the one to use first: by tier, and within a tier by what was measured; but one of a later
 * tier that is clearly faster comes first. Staging is last.
 *
 * @param states in the order of the tiers.
 * @param bytes of the copy.
 */
export function rankWays(states: readonly WayState[], bytes: number = LARGE_COPY): WayState[] {
  const speed = (state: WayState) => speedOf(state, bytes);
  const ranked: WayState[] = [];
  for (const state of states) {
    if (state.obstacle !== null) continue;
    const at = state.way.kind === "staging" ? -1 : ranked.findIndex((better) => {
      const factor = tierOf(better.way) === tierOf(state.way) ? 1 : CLEARLY_FASTER;
      return speed(better) > 0 && speed(state) > speed(better) * factor;
    });
    ranked.splice(at < 0 ? ranked.length : at, 0, state);
  }
  return ranked;
}

/**
 * As what each member exports its memory. That can be one kind of handle only: each takes the one that most of
 * its pairs' best ways need.
 *
 * @returns by the member's index; a member that need not export anything is missing.
 */
export function chooseExports(pairs: readonly PairState[]): Map<number, SharedHandle> {
  const votes = new Map<number, SharedHandle[]>();
  for (const { from, to, states } of pairs) {
    const [best] = rankWays(states);
    if (best === undefined) continue;
    const { source, destination } = exportsOf(best.way);
    if (source !== undefined) votes.set(from, [...votes.get(from) ?? [], source]);
    if (destination !== undefined) votes.set(to, [...votes.get(to) ?? [], destination]);
  }
  return new Map(Array.from(votes, ([member, own]): [number, SharedHandle] => {
    const dmaBufs = own.filter((handle) => handle === "dma_buf").length;
    return [member, 2 * dmaBufs >= own.length ? "dma_buf" : "opaque_fd"];
  }));
}

/** Why a way cannot be used with what its ends export; undefined where it can. */
export function exportObstacle(
  way: Way,
  source: SharedHandle | null,
  destination: SharedHandle | null,
): string | undefined {
  const needed = exportsOf(way);
  const as = (handle: SharedHandle | null) =>
    handle === null ? "is not exported" : `is exported as ${HANDLE_NAMES[handle]}`;
  if (needed.source !== undefined && needed.source !== source) {
    return `the source's memory ${as(source)}`;
  }
  if (needed.destination !== undefined && needed.destination !== destination) {
    return `the destination's memory ${as(destination)}`;
  }
  return undefined;
}

const rounded = (figure: number) => Number(figure.toPrecision(3));

/** Why a tier is not used although another one is. */
function refusalOf(states: readonly WayState[], used: WayState): string {
  const working = states.find(({ obstacle }) => obstacle === null);
  if (working === undefined) {
    return [...new Set(states.map(({ obstacle }) => obstacle))].join("; ");
  }
  const speed = ({ figures }: WayState) =>
    figures === null ? "unknown speed" : `${rounded(figures.bandwidth_gb_s)} GB/s`;
  return `it is slower: ${speed(working)} against ${speed(used)}`;
}

/** What is told of a pair. */
export function planOf(
  { states }: Pick<PairState, "states">,
  names: { from: string; to: string },
): TransferPlan {
  const [best] = rankWays(states);
  // Staging is the last way: where even that has failed it is tried again.
  const used = best ?? states.at(-1);
  if (used === undefined) throw new TypeError(`no way from ${names.from} to ${names.to}`);
  const tier = tierOf(used.way);
  const better = TRANSFER_TIERS.slice(0, TRANSFER_TIERS.indexOf(tier) + (best ? 0 : 1));
  return {
    ...names,
    tier,
    how: wayName(used.way),
    refused: better.map((each) => ({
      tier: each,
      reason: refusalOf(states.filter(({ way }) => tierOf(way) === each), used),
    })),
    bandwidth_gb_s: used.figures === null ? null : rounded(used.figures.bandwidth_gb_s),
    latency_us: used.figures === null ? null : rounded(used.figures.latency_us),
  };
}
