/**
 * Hopper's matrix instructions in PTX: multiply-adds of a warpgroup (four warps) whose factors lie in
 * shared memory, and the barriers and bulk copies that feed them.
 *
 * Source: PTX ISA 8.0, "Asynchronous Warpgroup Level Matrix Instructions" (`wgmma`, matrix descriptors),
 * "mbarrier" and "cp.async.bulk.tensor". Vulkan's cooperative matrices compile to the older instructions
 * of single warps, which reach about two thirds of Hopper's rate.
 *
 * @module
 */

import type { MatrixFormat } from "../../spirv/matrix_kernel.ts";

/** Rows of C of one multiply-add. */
export const WARPGROUP_ROWS = 64;

/** Threads of a warpgroup. */
export const WARPGROUP_THREADS = 128;

/** Bytes of a row of a factor's tile in shared memory: the width of the swizzle. */
export const ROW_BYTES = 128;

/** Bytes along the depth that one multiply-add takes, in every format. */
const STEP_BYTES = 32;

/** Multiply-adds that one row of bytes feeds. */
export const STEPS = ROW_BYTES / STEP_BYTES;

/** Formats by the pair of input and accumulator: PTX's names, and what stands behind the descriptors. */
const INSTRUCTIONS: Partial<
  Record<`${MatrixFormat} ${MatrixFormat}`, {
    types: string;
    depth: number;
    /** Signs of A and B (1: as they are), and for 16-bit formats that neither is transposed. */
    tail: string;
  }>
> = {
  "fp16 fp32": { types: "f32.f16.f16", depth: 16, tail: ", 1, 1, 0, 0" },
  "fp16 fp16": { types: "f16.f16.f16", depth: 16, tail: ", 1, 1, 0, 0" },
  "bf16 fp32": { types: "f32.bf16.bf16", depth: 16, tail: ", 1, 1, 0, 0" },
  "e4m3 fp32": { types: "f32.e4m3.e4m3", depth: 32, tail: ", 1, 1" },
  "e4m3 fp16": { types: "f16.e4m3.e4m3", depth: 32, tail: ", 1, 1" },
  "e5m2 fp32": { types: "f32.e5m2.e5m2", depth: 32, tail: ", 1, 1" },
  "e5m2 fp16": { types: "f16.e5m2.e5m2", depth: 32, tail: ", 1, 1" },
  "int8 int32": { types: "s32.s8.s8", depth: 32, tail: "" },
  // The sums are of signed numbers: the same bits.
  "uint8 uint32": { types: "s32.u8.u8", depth: 32, tail: "" },
};

/** Whether there is an instruction for a pair of formats. */
export function hasWarpgroupInstruction(input: MatrixFormat, accumulator: MatrixFormat): boolean {
  return INSTRUCTIONS[`${input} ${accumulator}`] !== undefined;
}

/** One shape of the instruction: `m64n256k16`. */
export interface WarpgroupShape {
  input: MatrixFormat;
  accumulator: MatrixFormat;
  /** Columns of C: a multiple of 8, at most 256. */
  columns: number;
}

/** `m64n256k16`. */
export function warpgroupShapeName({ input, accumulator, columns }: WarpgroupShape): string {
  return `m64n${columns}k${INSTRUCTIONS[`${input} ${accumulator}`]?.depth}`;
}

/** 32-bit registers of each thread that hold C. */
function accumulatorRegisters({ accumulator, columns }: WarpgroupShape): number {
  return columns / (accumulator === "fp16" ? 4 : 2);
}

/**
 * The bits of a descriptor beside the address: rows of 128 bytes, swizzled by 128 bytes, groups of eight
 * rows 1024 bytes apart.
 */
const DESCRIPTOR = (1n << 62n) | (64n << 32n) | (1n << 16n);

/**
 * Rows of 128 bytes as they lie in shared memory: swizzled by 128 bytes, that is, the 16-byte pieces of a
 * row in an order that depends on the row, so that a column of pieces lies in all banks.
 *
 * @example
 * ```ts
 * import { swizzled } from "./warpgroup.ts";
 * import assert from "node:assert/strict";
 *
 * const rows = Uint8Array.from({ length: 256 }, (_, i) => i >> 4);
 * assert.equal(swizzled(rows)[128], 9); // the second row starts with its second piece
 * ```
 */
export function swizzled(rows: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(rows, (_, at) => {
    const row = Math.floor(at / ROW_BYTES), piece = (at % ROW_BYTES) >> 4;
    return rows[row * ROW_BYTES + ((piece ^ (row & 7)) << 4) + (at & 15)] ?? 0;
  });
}

