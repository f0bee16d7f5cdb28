/**
 * Copies through the memory of the host, in pieces that follow each other: while one is brought to the
 * destination, the next leaves the source.
 *
 * @module
 */

import type { DeviceBuffer } from "../../../ffi/vulkan/device.ts";
import type { MemberPort } from "./port.ts";
import { movePieces } from "./pieces.ts";
import type { Part } from "./ranges.ts";
import type { Chunk, ChunkView, Staging } from "./staging.ts";
import type { CopyRange } from "./types.ts";
import type { StagingEnd } from "./ways.ts";

/** An end of a copy: a member's buffer, or bytes of the host. */
export type StagedEnd =
  | { port: MemberPort; buffer: DeviceBuffer; shared: boolean; end: StagingEnd }
  | { bytes: Uint8Array<ArrayBuffer> };

/** Brings the bytes of a piece from the source to its place in the chunk. */
async function fill(from: StagedEnd, view: ChunkView, parts: readonly Part[]): Promise<void> {
  if ("bytes" in from) {
    for (const { at, sourceOffset, size } of parts) {
      view.bytes.set(from.bytes.subarray(sourceOffset, sourceOffset + size), at);
    }
    return;
  }
  const ranges = parts.map(({ at, sourceOffset, size }): CopyRange => ({
    sourceOffset,
    destinationOffset: at,
    size,
  }));
  await from.port.copy("out", from.buffer, view.buffer, ranges, from.shared);
}

/** Brings the bytes of a piece from its place in the chunk to the destination. */
async function empty(to: StagedEnd, view: ChunkView, parts: readonly Part[]): Promise<void> {
  if ("bytes" in to) {
    for (const { at, destinationOffset, size } of parts) {
      to.bytes.set(view.bytes.subarray(at, at + size), destinationOffset);
    }
    return;
  }
  const ranges = parts.map(({ at, destinationOffset, size }): CopyRange => ({
    sourceOffset: at,
    destinationOffset,
    size,
  }));
  await to.port.copy("in", view.buffer, to.buffer, ranges, to.shared);
}

async function movePiece(
  chunk: Chunk,
  from: StagedEnd,
  to: StagedEnd,
  parts: readonly Part[],
): Promise<void> {
  const members = [from, to].flatMap((each) =>
    "port" in each ? [[each.port, each.end] as const] : []
  );
  const views = chunk.views(members);
  const [first] = views, last = views.at(-1);
  if (first === undefined || last === undefined) throw new TypeError("neither end is a member's");
  await fill(from, first, parts);
  // Imported pages are the same memory for both.
  if (first !== last && (first.end === "mapped" || last.end === "mapped")) {
    const end = Math.max(...parts.map(({ at, size }) => at + size));
    last.bytes.set(first.bytes.subarray(0, end));
  }
  await empty(to, last, parts);
}

/**
 * Copies ranges by staging.
 *
 * @throws {Error} by rejection, once no piece is under way any more, for the first that failed.
 */
export function copyStaged(
  staging: Staging,
  from: StagedEnd,
  to: StagedEnd,
  ranges: readonly CopyRange[],
): Promise<void> {
  return movePieces(
    staging.chunks,
    ranges,
    (chunk, parts) => movePiece(chunk, from, to, parts),
    () => [from, to].some((each) => "port" in each && each.port.member.device.isHung),
  );
}
