/**
 * What is asked of a process of its own before a path between devices is used: drivers hang and crash
 * over memory that is not theirs.
 *
 * The child, `mvgal __probe-transfer`, reads a {@linkcode ProbeOrder} on standard input and writes a line of
 * JSON, a {@linkcode ProbeAnswer}, for each request in order.
 *
 * @module
 */

import type { SharedHandle } from "../../../ffi/vulkan/external_memory.ts";
import type { Gpu } from "../../gpu/gpu.ts";

/** The hidden command's name. */
export const PROBE_COMMAND = "__probe-transfer";

/** The destination reads the source's memory, or the source writes the destination's. */
export type SharedMode = "pull" | "push";

/** A device, so that another process finds it again. */
export interface DeviceReference {
  gpu: Pick<Gpu, "id" | "vendor" | "kind" | "pci_slot" | "uuid" | "vram_total_bytes">;
  /** How Vulkan lists it; null where it does not. */
  vulkan: { index: number; uuid: string | null; name: string } | null;
}

/** One thing to be tried. */
export type ProbeRequest =
  /** The device imports host memory and copies to and from it. */
  | { kind: "host_memory"; device: DeviceReference }
  /** The one imports the other's memory. */
  | {
    kind: "shared_memory";
    device: DeviceReference;
    peer: DeviceReference;
    handle: SharedHandle;
    mode: SharedMode;
  }
  /** A vendor's runtime copies directly. */
  | { kind: "runtime_peer"; device: DeviceReference; peer: DeviceReference; runtime: string };

/** What the child is to do. */
export interface ProbeOrder {
  requests: ProbeRequest[];
}

/** What became of the request of this index. */
export interface ProbeAnswer {
  index: number;
  /** Why the path does not work; null where it does. */
  obstacle: string | null;
}

function nameOf({ gpu, vulkan }: DeviceReference): string {
  return `${gpu.id}#${vulkan?.index ?? ""}`;
}

/** What makes two requests the same. */
export function requestKey(request: ProbeRequest): string {
  const { kind, device } = request;
  switch (kind) {
    case "host_memory":
      return `${kind} ${nameOf(device)}`;
    case "shared_memory":
      return `${kind} ${request.handle} ${request.mode} ${nameOf(device)} ${nameOf(request.peer)}`;
    case "runtime_peer":
      return `${kind} ${request.runtime} ${nameOf(device)} ${nameOf(request.peer)}`;
  }
}

/** Reads an order. @throws {TypeError} for anything else than JSON of that form. */
export function parseOrder(text: string): ProbeOrder {
  const order = JSON.parse(text) as ProbeOrder;
  if (!Array.isArray(order?.requests)) throw new TypeError("no list of requests");
  return order;
}

/** Reads a line of the child's output; undefined for what a driver printed. */
export function parseAnswer(line: string): ProbeAnswer | undefined {
  try {
    const { index, obstacle } = JSON.parse(line) as ProbeAnswer;
    const isAnswer = Number.isInteger(index) && (obstacle === null || typeof obstacle === "string");
    return isAnswer ? { index, obstacle } : undefined;
  } catch {
    return undefined;
  }
}
