/**
 * What mvgal asks of a program: the policy block of its page.
 *
 * It is written in three steps, so that a shim never takes half of one: the generation made odd, the rest,
 * the generation made even. A checksum over the rest and the generation says that all of it is of one
 * writer, and of one write.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import type { StrategyName } from "../schedule/strategies.ts";
import { field, RecordView } from "./fixed_layout.ts";
import {
  FULL_WEIGHT,
  GPU_ROWS,
  NO_LIMIT,
  PAGE,
  POLICY,
  POLICY_GPU_FLAGS,
  STRATEGY_NUMBERS,
} from "./layout.ts";

/** What a program may do with one GPU. */
export interface PolicyGpu {
  id: GpuId;
  /** Whether it may use the GPU. */
  enabled: boolean;
  /** Whether a program that uses one GPU is to use this one. */
  preferred: boolean;
  /** Share in what is split, 1 to {@linkcode FULL_WEIGHT}; null where the GPU was not measured. */
  weight: number | null;
  /** What the program may allocate, in bytes; null for no limit. */
  memory_limit_bytes: bigint | null;
  /** Share of the time in which it may compute, 1 to 100. */
  compute_pct: number;
  /** 0 to 100. */
  priority: number;
  /** Whether its limit of memory was set by hand: it holds in place of the environment's. */
  memory_by_hand?: boolean;
  /** Whether its share of time was. */
  time_by_hand?: boolean;
}

/** What a program is asked to do. */
export interface Policy {
  strategy: StrategyName;
  gpus: PolicyGpu[];
}

/** A policy that was read. */
export type PolicyReading =
  | { state: "set"; generation: bigint; policy: Policy }
  /** Nobody wrote one: the program goes by its environment. */
  | { state: "unset" }
  /** Half of one, or one that is not sound. */
  | { state: "unsound"; generation: bigint; reason: string };

/** Where the policy lies in the page. */
export const POLICY_OFFSET: number = field(PAGE, "policy").offset;

const CHECKSUM_FROM = field(POLICY, "strategy").offset;

/**
 * FNV-1a over words of 32 bits: the generation's two, then the block from `strategy` on.
 *
 * It is no secret and keeps out nobody: it tells a block that was written as a whole from one that was not.
 */
export function policyChecksum(block: RecordView, generation: bigint): number {
  const view = new DataView(block.bytes.buffer, block.bytes.byteOffset, block.bytes.byteLength);
  let hash = 0x811c9dc5;
  const mix = (word: number) => hash = Math.imul(hash ^ word, 0x01000193);
  mix(Number(generation & 0xffff_ffffn));
  mix(Number((generation >> 32n) & 0xffff_ffffn));
  for (let at = CHECKSUM_FROM; at < POLICY.size; at += 4) mix(view.getUint32(at, true));
  return hash >>> 0;
}

function check(policy: Policy): void {
  const { gpus } = policy;
  if (gpus.length > GPU_ROWS) {
    throw new RangeError(`a policy has ${gpus.length} GPUs: the page has room for ${GPU_ROWS}`);
  }
  if (new Set(gpus.map(({ id }) => id)).size !== gpus.length) {
    throw new RangeError("a policy names a GPU twice");
  }
  for (const { id, weight, memory_limit_bytes, compute_pct, priority } of gpus) {
    const whole = (value: number, least: number, most: number) =>
      Number.isInteger(value) && value >= least && value <= most;
    if (id === "") throw new RangeError("a policy has a GPU without an id");
    if (weight !== null && !whole(weight, 1, FULL_WEIGHT)) {
      throw new RangeError(`weight ${weight} of ${id} is not 1 to ${FULL_WEIGHT}`);
    }
    if (
      memory_limit_bytes !== null && (memory_limit_bytes < 0n || memory_limit_bytes >= NO_LIMIT)
    ) {
      throw new RangeError(`memory limit ${memory_limit_bytes} of ${id} is no number of bytes`);
    }
    if (!whole(compute_pct, 1, 100)) {
      throw new RangeError(`share of time ${compute_pct} of ${id} is not 1 to 100`);
    }
    if (!whole(priority, 0, 100)) {
      throw new RangeError(`priority ${priority} of ${id} is not 0 to 100`);
    }
  }
}

/**
 * The block, with its generation and checksum.
 *
 * @param generation even, and not 0.
 * @throws {RangeError} for more GPUs than there are rows, an id that does not fit, or a value out of range.
 */
export function encodePolicy(policy: Policy, generation: bigint): Uint8Array<ArrayBuffer> {
  check(policy);
  const block = new RecordView(POLICY, new Uint8Array(POLICY.size));
  block.setU32("strategy", STRATEGY_NUMBERS.indexOf(policy.strategy) + 1);
  block.setU32("gpu_count", policy.gpus.length);
  policy.gpus.forEach((gpu, i) => {
    const row = block.at("gpus", i);
    row.setText("id", gpu.id);
    row.setU32(
      "flags",
      (gpu.enabled ? POLICY_GPU_FLAGS.enabled : 0) |
        (gpu.preferred ? POLICY_GPU_FLAGS.preferred : 0) |
        (gpu.memory_by_hand ? POLICY_GPU_FLAGS.memory_by_hand : 0) |
        (gpu.time_by_hand ? POLICY_GPU_FLAGS.time_by_hand : 0),
    );
    row.setU32("weight", gpu.weight ?? 0);
    row.setU64("memory_limit_bytes", gpu.memory_limit_bytes ?? NO_LIMIT);
    row.setU32("compute_pct", gpu.compute_pct);
    row.setU32("priority", gpu.priority);
  });
  block.setU64("generation", generation);
  block.setU32("checksum", policyChecksum(block, generation));
  return block.bytes;
}

