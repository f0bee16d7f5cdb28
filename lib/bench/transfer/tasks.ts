/**
 * The tasks of the transfers of a run: each device with the host, and each ordered pair of devices.
 *
 * @module
 */

import { BRISK_LIMITS } from "../../transfer/prober.ts";
import type { Benchmark, Effort, Suite } from "../benchmark.ts";
import { type Readiness, type Task, task } from "../run.ts";
import { HOST_TRANSFER_BENCHMARKS, PEER_BENCHMARK, PEER_DUPLEX_BENCHMARK } from "./benchmarks.ts";
import { HostBlocks } from "./blocks.ts";
import { importObstacle } from "./imported_blocks.ts";
import { lostEnds } from "./lost_ends.ts";
import { hostProbes, pairProbes } from "./needed_probes.ts";
import type { ProbeRequest } from "./probe.ts";
import { plannedProbeMs } from "./probe_plan.ts";
import { Prober } from "./prober.ts";
import { RELAY_BENCHMARK } from "./relay.ts";
import { hostMemoryRequest, vulkanOrNothing } from "./requests.ts";
import {
  type PeerTransfer,
  transferBytes,
  type TransferDevice,
  type TransferTools,
} from "./target.ts";
import { sharedTools } from "./tools.ts";

/** More pairs than this are measured by the paths that are usually best. */
const PAIRS_FOR_ALL_SHAPES = 6;

/** What page-locking 512 MiB adds to what a transfer with the host takes beyond its time, in milliseconds. */
const HOST_OVERHEAD_MS = 500;

/** Options of {@linkcode transferTasks}. */
export interface TransferOptions {
  suites: readonly Suite[];
  devices: readonly TransferDevice[];
  /** Gives the command that starts mvgal, without arguments. */
  command: () => readonly string[];
  /** Why CUDA, HIP and Level Zero must not be opened; undefined where they may. */
  runtimeObstacle?: string | undefined;
}

/** Two different devices. */
interface Pair {
  source: TransferDevice;
  destination: TransferDevice;
}

/** Every ordered pair of devices. */
export function orderedPairs<T>(devices: readonly T[]): [T, T][] {
  return devices.flatMap((a) => devices.filter((b) => b !== a).map((b): [T, T] => [a, b]));
}

/** The effort for one of many pairs. */
export function effortForPairs(effort: Effort, pairs: number): Effort {
  return { ...effort, allShapes: effort.allShapes && pairs <= PAIRS_FOR_ALL_SHAPES };
}

/**
 * Whether what is the same from either end is measured from the first of two devices. Pairs an odd number
 * of places apart are measured from the earlier one and the others from the later one, so that no device
 * has most of them to do.
 */
export function isMeasuredFrom(place: number, other: number): boolean {
  return (place < other) === (Math.abs(place - other) % 2 === 1);
}

/** Page-locks the blocks in the vendor's runtime of the device; whether it is there. */
function warmRuntime({ runtimes }: TransferTools, { gpu }: TransferDevice): boolean {
  if (runtimes.nameFor(gpu) === undefined) return false;
  try {
    const { open, device } = runtimes.member(gpu);
    open.block(device, "pattern");
    open.block(device, "sink");
    return true;
  } catch {
    // Whatever it is, the path that needs it says so.
    return false;
  }
}

/** Page-locks the blocks by importing them into the device's Vulkan driver, where that may be done. */
function warmImports({ imported, verdicts }: TransferTools, device: TransferDevice): void {
  const target = vulkanOrNothing(device);
  if (target === undefined || importObstacle(target) !== undefined) return;
  if (verdicts.obstacle(hostMemoryRequest(device, target)) !== undefined) return;
  try {
    imported.get(target, "pattern");
    imported.get(target, "sink");
  } catch {
    // As above.
  }
}

/**
 * Page-locks what the device's transfers with the host share: that takes longer than measuring. Where not
 * all paths are measured, what the first of them needs is enough.
 */
