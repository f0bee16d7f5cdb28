/**
 * UUIDs of devices, as bytes and in the forms that drivers write them.
 *
 * @module
 */

/**
 * The text of a UUID (RFC 9562): `"b15a0a1c-…"`, in lower case; undefined for any other number of bytes
 * than 16, and for 16 zeros, which drivers give where they know none.
 */
export function formatUuid(bytes: ArrayLike<number>): string | undefined {
  const list = Array.from(bytes);
  if (list.length !== 16 || list.every((byte) => byte === 0)) return undefined;
  const hex = list.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * The UUID in a driver's own text: NVIDIA writes `GPU-` or `MIG-` before it. Undefined where there is
 * none.
 *
 * @example
 * ```ts
 * import { parseUuid } from "./uuid.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(
 *   parseUuid("GPU-B15A0A1C-4B3D-0F21-9C5E-8A7B6C5D4E3F"),
 *   "b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f",
 * );
 * ```
 */
export function parseUuid(text: string): string | undefined {
  const match = /(?:^|-)([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i.exec(
    text,
  );
  return match?.[1]?.toLowerCase();
}
