/**
 * A program's way into a group: the group is made with the first, and keeps its limits while programs are in
 * it.
 *
 * @module
 */

import { formatBytes } from "../render/units.ts";
import type { GroupLimit } from "../session/group.ts";
import { changeGroup, livingMembers, makeGroup, type StartTime } from "../session/group_file.ts";

function inWords({ gpu, memory_limit_bytes: bytes, compute_pct }: GroupLimit): string {
  const memory = bytes === null ? "no memory limit" : formatBytes(Number(bytes));
  return `${gpu}: ${memory}, ${compute_pct} %`;
}

function isSame(one: GroupLimit, other: GroupLimit): boolean {
  return one.gpu === other.gpu && one.memory_limit_bytes === other.memory_limit_bytes &&
    one.compute_pct === other.compute_pct;
}

/**
 * Makes a group, or sees to it that its limits are those that are asked for.
 *
 * @param asked null for whatever limits it has.
 * @param none the limits of a group that is made where none are asked for.
 * @throws {Error} where it has other limits and programs are in it, or its file cannot be used; one line.
 */
export function joinGroup(
  runtime: string,
  name: string,
  asked: readonly GroupLimit[] | null,
  none: readonly GroupLimit[],
  startTime?: StartTime,
): void {
  if (makeGroup(runtime, name, asked ?? none) || asked === null) return;
  changeGroup(runtime, name, (group) => {
    // A group that was made before a GPU was added keeps its own.
    const wanted = group.limits.map((limit) => asked.find(({ gpu }) => gpu === limit.gpu) ?? limit);
    const other = group.limits.find((limit, i) => !isSame(limit, wanted[i] ?? limit));
    if (other !== undefined && livingMembers(group, startTime).length > 0) {
      throw new Error(
        `the group '${name}' has programs in it and other limits (${inWords(other)}): ` +
          `leave --vram and --sm out, or change them with 'mvgal limit set ${name}'`,
      );
    }
    return wanted;
  });
}