function warmTools(tools: TransferTools, device: TransferDevice, effort: Effort): void {
  const hasRuntime = warmRuntime(tools, device);
  if (effort.allShapes || !hasRuntime) warmImports(tools, device);
}

function relayTasks(pairs: readonly Pair[]): Task[] {
  return pairs.map((pair) => {
    const { source, destination } = pair;
    const plain = task(RELAY_BENCHMARK, source.gpu.id, () => pair, destination.gpu.id);
    return {
      ...plain,
      lost: () => lostEnds([source, destination]),
      measure: (effort, around) => plain.measure(effortForPairs(effort, pairs.length), around),
    };
  });
}

/** Plans the transfers of a run. What it opens goes to `owner`, which must outlive the tasks. */
export function transferTasks(options: TransferOptions, owner: DisposableStack): Task[] {
  const { suites, devices, command, runtimeObstacle } = options;
  const pairs = orderedPairs(devices).map(([source, destination]): Pair => ({
    source,
    destination,
  }));
  const relays = suites.includes("sync") ? relayTasks(pairs) : [];
  if (!suites.includes("transfer") || devices.length === 0) return relays;

  const prober = new Prober({ command });
  /** By the size of their blocks: a small device among large ones makes its own transfers small alone. */
  const known = new Map<number, TransferTools>();
  const toolsFor = (ends: readonly TransferDevice[]): TransferTools => {
    const size = transferBytes(ends);
    const tools = known.get(size) ??
      owner.use(sharedTools(new HostBlocks(size), prober, { obstacle: runtimeObstacle }));
    known.set(size, tools);
    return tools;
  };
  const targetOf = ({ source, destination }: Pair): PeerTransfer => ({
    ...toolsFor([source, destination]),
    source,
    destination,
  });
  const triedOnce = (plannedMs: number, requests: () => ProbeRequest[]): Readiness => {
    let isDone = false;
    return {
      devices: devices.map(({ gpu }) => gpu.id),
      plannedMs,
      run: async ({ allShapes }, { pause }) => {
        if (isDone) return;
        const limits = allShapes ? undefined : BRISK_LIMITS;
        await prober.tryAll(requests(), pause, { limits });
        isDone = true;
      },
    };
  };
  const { length } = devices;
  const hostReadiness = triedOnce(
    plannedProbeMs(length, length, 1),
    () => hostProbes(devices),
  );
  const pairReadiness = triedOnce(plannedProbeMs(length, pairs.length, 2), () => [
    ...hostProbes(devices),
    ...pairs.flatMap((pair) => pairProbes(targetOf(pair))),
  ]);

  const withHost = devices.flatMap((device) =>
    HOST_TRANSFER_BENCHMARKS.map((benchmark): Task => {
      const tools = toolsFor([device]);
      const plain = task(benchmark, device.gpu.id, () => ({ ...tools, device }));
      return {
        ...plain,
        overheadMs: HOST_OVERHEAD_MS,
        readiness: hostReadiness,
        measure: (effort, around) => {
          warmTools(tools.forEffort(effort), device, effort);
          return plain.measure(effort, around);
        },
      };
    })
  );
  const between = (benchmark: Benchmark<PeerTransfer>, pair: Pair): Task => {
    const { source, destination } = pair;
    const plain = task(benchmark, source.gpu.id, () => targetOf(pair), destination.gpu.id);
    return {
      ...plain,
      readiness: pairReadiness,
      lost: () => lostEnds([source, destination]),
      measure: (effort, around) => {
        for (const tools of known.values()) tools.imported.release();
        return plain.measure(effortForPairs(effort, pairs.length), around);
      },
    };
  };
  // Both directions at once are the same from either end: each end measures those of half of its pairs.
  const once = pairs.filter(({ source, destination }) =>
    isMeasuredFrom(devices.indexOf(source), devices.indexOf(destination))
  );
  return [
    ...relays,
    ...withHost,
    ...pairs.map((pair) => between(PEER_BENCHMARK, pair)),
    ...once.map((pair) => between(PEER_DUPLEX_BENCHMARK, pair)),
  ];
}
