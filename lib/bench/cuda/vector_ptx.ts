/**
 * Multiply-adds of packed pairs of 16-bit numbers in PTX: Vulkan's compilers need not use the instructions
 * that work on two at once.
 *
 * Source: PTX ISA 7.0, `fma` for half precision.
 *
 * @module
 */

import type { ChainShape } from "../vulkan/compute_kernels.ts";

/** Formats of which two fit a register. */
export type PackedFormat = "fp16" | "bf16";

/** The name of the kernel in the module. */
export const CHAIN_ENTRY = "chains";

/** Threads of a block. */
export const CHAIN_THREADS = 256;

/** Steps in the body of the loop: so many that the loop's own instructions weigh nothing. */
export const CHAIN_STEPS = 64;

/**
 * Each thread runs `chains` recurrences on pairs of numbers, `x = x * a + b` or `x = x * x + b`,
 * `loops * CHAIN_STEPS` times, and stores the sum of all in binary32. Component `i` of chain `c` starts at
 * `((thread & 3) + 2 * c + i) * scale`.
 *
 * Parameters: the address of the results, `a`, `b` and `scale` (binary32), `loops` (32 bits), each in the low half.
 */
export function packedChainPtx(
  format: PackedFormat,
  { recurrence, chains }: Pick<ChainShape, "recurrence" | "chains">,
): string {
  const type = format === "fp16" ? "f16" : "bf16";
  const factor = (chain: number) => recurrence === "affine" ? "%a" : `%x${chain}`;
  const each = (line: (chain: number) => string) =>
    Array.from({ length: chains }, (_, chain) => line(chain)).join("");
  /** The pair of the same number twice. */
  const twice = (to: string, from: string) => `
    cvt.rn.${type}x2.f32 ${to}, ${from}, ${from};`;
  const toFloat = (to: string, from: string) =>
    format === "fp16" ? `cvt.f32.f16 ${to}, ${from};` : `mov.b32 ${to}, {%none, ${from}};`;
  return `
.version 7.0
.target sm_80
.address_size 64
.visible .entry ${CHAIN_ENTRY}(.param .u64 param_results, .param .u64 param_a, .param .u64 param_b,
    .param .u64 param_scale, .param .u64 param_loops)
.maxntid ${CHAIN_THREADS}, 1, 1
{
    .reg .b64 %results, %offset;
    .reg .b32 %loops, %thread, %block, %low, %a, %b, %x<${chains}>;
    .reg .f32 %f, %g, %scale, %first, %sum;
    .reg .b16 %none, %h, %l;
    .reg .pred %p;
    mov.u16 %none, 0;
    ld.param.u64 %results, [param_results];
    ld.param.u32 %loops, [param_loops];
    ld.param.f32 %f, [param_a];${twice("%a", "%f")}
    ld.param.f32 %f, [param_b];${twice("%b", "%f")}
    ld.param.f32 %scale, [param_scale];
    mov.u32 %thread, %tid.x;
    mov.u32 %block, %ctaid.x;
    mad.lo.u32 %thread, %block, ${CHAIN_THREADS}, %thread;
    and.b32 %low, %thread, 3;
    cvt.rn.f32.u32 %first, %low;
${
    each((chain) => `
    add.f32 %f, %first, ${(2 * chain).toFixed(1)};
    mul.f32 %f, %f, %scale;
    add.f32 %g, %first, ${(2 * chain + 1).toFixed(1)};
    mul.f32 %g, %g, %scale;
    cvt.rn.${type}x2.f32 %x${chain}, %g, %f;`)
  }
  round:
${
    Array.from({ length: CHAIN_STEPS }, () =>
      each((chain) => `
    fma.rn.${type}x2 %x${chain}, %x${chain}, ${factor(chain)}, %b;`)).join("")
  }
    sub.u32 %loops, %loops, 1;
    setp.ne.u32 %p, %loops, 0;
    @%p bra round;
    mov.f32 %sum, 0f00000000;
${
    each((chain) => `
    mov.b32 {%l, %h}, %x${chain};
    ${toFloat("%f", "%l")}
    ${toFloat("%g", "%h")}
    add.f32 %sum, %sum, %f;
    add.f32 %sum, %sum, %g;`)
  }
    mul.wide.u32 %offset, %thread, 4;
    add.s64 %results, %results, %offset;
    st.global.f32 [%results], %sum;
    ret;
}
`;
}
