/**
 * The tasks of the transfers of a run: each device with the host, and each ordered pair of devices.
 *
 * @module
 */

import type { Benchmark, Effort, Suite } from "../benchmark.ts";
import type { Surroundings } from "../measure.ts";
import { type Task, task } from "../run.ts";
import { HOST_TRANSFER_BENCHMARKS, PEER_BENCHMARK, PEER_DUPLEX_BENCHMARK } from "./benchmarks.ts";
import { HostBlocks } from "./blocks.ts";
import { importObstacle } from "./imported_blocks.ts";
import type { ProbeRequest } from "./probe.ts";
import { Prober } from "./prober.ts";
import { RELAY_BENCHMARK } from "./relay.ts";
import {
  hostMemoryRequest,
  runtimePeerRequest,
  sharedMemoryRequest,
  vulkanOrNothing,
} from "./requests.ts";
import { noCommonRuntime } from "./runtime_paths.ts";
import { pairObstacle, SHARED_WAYS } from "./shared_memory.ts";
import {
  type PeerTransfer,
  transferBytes,
  type TransferDevice,
  type TransferTools,
} from "./target.ts";
import { sharedTools } from "./tools.ts";

/** More pairs than this are measured by the paths that are usually best. */
const PAIRS_FOR_ALL_SHAPES = 6;

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

/** A task that is made ready, by other processes too, before it measures. */
function readied<T>(
  benchmark: Benchmark<T>,
  device: string,
  peer: string | null,
  target: () => T,
  ready: (around: Surroundings, effort: Effort) => Promise<void>,
  effortOf: (effort: Effort) => Effort = (effort) => effort,
): Task {
  const plain = task(benchmark, device, target, peer);
  return {
    ...plain,
    measure: async (effort, around) => {
      await ready(around, effort);
      return await plain.measure(effortOf(effort), around);
    },
  };
}

/** Page-locks what the device's transfers with the host share: that takes longer than measuring. */
function warmTools(tools: TransferTools, device: TransferDevice): void {
  try {
    const target = vulkanOrNothing(device);
    const imports = target !== undefined && importObstacle(target) === undefined &&
      tools.verdicts.obstacle(hostMemoryRequest(device, target)) === undefined;
    if (imports) {
      tools.imported.get(target, "pattern");
      tools.imported.get(target, "sink");
    }
    if (tools.runtimes.nameFor(device.gpu) !== undefined) {
      const member = tools.runtimes.member(device.gpu);
      member.open.block(member.device, "pattern");
      member.open.block(member.device, "sink");
    }
  } catch {
    // Whatever it is, the path that needs it says so.
  }
}

/** What is to be tried for the host's end of each device. */
function hostRequests(devices: readonly TransferDevice[]): ProbeRequest[] {
  return devices.flatMap((device) => {
    const target = vulkanOrNothing(device);
    return target === undefined || importObstacle(target) !== undefined
      ? []
      : [hostMemoryRequest(device, target)];
  });
}

/** What is to be tried for a pair: all that nothing speaks against. */
function pairRequests(pair: PeerTransfer): ProbeRequest[] {
  const requests: ProbeRequest[] = [];
  if (vulkanOrNothing(pair.source) && vulkanOrNothing(pair.destination)) {
    for (const { handle, mode } of SHARED_WAYS) {
      if (pairObstacle(pair, handle, mode) === undefined) {
        requests.push(sharedMemoryRequest(pair, handle, mode));
      }
    }
  }
  const name = pair.runtimes.nameFor(pair.source.gpu);
  if (name !== undefined && noCommonRuntime(pair) === undefined) {
    requests.push(runtimePeerRequest(pair, name));
  }
  return requests;
}

function relayTasks(pairs: readonly Pair[]): Task[] {
  return pairs.map(({ source, destination }) =>
    readied(
      RELAY_BENCHMARK,
      source.gpu.id,
      destination.gpu.id,
      () => ({ source, destination }),
      () => Promise.resolve(),
      (effort) => effortForPairs(effort, pairs.length),
    )
  );
}

/** Plans the transfers of a run. What it opens goes to `owner`, which must outlive the tasks. */
export function transferTasks(options: TransferOptions, owner: DisposableStack): Task[] {
  const { suites, devices, command, runtimeObstacle } = options;
  const pairs = orderedPairs(devices).map(([source, destination]): Pair => ({
    source,
    destination,
  }));
  const tasks: Task[] = [];
  if (suites.includes("sync")) tasks.push(...relayTasks(pairs));
  if (!suites.includes("transfer") || devices.length === 0) return tasks;

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
  for (const device of devices) {
    const tools = toolsFor([device]);
    const ready = async ({ pause }: Surroundings, effort: Effort) => {
      await prober.tryAll(hostRequests(devices), pause);
      warmTools(tools.forEffort(effort), device);
    };
    for (const benchmark of HOST_TRANSFER_BENCHMARKS) {
      tasks.push(readied(benchmark, device.gpu.id, null, () => ({ ...tools, device }), ready));
    }
  }
  const targetOf = ({ source, destination }: Pair): PeerTransfer => ({
    ...toolsFor([source, destination]),
    source,
    destination,
  });
  const pairReady = async ({ pause }: Surroundings) => {
    for (const tools of known.values()) tools.imported.release();
    const requests = pairs.flatMap((pair) => pairRequests(targetOf(pair)));
    await prober.tryAll([...hostRequests(devices), ...requests], pause);
  };
  const add = (benchmark: Benchmark<PeerTransfer>, pair: Pair) =>
    tasks.push(readied(
      benchmark,
      pair.source.gpu.id,
      pair.destination.gpu.id,
      () => targetOf(pair),
      pairReady,
      (effort) => effortForPairs(effort, pairs.length),
    ));
  for (const pair of pairs) add(PEER_BENCHMARK, pair);
  // Both directions at once are the same from either end.
  const isFirst = ({ source, destination }: Pair) =>
    devices.indexOf(source) < devices.indexOf(destination);
  for (const pair of pairs.filter(isFirst)) add(PEER_DUPLEX_BENCHMARK, pair);
  return tasks;
}
