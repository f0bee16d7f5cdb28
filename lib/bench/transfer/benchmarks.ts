/**
 * The transfer suite: between the host and a device, and between devices.
 *
 * @module
 */

import type { Benchmark, Effort, Shape } from "../benchmark.ts";
import { UnsupportedError } from "../benchmark.ts";
import { HOST_LINK, HOST_LINK_DUPLEX, PEER_LINK, PEER_LINK_DUPLEX } from "../peaks/link.ts";
import { type Direction, pinnedPaths } from "./host_paths.ts";
import { mappedPath } from "./mapped_path.ts";
import { pageablePath } from "./pageable_path.ts";
import { runtimeHostPaths, runtimePeerPaths } from "./runtime_paths.ts";
import { sharedMemoryPaths } from "./shared_memory.ts";
import { stagingPaths } from "./staging.ts";
import type { HostTransfer, PeerTransfer } from "./target.ts";
import { type Path, shapeOf } from "./transfer.ts";

/** Paths that can only be listed with an open device; where there is none, one that says why. */
function listed(name: string, list: () => Path[]): Path[] {
  try {
    return list();
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return [{
      name,
      open: () => {
        throw error;
      },
    }];
  }
}

/**
 * Best guesses first, and what is of another kind before variants: there may be no time for all. The vendor's
 * runtime knows best how its copy engines are driven; without it, host memory that the driver imports and a
 * queue that copies come closest.
 */
export function hostShapes(to: HostTransfer, direction: Direction, { allShapes }: Effort): Shape[] {
  const [first, ...rest] = listed("pinned", () => pinnedPaths(to, direction, allShapes));
  const paths = [...runtimeHostPaths(to, direction), ...(first ? [first] : [])];
  // One processor serves both directions by turns: there is nothing to measure at once.
  if (direction !== "duplex") paths.push(pageablePath(to, direction), mappedPath(to, direction));
  return [...paths, ...rest].map(shapeOf);
}

/** Best guesses first; paths that are mostly refused, which takes no time, before those that never are. */
function peerShapes(pair: PeerTransfer, isDuplex: boolean, { allShapes }: Effort): Shape[] {
  const [direct, ...runtime] = runtimePeerPaths(pair, isDuplex, allShapes);
  const [staging, ...divisions] = stagingPaths(pair, isDuplex, allShapes);
  const paths = [direct, ...sharedMemoryPaths(pair, isDuplex), staging, ...runtime, ...divisions];
  return paths.flatMap((path) => path === undefined ? [] : [shapeOf(path)]);
}

function hostBenchmark(
  direction: Direction,
  title: string,
  convention: string,
): Benchmark<HostTransfer> {
  return {
    name: `transfer.${direction}`,
    suite: "transfer",
    title,
    unit: "GB/s",
    better: "higher",
    convention,
    peak: direction === "duplex" ? HOST_LINK_DUPLEX : HOST_LINK,
    unsupported: () => undefined,
    shapes: (to, effort) => hostShapes({ ...to, ...to.forEffort(effort) }, direction, effort),
  };
}

/** Between the host and a device. */
export const HOST_TRANSFER_BENCHMARKS: readonly Benchmark<HostTransfer>[] = [
  hostBenchmark("h2d", "host to device", "bytes that arrive, counted once"),
  hostBenchmark("d2h", "device to host", "bytes that arrive, counted once"),
  hostBenchmark("duplex", "both at once", "bytes that arrive in both directions together"),
];

function peerBenchmark(
  name: string,
  title: string,
  convention: string,
  isDuplex: boolean,
): Benchmark<PeerTransfer> {
  return {
    name: `transfer.${name}`,
    suite: "transfer",
    title,
    unit: "GB/s",
    better: "higher",
    convention,
    peak: isDuplex ? PEER_LINK_DUPLEX : PEER_LINK,
    unsupported: () => undefined,
    shapes: (pair, effort) => peerShapes({ ...pair, ...pair.forEffort(effort) }, isDuplex, effort),
  };
}

/** From the device of a task to its peer. */
export const PEER_BENCHMARK: Benchmark<PeerTransfer> = peerBenchmark(
  "peer",
  "device to device",
  "bytes that arrive, counted once",
  false,
);

/** Between the device of a task and its peer, both directions at once. */
export const PEER_DUPLEX_BENCHMARK: Benchmark<PeerTransfer> = peerBenchmark(
  "peer_duplex",
  "device to device, both ways",
  "bytes that arrive in both directions together",
  true,
);
