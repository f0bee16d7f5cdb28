/**
 * Which members of a logical device are measured, alone and together.
 *
 * @module
 */

import type { PoolProperties } from "../../pool/open.ts";

/**
 * The member for which sizes are chosen: the first GPU, or the first software device where there is no GPU.
 *
 * @throws {Error} where there is no member.
 */
export function firstMember({ members }: PoolProperties): PoolProperties["members"][number] {
  const first = members.find(({ kind }) => kind === "gpu") ?? members[0];
  if (first === undefined) throw new Error("a logical device without members");
  return first;
}

/** Groups of members to measure together: 2, 4, 8 of them, all GPUs, and all with software devices. */
export function groupsOf({ members }: PoolProperties): string[][] {
  const gpus = members.filter(({ kind }) => kind === "gpu").map(({ id }) => id);
  const software = members.filter(({ kind }) => kind === "software").map(({ id }) => id);
  const counts = [2, 4, 8, gpus.length].filter((count) => count >= 2 && count <= gpus.length);
  const groups = [...new Set(counts)].map((count) => gpus.slice(0, count));
  if (software.length > 0 && members.length > 1) groups.push([...gpus, ...software]);
  return groups;
}
