/**
 * A matrix product for Hopper in PTX.
 *
 * @module
 */

import type { MatrixFormat } from "../../spirv/matrix_kernel.ts";
import {
  accumulatorOffset,
  declarations,
  descriptor,
  multiplyAdds,
  ROW_BYTES,
  storeAccumulators,
  waitFor,
  WARPGROUP_ROWS,
  WARPGROUP_THREADS,
  type WarpgroupShape,
} from "./warpgroup.ts";

/** How the product is cut up. */
export interface WarpgroupTiling {
  /** Columns of C of a block; its rows are {@linkcode GEMM_ROWS}. */
  columns: number;
  /** Slices of the factors in shared memory: those that are multiplied, and those under way. */
  stages: number;
}

/** The name of the kernel in the module. */
export const GEMM_ENTRY = "product";

/** Warpgroups of a block that multiply; one more loads. */
const CONSUMERS = 2;

/** Rows of C of a block. */
export const GEMM_ROWS = WARPGROUP_ROWS * CONSUMERS;

/** Threads of a block. */
export const GEMM_THREADS = WARPGROUP_THREADS * (1 + CONSUMERS);

/**
 * Registers of a thread that loads and of one that multiplies. A block starts with 168 for each of its 384
 * threads, and these are 24 * 128 + 240 * 256, which is as much.
 */
const REGISTERS = { loads: 24, multiplies: 240 };

/** Rows of tiles that are worked on together, so that they find each other's columns in the cache. */
const GROUP_ROWS = 16;

/** Alignment of a swizzled tile, and of what a block shares. */
const TILE_ALIGN = 1024;

/** Bytes of a slice of both factors. */
function stageBytes({ columns }: WarpgroupTiling): number {
  return ROW_BYTES * (GEMM_ROWS + columns);
}

/** Bytes of shared memory of a block: the ring of slices, two barriers for each, and room to align it. */
export function gemmSharedBytes(tiling: WarpgroupTiling): number {
  return TILE_ALIGN + tiling.stages * (stageBytes(tiling) + 16);
}

/** `tiles 128x256, 4 stages`. */
export function warpgroupTilingName({ columns, stages }: WarpgroupTiling): string {
  return `tiles ${GEMM_ROWS}x${columns}, ${stages} stages`;
}

/**
 * `C = A * Bᵀ` for square matrices of `size`, all in rows; C of 32-bit numbers.
 *
 * The blocks stay, and take one tile of C after the other. One thread loads slices of A and B, 128 bytes
 * deep, by bulk copies into the stages of a ring in shared memory; the other warpgroups multiply those that
 * have come. Each stage has two barriers: "full", which counts bytes, and "empty", at which the warpgroups
 * arrive that have read it.
 *
 * Parameters: the tensor maps of A (boxes of {@linkcode GEMM_ROWS} rows) and of B (boxes of
 * `tiling.columns` rows), the address of C.
 */
