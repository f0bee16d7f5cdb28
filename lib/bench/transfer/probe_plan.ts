/**
 * In which order requests are tried, and how many at once.
 *
 * Requests of one way, between devices of the same vendors, go to one child after the other: where that way
 * has hung or crashed again and again, the rest is not tried. Different ways are tried at the same time,
 * each in a child with memory of its own, but for sharing memory between drivers: that is what hangs, and
 * in a kernel that hangs others must not be told so of themselves.
 *
 * @module
 */

import type { ProbeGroup as Group, ProbeRound } from "../../transfer/prober.ts";
import type { ProbeRequest } from "./probe.ts";

/** Requests of benchmarks of one way. */
export type ProbeGroup = Group<ProbeRequest>;

/** The way of a request, in words. */
export function wayOf(request: ProbeRequest): string {
  const { vendor } = request.device.gpu;
  switch (request.kind) {
    case "host_memory":
      return `host_memory, ${vendor}`;
    case "shared_memory":
      return `${request.handle} ${request.mode}, ${vendor} to ${request.peer.gpu.vendor}`;
    case "runtime_peer":
      return `${request.runtime}, ${vendor} to ${request.peer.gpu.vendor}`;
  }
}

function grouped(requests: readonly ProbeRequest[]): ProbeGroup[] {
  return Array.from(Map.groupBy(requests, wayOf), ([way, those]) => ({ way, requests: those }));
}

/** The rounds of some requests, which follow each other. */
export function probeRounds(requests: readonly ProbeRequest[]): ProbeRound<ProbeRequest>[] {
  const isShared = ({ kind }: ProbeRequest) => kind === "shared_memory";
  return [
    grouped(requests.filter((request) => !isShared(request))),
    grouped(requests.filter(isShared)),
  ].filter((round) => round.length > 0);
}

/** What a child takes to start, to open a device, and to try one request, in milliseconds. */
const START_MS = 500, OPEN_MS = 500, TRY_MS = 60;

/**
 * The time that trying paths takes by plan, in milliseconds, where nothing hangs: a child of each round opens
 * all devices, whatever others do beside it.
 *
 * @param requests of one way, as many as there are at most: one a device, or one an ordered pair.
 */
export function plannedProbeMs(devices: number, requests: number, rounds: number): number {
  return rounds * (START_MS + devices * OPEN_MS + requests * TRY_MS);
}