/** Makes in `to` (64 bits) the descriptor of the tile at the shared address in `address` (32 bits). */
export function descriptor(to: string, address: string): string {
  return `
    shr.u32 %scratch, ${address}, 4;
    cvt.u64.u32 ${to}, %scratch;
    or.b64 ${to}, ${to}, ${DESCRIPTOR};`;
}

/**
 * The multiply-adds of one row of bytes: `d = a * b`, or `d += a * b` where the predicate `adds` holds.
 * `a` and `b` hold descriptors, which are changed.
 */
export function multiplyAdds(shape: WarpgroupShape, a: string, b: string, adds: string): string {
  const instruction = INSTRUCTIONS[`${shape.input} ${shape.accumulator}`];
  if (instruction === undefined) {
    throw new TypeError(`no warpgroup instruction for ${shape.input} into ${shape.accumulator}`);
  }
  const registers = Array.from({ length: accumulatorRegisters(shape) }, (_, i) => `%d${i}`);
  const name = `wgmma.mma_async.sync.aligned.${warpgroupShapeName(shape)}.${instruction.types}`;
  return Array.from({ length: STEPS }, (_, step) => `
    ${
    step === 0 ? "" : `add.s64 ${a}, ${a}, ${STEP_BYTES / 16};
    add.s64 ${b}, ${b}, ${STEP_BYTES / 16};`
  }
    ${name} {${registers.join(", ")}}, ${a}, ${b}, ${
    step === 0 ? adds : "%always"
  }${instruction.tail};`)
    .join("");
}

/** Waits until the phase `parity` of the barrier at `address` is over. `label` must be unique. */
export function waitFor(address: string, parity: string, label: string): string {
  return `
  ${label}:
    mbarrier.try_wait.parity.shared::cta.b64 %done, [${address}], ${parity};
    @!%done bra ${label};`;
}

/** What every kernel here declares, `registers` accumulators and scratch. */
export function declarations(shape: WarpgroupShape): string {
  const type = shape.accumulator.includes("int") || shape.accumulator === "fp16" ? "b32" : "f32";
  return `
    .reg .${type} %d<${accumulatorRegisters(shape)}>;
    .reg .b32 %scratch;
    .reg .pred %always, %done;
    setp.eq.u32 %always, 0, 0;`;
}

/** Bytes of a number of C in memory. */
function numberBytes({ accumulator }: WarpgroupShape): number {
  return accumulator === "fp16" ? 2 : 4;
}

/**
 * Adds to `at` (64 bits), which holds the address of a warpgroup's C in rows of `rowBytes` bytes, where
 * this thread's first number lies: warps hold 16 rows each, and lanes two neighbours of every 8 columns,
 * in row `lane / 4` and in the row 8 below. `%thread` is the thread's number.
 */
export function accumulatorOffset(shape: WarpgroupShape, at: string, rowBytes: number): string {
  return `
    {
    .reg .b32 %own, %part;
    .reg .b64 %wide;
    shr.u32 %own, %thread, 5;
    and.b32 %own, %own, 3;
    shl.b32 %own, %own, 4;
    bfe.u32 %part, %thread, 2, 3;
    add.u32 %own, %own, %part;
    mul.wide.u32 %wide, %own, ${rowBytes};
    add.s64 ${at}, ${at}, %wide;
    and.b32 %part, %thread, 3;
    mul.wide.u32 %wide, %part, ${2 * numberBytes(shape)};
    add.s64 ${at}, ${at}, %wide;
    }`;
}

/** Stores this thread's accumulators, from the address in `at` ({@linkcode accumulatorOffset}) on. */
export function storeAccumulators(shape: WarpgroupShape, at: string, rowBytes: number): string {
  const lines = Array.from({ length: shape.columns / 8 }, (_, i) => {
    const offset = 8 * numberBytes(shape) * i;
    // Two fp16 numbers share a register.
    return shape.accumulator === "fp16"
      ? `st.global.b32 [${at}+${offset}], %d${2 * i};
    st.global.b32 [%below+${offset}], %d${2 * i + 1};`
      : `st.global.v2.b32 [${at}+${offset}], {%d${4 * i}, %d${4 * i + 1}};
    st.global.v2.b32 [%below+${offset}], {%d${4 * i + 2}, %d${4 * i + 3}};`;
  });
  return `
    {
    .reg .b64 %below;
    add.s64 %below, ${at}, ${8 * rowBytes};
    ${lines.join("\n    ")}
    }`;
}
