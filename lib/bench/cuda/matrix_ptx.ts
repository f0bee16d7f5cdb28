/**
 * Multiply-adds of Hopper's warpgroups, one after the other: the rate of its matrix units.
 *
 * @module
 */

import {
  accumulatorOffset,
  declarations,
  descriptor,
  multiplyAdds,
  ROW_BYTES,
  STEPS,
  storeAccumulators,
  WARPGROUP_ROWS,
  WARPGROUP_THREADS,
  type WarpgroupShape,
} from "./warpgroup.ts";

/** The name of the kernel in the module. */
export const MATRIX_ENTRY = "multiply_adds";

/** Warpgroups of a block: two keep the units busy while one of them waits. */
export const MATRIX_WARPGROUPS = 2;

/** Threads of a block. */
export const MATRIX_THREADS = MATRIX_WARPGROUPS * WARPGROUP_THREADS;

/** Multiply-adds of each warpgroup in one round of the loop. */
export const MATRIX_STEPS = 2 * STEPS;

/** Bytes of A, of its counterpart, and of B, as they stand behind each other in memory. */
export function factorBytes({ columns }: WarpgroupShape): { a: number; b: number; all: number } {
  const a = ROW_BYTES * WARPGROUP_ROWS, b = ROW_BYTES * columns;
  return { a, b, all: 2 * a + b };
}

/**
 * Each warpgroup computes `C += A * Bᵀ` and `C += A' * Bᵀ` in turn, `loops` times, and stores C, 64 rows
 * of `columns` numbers. All blocks have the same factors, which lie in shared memory: rows of 128 bytes.
 *
 * Parameters: the address of the factors (A, its counterpart A', B: swizzled already), that of the sums,
 * `loops`.
 */
export function matrixPtx(shape: WarpgroupShape): string {
  const { a, all } = factorBytes(shape);
  const numberBytes = shape.accumulator === "fp16" ? 2 : 4;
  const rowBytes = shape.columns * numberBytes;
  return `
.version 8.0
.target sm_90a
.address_size 64
.extern .shared .align 1024 .b8 dynamic[];
.visible .entry ${MATRIX_ENTRY}(.param .u64 param_factors, .param .u64 param_c, .param .u64 param_loops)
.maxntid ${MATRIX_THREADS}, 1, 1
.minnctapersm 1
{
    .reg .b64 %factors, %c, %loops, %from, %at, %descriptor_a, %descriptor_b;
    .reg .b32 %thread, %group, %shared, %to, %counterpart, %right, %offset, %x;
    .reg .b32 %v<4>;
    .reg .pred %p, %adds;
    ${declarations(shape)}
    ld.param.u64 %factors, [param_factors];
    ld.param.u64 %c, [param_c];
    ld.param.u64 %loops, [param_loops];
    mov.u32 %thread, %tid.x;
    mov.u32 %shared, dynamic;
    mul.lo.u32 %offset, %thread, 16;
  fill:
    cvt.u64.u32 %from, %offset;
    add.s64 %from, %from, %factors;
    ld.global.v4.b32 {%v0, %v1, %v2, %v3}, [%from];
    add.u32 %to, %shared, %offset;
    st.shared.v4.b32 [%to], {%v0, %v1, %v2, %v3};
    add.u32 %offset, %offset, ${16 * MATRIX_THREADS};
    setp.lt.u32 %p, %offset, ${all};
    @%p bra fill;
    fence.proxy.async.shared::cta;
    bar.sync 0;
    add.u32 %counterpart, %shared, ${a};
    add.u32 %right, %shared, ${2 * a};
    setp.ne.u32 %adds, %thread, %thread;
  round:
    ${descriptor("%descriptor_a", "%shared")}
    ${descriptor("%descriptor_b", "%right")}
    wgmma.fence.sync.aligned;
    ${multiplyAdds(shape, "%descriptor_a", "%descriptor_b", "%adds")}
    ${descriptor("%descriptor_a", "%counterpart")}
    ${descriptor("%descriptor_b", "%right")}
    ${multiplyAdds(shape, "%descriptor_a", "%descriptor_b", "%always")}
    wgmma.commit_group.sync.aligned;
    wgmma.wait_group.sync.aligned 1;
    setp.eq.u32 %adds, %thread, %thread;
    sub.s64 %loops, %loops, 1;
    setp.ne.s64 %p, %loops, 0;
    @%p bra round;
    wgmma.wait_group.sync.aligned 0;
    mov.u32 %x, %ctaid.x;
    shr.u32 %group, %thread, 7;
    mad.lo.u32 %group, %x, ${MATRIX_WARPGROUPS}, %group;
    mul.wide.u32 %at, %group, ${WARPGROUP_ROWS * rowBytes};
    add.s64 %at, %at, %c;
    ${accumulatorOffset(shape, "%at", rowBytes)}
    ${storeAccumulators(shape, "%at", rowBytes)}
    ret;
}
`;
}