/** The generation that stands in a block, sound or not. */
export function policyGeneration(block: Uint8Array<ArrayBuffer>): bigint {
  return new RecordView(POLICY, block).u64("generation");
}

/** Reads a block of {@linkcode POLICY}'s size. Total: whatever stands there. */
export function decodePolicy(bytes: Uint8Array<ArrayBuffer>): PolicyReading {
  const block = new RecordView(POLICY, bytes);
  const generation = block.u64("generation");
  if (generation === 0n) return { state: "unset" };
  const unsound = (reason: string): PolicyReading => ({ state: "unsound", generation, reason });
  if (generation % 2n !== 0n) return unsound("it was being written");
  if (policyChecksum(block, generation) !== block.u32("checksum")) {
    return unsound("its checksum is wrong");
  }
  const strategy = STRATEGY_NUMBERS[block.u32("strategy") - 1];
  if (strategy === undefined) return unsound(`there is no strategy ${block.u32("strategy")}`);
  const count = block.u32("gpu_count");
  if (count > GPU_ROWS) return unsound(`it has ${count} GPUs: there are ${GPU_ROWS} rows`);
  const gpus: PolicyGpu[] = [];
  for (let i = 0; i < count; i++) {
    const row = block.at("gpus", i);
    const id = row.text("id");
    const flags = row.u32("flags");
    const weight = row.u32("weight");
    const limit = row.u64("memory_limit_bytes");
    gpus.push({
      id: id ?? "",
      enabled: (flags & POLICY_GPU_FLAGS.enabled) !== 0,
      preferred: (flags & POLICY_GPU_FLAGS.preferred) !== 0,
      weight: weight === 0 ? null : weight,
      memory_limit_bytes: limit === NO_LIMIT ? null : limit,
      compute_pct: row.u32("compute_pct"),
      priority: row.u32("priority"),
      ...((flags & POLICY_GPU_FLAGS.memory_by_hand) !== 0 && { memory_by_hand: true }),
      ...((flags & POLICY_GPU_FLAGS.time_by_hand) !== 0 && { time_by_hand: true }),
    });
  }
  const policy = { strategy, gpus };
  try {
    check(policy);
  } catch (error) {
    return unsound(error instanceof Error ? error.message : String(error));
  }
  return { state: "set", generation, policy };
}

/** Bytes to be written at a place of the page. */
export interface PageWrite {
  at: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The writes that make a policy that of a page, in their order. Each has to be done before the next.
 *
 * @param before the generation that stands there. An odd one is of a writer that died over it.
 * @throws {RangeError} as {@linkcode encodePolicy} does.
 */
export function policyWrites(policy: Policy, before: bigint): PageWrite[] {
  const odd = BigInt.asUintN(64, before + (before % 2n === 0n ? 1n : 2n));
  // 0 is "never written"; who scribbles all ones gets that far.
  const even = BigInt.asUintN(64, odd + 1n) || 2n;
  const block = encodePolicy(policy, even);
  const generation = (value: bigint): PageWrite => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    return { at: POLICY_OFFSET, bytes };
  };
  return [
    generation(odd),
    { at: POLICY_OFFSET + 8, bytes: block.slice(8) },
    generation(even),
  ];
}

/** Whether two policies ask the same. */
export function samePolicy(one: Policy, other: Policy): boolean {
  return one.strategy === other.strategy && one.gpus.length === other.gpus.length &&
    one.gpus.every((gpu, i) => {
      const its = other.gpus[i];
      return its !== undefined && gpu.id === its.id && gpu.enabled === its.enabled &&
        gpu.preferred === its.preferred && gpu.weight === its.weight &&
        gpu.memory_limit_bytes === its.memory_limit_bytes &&
        gpu.compute_pct === its.compute_pct && gpu.priority === its.priority &&
        (gpu.memory_by_hand ?? false) === (its.memory_by_hand ?? false) &&
        (gpu.time_by_hand ?? false) === (its.time_by_hand ?? false);
    });
}

/** A policy with those limits of another that were set by hand. */
export function withLimitsOf(policy: Policy, other: Policy): Policy {
  return {
    ...policy,
    gpus: policy.gpus.map((gpu) => {
      const its = other.gpus.find(({ id }) => id === gpu.id);
      return {
        ...gpu,
        ...(its?.memory_by_hand &&
          { memory_limit_bytes: its.memory_limit_bytes, memory_by_hand: true }),
        ...(its?.time_by_hand && { compute_pct: its.compute_pct, time_by_hand: true }),
      };
    }),
  };
}
