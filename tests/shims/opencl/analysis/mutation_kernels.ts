/**
 * A kernel for each rule, that goes wrong in parts where its rule is left out.
 *
 * @module
 */

import type { Rule, SplitCase } from "./split_check.ts";

/** A kernel that goes wrong where its rule is left out. */
export interface Mutation extends Omit<SplitCase, "name"> {
  rule: Rule;
  /** Rules that say the same of it, and are left out with it. */
  also?: readonly Rule[];
}

const OUT = "buffer 256 0", IN = "buffer 256 7";

/** The kernels. */
export const MUTATIONS: readonly Mutation[] = [
  {
    rule: "atomic",
    also: ["store_not_affine", "load_of_written"],
    source: `__kernel void k(__global int *out, __global int *count) {
      out[get_global_id(0)] = 1;
      atomic_inc(&count[0]);
    }`,
    global: [64],
    args: [OUT, OUT],
  },
  {
    rule: "coherent",
    also: ["load_of_written"],
    source: `__kernel void k(volatile __global int *v) {
      int i = get_global_id(0);
      if (i < 63) v[i + 1] = v[i] + 1;
    }`,
    global: [64],
    args: [OUT],
  },
  {
    rule: "unknown_pointer",
    source: `__kernel void k(__global int *out, __global int *a, __global int *b) {
      __global int *both[2] = {a, b};
      int i = get_global_id(0);
      out[i] = i;
      both[i & 1][63 - i] = i;
    }`,
    global: [64],
    args: [OUT, OUT, OUT],
  },
  {
    rule: "global_variable",
    options: "-cl-std=CL2.0",
    source: `__global int counter = 0;
    __kernel void k(__global int *out) {
      counter = counter + 1;
      out[get_global_id(0)] = counter;
    }`,
    global: [64],
    args: [OUT],
  },
  {
    rule: "grid",
    source: `__kernel void k(__global int *out) {
      int d = 0;
      out[get_group_id(d++) * 4 + get_local_id(0)] = 5;
    }`,
    global: [64],
    local: [4],
    args: [OUT],
  },
  {
    rule: "aliasing",
    source: `__kernel void k(__global int *out, __global const int *in) {
      int i = get_global_id(0);
      out[i] = in[i == 0 ? 0 : i - 1] + 1;
    }`,
    global: [64],
    args: [OUT, "again 0"],
  },
  {
    rule: "store_not_affine",
    source: `__kernel void k(__global int *out) {
      int i = get_global_id(0);
      out[i] = i;
      out[64 + 2 * i] = i;
    }`,
    global: [64],
    args: ["buffer 1024 0"],
  },
  {
    rule: "store_overlaps",
    source: `__kernel void k(__global int *out, __global const int *in) {
      int i = get_global_id(0);
      out[in[i] & 63] = i;
    }`,
    global: [64],
    args: [OUT, IN],
  },
  {
    rule: "load_of_written",
    source: `__kernel void k(__global int *a) {
      int i = get_global_id(0);
      a[i] = a[(i + 8) & 63] + 1;
    }`,
    global: [64],
    args: [IN],
  },
  {
    rule: "image_store",
    source: `__kernel void k(__write_only image2d_t out, __global const int *in) {
      int x = get_global_id(0);
      write_imagef(out, (int2)(in[x] & 7, x & 3), (float4)(x));
    }`,
    global: [64],
    args: ["image 8 4", IN],
  },
  {
    rule: "no_local_size",
    source: `__kernel void k(__global int *out) {
      out[get_global_id(0)] = get_local_size(0);
    }`,
    global: [64],
    args: [OUT],
  },
  {
    rule: "unknown",
    source: `void helper(__global int *out, int i) {
      goto there;
      there:
      out[63 - i] = i;
    }
    __kernel void k(__global int *out, __global int *other) {
      int i = get_global_id(0);
      out[i] = i;
      helper(other, i);
    }`,
    global: [64],
    args: [OUT, OUT],
  },
];
