/**
 * One queue of each family of a Vulkan device that copies: families share engines or have their own, and
 * which of them is fastest no property tells.
 *
 * @module
 */

import { COPY_KINDS, kindName, kindOf, type QueueOwner } from "../vulkan/queue_families.ts";
import type { NamedQueue } from "./queues.ts";

/**
 * The first queue of each family, those that only copy first, then those that compute, then those that draw
 * too. Families of one kind are told apart by their indices: `copy queue of family 4`. Those of video
 * engines are left out, although they copy.
 */
export function familyQueues({ queues, physical }: QueueOwner): NamedQueue[] {
  const families = physical.queueFamilies;
  const kinds = [...COPY_KINDS].reverse();
  return kinds.flatMap((kind) => {
    const firsts = queues.filter(({ family, index }) =>
      index === 0 && kindOf(families[family]) === kind
    );
    return firsts.map((queue) => ({
      queue,
      name: `${kindName(kind)} queue${firsts.length > 1 ? ` of family ${queue.family}` : ""}`,
    }));
  });
}
