/**
 * What `mvgal __probe-transfer` does for a pool: tries ways with a few bytes, and says what came of each.
 *
 * @module
 */

import { Device } from "../../../ffi/vulkan/device.ts";
import { Instance } from "../../../ffi/vulkan/instance.ts";
import type { PhysicalDevice } from "../../../ffi/vulkan/physical_device.ts";
import { findPhysicalDevice } from "../../discovery/vulkan_device.ts";
import { reasonOf, UnsupportedError } from "../../transfer/errors.ts";
import type { ProbeAnswer } from "../../transfer/probe.ts";
import { RuntimeLibraries, type RuntimeOptions } from "../../transfer/runtimes.ts";
import type { MemberReference, WayRequest } from "./requests.ts";
import { tryPages, tryWay } from "./try_way.ts";
import type { TransferMember } from "./types.ts";

/** `VK_QUEUE_COMPUTE_BIT`. */
const QUEUE_COMPUTE = 2;

/** The devices of the requests, each opened once. */
class ChildMembers implements Disposable {
  readonly #owned = new DisposableStack();
  readonly #members = new Map<string, TransferMember>();
  #opened: { instance: Instance; physical: PhysicalDevice[] } | undefined;

  #instance(): { instance: Instance; physical: PhysicalDevice[] } {
    if (this.#opened === undefined) {
      const opened = Instance.open();
      if (opened.state === "absent") throw new UnsupportedError(opened.reason);
      const instance = this.#owned.use(opened.instance);
      this.#opened = { instance, physical: instance.physicalDevices() };
    }
    return this.#opened;
  }

  /** The member of a reference; with `end` 1 the second of two members that are one device. */
  get({ vulkan, gpu }: MemberReference, end: 0 | 1): TransferMember {
    const { instance, physical } = this.#instance();
    const found = findPhysicalDevice(physical, vulkan);
    if (found === undefined) throw new UnsupportedError(`Vulkan shows ${vulkan.name} no longer`);
    const key = `${found.index} ${end}`;
    let member = this.#members.get(key);
    if (member === undefined) {
      const device = this.#owned.use(new Device(instance, found));
      const queue = device.queues.find(({ family }) =>
        ((found.queueFamilies[family]?.flags ?? 0) & QUEUE_COMPUTE) !== 0
      );
      if (queue === undefined) {
        throw new UnsupportedError(`${found.name} has no queue that computes`);
      }
      const index = 2 * found.index + end;
      member = { index, id: key, name: found.name, device, queue, gpu };
      this.#members.set(key, member);
    }
    return member;
  }

  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}

/**
 * Tries each request, and calls `answer` for each as soon as it is decided.
 *
 * Whoever waits for the answers is to set the time limit: what is tried here may hang.
 *
 * @param options of the vendors' runtimes.
 */
export async function answerWays(
  requests: readonly WayRequest[],
  answer: (answer: ProbeAnswer) => void,
  options: RuntimeOptions = {},
): Promise<void> {
  using members = new ChildMembers();
  using libraries = new RuntimeLibraries(options);
  for (const [index, { from, to, way, limitMs }] of requests.entries()) {
    try {
      const source = members.get(from, 0);
      const tools = { libraries, limitMs };
      const figures = to === null ? await tryPages(source, tools) : await tryWay(
        source,
        members.get(to, to.vulkan.index === from.vulkan.index ? 1 : 0),
        way,
        tools,
      );
      answer({ index, obstacle: null, figures });
    } catch (error) {
      answer({ index, obstacle: reasonOf(error) });
    }
  }
}
