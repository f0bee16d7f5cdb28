/**
 * Which paths have to be tried in a process of its own: those that nothing speaks against which the drivers
 * tell when asked.
 *
 * @module
 */

import { SHARED_WAYS } from "../../transfer/sharing.ts";
import { importObstacle } from "./imported_blocks.ts";
import type { ProbeRequest } from "./probe.ts";
import {
  hostMemoryRequest,
  runtimePeerRequest,
  sharedMemoryRequest,
  vulkanOrNothing,
} from "./requests.ts";
import { noCommonRuntime } from "./runtime_paths.ts";
import { pairObstacle } from "./shared_memory.ts";
import type { PeerTransfer, TransferDevice } from "./target.ts";

/** What is to be tried for the host's end of each device. */
export function hostProbes(devices: readonly TransferDevice[]): ProbeRequest[] {
  return devices.flatMap((device) => {
    const target = vulkanOrNothing(device);
    return target === undefined || importObstacle(target) !== undefined
      ? []
      : [hostMemoryRequest(device, target)];
  });
}

/** The runtime by which the pair may reach each other, where it says that they do. */
function reachingRuntime(pair: PeerTransfer): string | undefined {
  if (noCommonRuntime(pair) !== undefined) return undefined;
  try {
    const from = pair.runtimes.member(pair.source.gpu);
    const to = pair.runtimes.member(pair.destination.gpu);
    const { runtime } = from.open;
    const obstacle = runtime.peerObstacle(from.device, to.device) ??
      runtime.peerObstacle(to.device, from.device);
    return obstacle === undefined ? runtime.name : undefined;
  } catch {
    // Whatever it is, the path says so when it is opened.
    return undefined;
  }
}

/** What is to be tried for a pair. */
export function pairProbes(pair: PeerTransfer): ProbeRequest[] {
  const requests: ProbeRequest[] = [];
  if (vulkanOrNothing(pair.source) && vulkanOrNothing(pair.destination)) {
    for (const { handle, mode } of SHARED_WAYS) {
      if (pairObstacle(pair, handle, mode) === undefined) {
        requests.push(sharedMemoryRequest(pair, handle, mode));
      }
    }
  }
  const runtime = reachingRuntime(pair);
  if (runtime !== undefined) requests.push(runtimePeerRequest(pair, runtime));
  return requests;
}
