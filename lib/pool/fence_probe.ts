/**
 * Whether a queue really waits for another in some way: tried on devices that are opened for it, as a wait
 * that never ends would take the queue with it.
 *
 * @module
 */

import type { Device, Queue } from "../../ffi/vulkan/device.ts";
import { TimelineSemaphore } from "../../ffi/vulkan/semaphore.ts";
import { Submission } from "../../ffi/vulkan/submission.ts";
import { fenceBridge, HostRelay, needsSubmittedSignals } from "./fence_bridge.ts";
import { FenceLine, type FenceMember } from "./fence_line.ts";
import { FenceSubmission } from "./fence_submission.ts";
import type { FenceWay } from "./fence_ways.ts";

/** How long a wait may take to end, and how long it is seen not to end too early, in ms. */
const LIMIT_MS = 1000, WATCH_MS = 5;

/** Devices opened a second time, each once. Dispose them (`using`) after the probes. */
export class ProbeDevices implements Disposable {
  readonly #opened = new Map<Device, Device>();

  /** A member like `member`, whose work is nobody else's. */
  like({ index, device, queue }: FenceMember): FenceMember {
    let sibling = this.#opened.get(device);
    if (sibling === undefined) this.#opened.set(device, sibling = device.sibling());
    const fits = (each: Queue) => each.family === queue.family && each.index === queue.index;
    return { index, device: sibling, queue: sibling.queues.find(fits) ?? queueOf(sibling) };
  }

  /** Closes them. */
  [Symbol.dispose](): void {
    for (const device of this.#opened.values()) device[Symbol.dispose]();
    this.#opened.clear();
  }
}

function queueOf(device: Device): Queue {
  const queue = device.queues[0];
  if (queue === undefined) throw new Error(`${device.physical.name} has no queue`);
  return queue;
}

/**
 * Lets one queue wait for another: neither too short nor for ever.
 *
 * @returns why the way does not work; null where it does.
 */
export async function probeFenceWay(
  way: FenceWay,
  members: { from: FenceMember; to: FenceMember },
  timelines: boolean,
  devices: ProbeDevices,
): Promise<string | null> {
  try {
    return await tryWay(way, devices.like(members.from), devices.like(members.to), timelines);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function tryWay(
  way: FenceWay,
  fromMember: FenceMember,
  toMember: FenceMember,
  timelines: boolean,
): Promise<string | null> {
  using owned = new DisposableStack();
  const from = owned.adopt(new FenceLine(fromMember, timelines), (line) => line.dispose());
  const to = owned.adopt(new FenceLine(toMember, timelines), (line) => line.dispose());
  let relay: HostRelay | undefined;
  const bridge = owned.adopt(
    fenceBridge(way, from, to, () => {
      return relay = owned.adopt(new HostRelay(to), (each) => each.close());
    }),
    (each) => each.close(),
  );
  // A gate that the host opens shows that the queue waits. Not for binary semaphores: see there.
  const gate = needsSubmittedSignals(way) || from.timeline === undefined
    ? undefined
    : owned.use(new TimelineSemaphore(fromMember.device));
  const deadline = performance.now() + LIMIT_MS;
  let early = false;
  let ended = true;
  try {
    if (gate) {
      const waits = [{ semaphore: gate, value: 1n }];
      new Submission(fromMember.device, fromMember.queue, { waits }).submit();
    }
    const point = from.mark();
    const submission = new FenceSubmission([{ line: from, point, after: [] }], LIMIT_MS);
    await bridge.insert(point, submission);
    const end = to.mark();
    early = gate !== undefined && await to.wait(end, { limitMs: WATCH_MS }) === "done";
  } finally {
    gate?.signal(1n);
    await relay?.idle();
    for (const line of [from, to]) ended = await isIdle(line, deadline) && ended;
  }
  if (!ended) return `tried: the wait did not end within ${LIMIT_MS / 1000} s`;
  return early ? "tried: the wait ended before the signal" : null;
}

/** Waits for a queue. What does not end is left as it is, with its device: the driver may use it still. */
async function isIdle(line: FenceLine, deadline: number): Promise<boolean> {
  try {
    const limitMs = Math.max(0, deadline - performance.now());
    const outcome = await line.wait(line.mark(), { limitMs });
    if (outcome === "timeout") line.hang(LIMIT_MS);
    return outcome === "done";
  } catch {
    return false;
  }
}
