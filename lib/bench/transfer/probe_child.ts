/**
 * What `mvgal __probe-transfer` does: tries paths with a few bytes, and says what came of each.
 *
 * @module
 */

import { Instance } from "../../../ffi/vulkan/instance.ts";
import type { PhysicalDevice } from "../../../ffi/vulkan/physical_device.ts";
import { findPhysicalDevice } from "../../discovery/vulkan_device.ts";
import type { ProbeAnswer } from "../../transfer/probe.ts";
import { UnsupportedError } from "../benchmark.ts";
import { reasonOf } from "../errors.ts";
import { VulkanTarget } from "../vulkan/target.ts";
import { HostBlocks } from "./blocks.ts";
import { pinnedPaths } from "./host_paths.ts";
import type { DeviceReference, ProbeRequest } from "./probe.ts";
import { runtimePeerPaths } from "./runtime_paths.ts";
import { sharedMemoryPath } from "./shared_memory.ts";
import type { TransferDevice, TransferTools } from "./target.ts";
import { sharedTools } from "./tools.ts";
import type { Path } from "./transfer.ts";

/** Enough to leave every cache, little enough to take no time. */
const PROBE_BYTES = 8 << 20;

/** The devices of the requests, each opened once. */
class ChildDevices implements Disposable {
  readonly #owned = new DisposableStack();
  readonly #targets = new Map<string, VulkanTarget>();
  #instance: Instance | undefined;
  #physical: PhysicalDevice[] = [];

  /** The device of a reference, opened through Vulkan when that is asked for. */
  get({ gpu, vulkan }: DeviceReference): TransferDevice {
    return {
      gpu,
      get: () => {
        if (vulkan === null) throw new UnsupportedError("Vulkan does not show it");
        const key = `${vulkan.index} ${gpu.id}`;
        const target = this.#targets.get(key) ?? this.#open(gpu.id, vulkan);
        this.#targets.set(key, target);
        return target;
      },
    };
  }

  #open(id: string, vulkan: NonNullable<DeviceReference["vulkan"]>): VulkanTarget {
    if (this.#instance === undefined) {
      const opened = Instance.open();
      if (opened.state === "absent") throw new UnsupportedError(opened.reason);
      this.#instance = this.#owned.use(opened.instance);
      this.#physical = this.#instance.physicalDevices();
    }
    const physical = findPhysicalDevice(this.#physical, vulkan);
    if (physical === undefined) throw new UnsupportedError("Vulkan shows it no longer");
    return this.#owned.use(new VulkanTarget(id, this.#instance, physical));
  }

  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}

/** The path that a request means. */
function pathOf(
  request: ProbeRequest,
  devices: ChildDevices,
  tools: TransferTools,
): Path | undefined {
  const source = devices.get(request.device);
  switch (request.kind) {
    case "host_memory":
      return pinnedPaths({ ...tools, device: source }, "duplex", false)[0];
    case "shared_memory": {
      const pair = { ...tools, source, destination: devices.get(request.peer) };
      return sharedMemoryPath(pair, false, request.handle, request.mode);
    }
    case "runtime_peer": {
      const pair = { ...tools, source, destination: devices.get(request.peer) };
      return runtimePeerPaths(pair, false, false)[0];
    }
  }
}

/**
 * Tries each request, and calls `answer` for each as soon as it is decided.
 *
 * Whoever waits for the answers is to set the time limit: what is tried here may hang.
 */
export function answerProbes(
  requests: readonly ProbeRequest[],
  answer: (answer: ProbeAnswer) => void,
): void {
  using devices = new ChildDevices();
  using tools = sharedTools(new HostBlocks(PROBE_BYTES), { obstacle: () => undefined });
  requests.forEach((request, index) => {
    let obstacle: string | null = null;
    try {
      const path = pathOf(request, devices, tools);
      if (path === undefined) throw new UnsupportedError("there is no such path");
      using transfer = path.open();
      transfer.verify();
    } catch (error) {
      obstacle = reasonOf(error);
    }
    answer({ index, obstacle });
  });
}