export function gemmPtx(
  { input, accumulator, elementBytes }: {
    input: MatrixFormat;
    accumulator: MatrixFormat;
    /** Of an element of A and B. */
    elementBytes: number;
  },
  tiling: WarpgroupTiling,
  size: number,
): string {
  const { columns, stages } = tiling;
  const shape: WarpgroupShape = { input, accumulator, columns };
  const stage = stageBytes(tiling), slices = (size * elementBytes) / ROW_BYTES;
  const tilesDown = size / GEMM_ROWS, tilesAcross = size / columns;
  const together = Math.min(GROUP_ROWS, tilesDown);
  const copy = "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes";
  /** Where the tile `%tile` lies in C, in elements. */
  const place = `
    div.u32 %band, %tile, ${together * tilesAcross};
    rem.u32 %rest, %tile, ${together * tilesAcross};
    rem.u32 %row, %rest, ${together};
    mad.lo.u32 %row, %band, ${together}, %row;
    mul.lo.u32 %row, %row, ${GEMM_ROWS};
    div.u32 %column, %rest, ${together};
    mul.lo.u32 %column, %column, ${columns};`;
  /** The addresses of the stage `%stage`. */
  const addresses = `
    mad.lo.u32 %a, %stage, ${stage}, %shared;
    add.u32 %b, %a, ${ROW_BYTES * GEMM_ROWS};
    mad.lo.u32 %full, %stage, 8, %barriers;
    add.u32 %empty, %full, ${8 * stages};`;
  /** On to the next stage; each time round, the barriers' phases change. */
  const advance = `
    add.u32 %stage, %stage, 1;
    setp.eq.u32 %p, %stage, ${stages};
    selp.u32 %stage, 0, %stage, %p;
    selp.u32 %x, 1, 0, %p;
    xor.b32 %phase, %phase, %x;
    add.u32 %slice, %slice, 1;
    setp.lt.u32 %p, %slice, ${slices};`;
  const barriers = Array.from({ length: stages }, (_, i) => `
    mbarrier.init.shared::cta.b64 [%barriers+${8 * i}], 1;
    mbarrier.init.shared::cta.b64 [%barriers+${8 * (stages + i)}], ${CONSUMERS};`).join("");
  return `
.version 8.0
.target sm_90a
.address_size 64
.extern .shared .align 1024 .b8 dynamic[];
.visible .entry ${GEMM_ENTRY}(.param .u64 param_a, .param .u64 param_b, .param .u64 param_c)
.maxntid ${GEMM_THREADS}, 1, 1
.minnctapersm 1
{
    .reg .b64 %map_a, %map_b, %c, %at, %state, %descriptor_a, %descriptor_b;
    .reg .b32 %thread, %group, %lane, %shared, %barriers, %tile, %tiles_at_once;
    .reg .b32 %band, %rest, %row, %column, %stage, %phase, %other_phase, %slice, %depth;
    .reg .b32 %a, %b, %full, %empty, %previous, %own_a, %x;
    .reg .pred %p, %releases, %is_first, %adds;
    ${declarations(shape)}
    ld.param.u64 %map_a, [param_a];
    ld.param.u64 %map_b, [param_b];
    ld.param.u64 %c, [param_c];
    mov.u32 %thread, %tid.x;
    shr.u32 %group, %thread, 7;
    and.b32 %lane, %thread, ${WARPGROUP_THREADS - 1};
    mov.u32 %shared, dynamic;
    add.u32 %shared, %shared, ${TILE_ALIGN - 1};
    and.b32 %shared, %shared, ${-TILE_ALIGN};
    add.u32 %barriers, %shared, ${stages * stage};
    mov.u32 %tile, %ctaid.x;
    mov.u32 %tiles_at_once, %nctaid.x;
    mov.u32 %stage, 0;
    mov.u32 %phase, 0;
    setp.ne.u32 %p, %thread, 0;
    @%p bra prepared;
    ${barriers}
    fence.mbarrier_init.release.cluster;
    fence.proxy.async.shared::cta;
  prepared:
    bar.sync 0;
    setp.ne.u32 %p, %group, 0;
    @%p bra multiply;

    setmaxnreg.dec.sync.aligned.u32 ${REGISTERS.loads};
    setp.ne.u32 %p, %thread, 0;
    @%p ret;
  load_tile:
    setp.ge.u32 %p, %tile, ${tilesDown * tilesAcross};
    @%p ret;
    ${place}
    mov.u32 %slice, 0;
  load_slice:
    ${addresses}
    xor.b32 %other_phase, %phase, 1;
    ${waitFor("%empty", "%other_phase", "wait_empty")}
    mbarrier.arrive.expect_tx.shared::cta.b64 %state, [%full], ${stage};
    mul.lo.u32 %depth, %slice, ${ROW_BYTES};
    ${copy} [%a], [%map_a, {%depth, %row}], [%full];
    ${copy} [%b], [%map_b, {%depth, %column}], [%full];
    ${advance}
    @%p bra load_slice;
    add.u32 %tile, %tile, %tiles_at_once;
    bra load_tile;

  multiply:
    setmaxnreg.inc.sync.aligned.u32 ${REGISTERS.multiplies};
    sub.u32 %group, %group, 1;
    setp.eq.u32 %is_first, %lane, 0;
    mov.u32 %previous, %barriers;
  multiply_tile:
    setp.ge.u32 %p, %tile, ${tilesDown * tilesAcross};
    @%p ret;
    ${place}
    mov.u32 %slice, 0;
  multiply_slice:
    ${addresses}
    ${waitFor("%full", "%phase", "wait_full")}
    mad.lo.u32 %own_a, %group, ${ROW_BYTES * WARPGROUP_ROWS}, %a;
    ${descriptor("%descriptor_a", "%own_a")}
    ${descriptor("%descriptor_b", "%b")}
    setp.ne.u32 %adds, %slice, 0;
    wgmma.fence.sync.aligned;
    ${multiplyAdds(shape, "%descriptor_a", "%descriptor_b", "%adds")}
    wgmma.commit_group.sync.aligned;
    // All but these are done: the slice before this one may be overwritten.
    wgmma.wait_group.sync.aligned 1;
    and.pred %releases, %is_first, %adds;
    @%releases mbarrier.arrive.shared::cta.b64 %state, [%previous];
    mov.u32 %previous, %empty;
    ${advance}
    @%p bra multiply_slice;
    wgmma.wait_group.sync.aligned 0;
    @%is_first mbarrier.arrive.shared::cta.b64 %state, [%previous];
    mad.lo.u32 %row, %group, ${WARPGROUP_ROWS}, %row;
    mul.wide.u32 %at, %row, ${4 * size};
    mul.wide.u32 %state, %column, 4;
    add.s64 %at, %at, %state;
    add.s64 %at, %at, %c;
    ${accumulatorOffset(shape, "%at", 4 * size)}
    ${storeAccumulators(shape, "%at", 4 * size)}
    add.u32 %tile, %tile, %tiles_at_once;
    bra multiply_tile;
}
`;
}
