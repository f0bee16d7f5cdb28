/**
 * What a pool has tried in a process of its own: ways between two devices, or a device's pages of the host.
 *
 * @module
 */

import type { ProbeKind, ProbeRound } from "../../transfer/prober.ts";
import { referenceTo, type VulkanReference } from "../../transfer/reference.ts";
import type { RuntimeGpu } from "../../transfer/runtimes.ts";
import { gpuFacts } from "./gpu_facts.ts";
import type { TransferMember } from "./types.ts";
import { type Way, wayKey } from "./ways.ts";

/** A member, for another process. */
export interface MemberReference {
  vulkan: VulkanReference;
  /** Which driver: what came of a request is good for as long as it is the same. */
  driver: string;
  gpu: RuntimeGpu;
}

/** What is to be tried; `limitMs`: how long one copy may take before the device counts as hung. */
export type WayRequest =
  & { from: MemberReference; limitMs: number }
  & (
    /** Copying from one member to another in a way. */
    | { to: MemberReference; way: Way }
    /** Bringing bytes to a member and back by pages of the host that it imports. */
    | { to: null; way: null }
  );

/** A reference to a member. */
export function memberReference(member: TransferMember): MemberReference {
  const { physical } = member.device;
  return {
    vulkan: referenceTo(physical),
    driver: `${physical.driverUuid} ${physical.driverName} ${physical.driverInfo}`,
    gpu: gpuFacts(member),
  };
}

/** That bytes go from one member to another in a way. */
export function wayRequest(
  from: TransferMember,
  to: TransferMember,
  way: Way,
  limitMs: number,
): WayRequest {
  return { from: memberReference(from), to: memberReference(to), way, limitMs };
}

/** That a member imports pages of the host. */
export function pagesRequest(member: TransferMember, limitMs: number): WayRequest {
  return { from: memberReference(member), to: null, way: null, limitMs };
}

function nameOf({ vulkan, driver }: MemberReference): string {
  return `${vulkan.index} ${vulkan.uuid} ${vulkan.name} (${driver})`;
}

/** What makes two requests the same. */
export function wayRequestKey({ from, to, way }: WayRequest): string {
  if (to === null) return `pages: ${nameOf(from)}`;
  return `${wayKey(way)}: ${nameOf(from)} to ${nameOf(to)}`;
}

/**
 * The order in which ways are tried: requests of one way, between devices of the same vendors, go to one child
 * after the other. Sharing memory between drivers is what hangs: nothing else is tried beside it.
 */
export function wayRounds(requests: readonly WayRequest[]): ProbeRound<WayRequest>[] {
  const groupOf = ({ from, to, way }: WayRequest) => {
    if (to === null) return `pages, ${from.gpu.vendor}`;
    const kind = way.kind === "shared" ? way.handle : way.kind;
    // Both directions go to one child: where a device hangs in the one, the other is decided at once.
    return `${kind}, ${[from.gpu.vendor, to.gpu.vendor].sort().join(" and ")}`;
  };
  const grouped = (those: readonly WayRequest[]): ProbeRound<WayRequest> =>
    Array.from(Map.groupBy(those, groupOf), ([way, requests]) => ({ way, requests }));
  const isShared = ({ way }: WayRequest) => way?.kind === "shared";
  return [
    grouped(requests.filter((request) => !isShared(request))),
    ...grouped(requests.filter(isShared)).map((group) => [group]),
  ].filter((round) => round.length > 0);
}

/** What requests of a pool mean to the prober. */
export const WAY_PROBES: ProbeKind<WayRequest> = {
  asker: "pool",
  key: wayRequestKey,
  rounds: wayRounds,
};
