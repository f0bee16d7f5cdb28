/**
 * Kernels that are taken for others where blocks of SPIR-V are followed carelessly.
 *
 * @module
 */

import type { SplitCase } from "./split_check.ts";

const OUT = "buffer 4096 0", IN = "buffer 4096 7";

function trap(name: string, source: string, more: Partial<SplitCase> = {}): SplitCase {
  return { name, source, global: [64], args: [OUT, IN], parts: 3, ...more };
}

/** None of them may be split so that bytes differ. */
export const SPIRV_TRAPS: readonly SplitCase[] = [
  // What is compared is what was loaded, not what is in the variable by then.
  trap(
    "changed_after_load",
    `__kernel void k(__global int *o, __global const int *a) {
      int x = get_global_id(0); if (x++ < 40) o[x] = x; }`,
  ),
  // Of 64 bits 40, and 48, are left.
  trap(
    "forty_bits",
    `__kernel void k(__global int *o) {
      ulong g = get_global_id(0), x = g << 34, y = (x << 24) >> 24;
      o[2 * (y >> 34) + (g >> 6)] = g; }`,
    { global: [128], local: [64], args: [OUT] },
  ),
  trap(
    "forty_eight_bits",
    `__kernel void k(__global int *o) {
      ulong g = get_global_id(0), x = g << 42, y = (x << 16) >> 16;
      o[2 * (y >> 42) + (g >> 6)] = g; }`,
    { global: [128], local: [64], args: [OUT] },
  ),
  // The bits that are left are no lower bits.
  trap(
    "bits_apart",
    `__kernel void k(__global int *o, __global const int *a) {
      int l = get_local_id(0); if ((l & 5) < 2) o[2 * get_group_id(0) + l] = get_global_id(0); }`,
    { global: [48], local: [6] },
  ),
  // The structure that is changed is a copy.
  trap(
    "copied_structure",
    `typedef struct { int a, b; } pair;
    __attribute__((noinline)) int zeroed(pair p) { p.b = 0; return p.a; }
    __kernel void k(__global int *o, pair p) {
      int g = get_global_id(0); int n = zeroed(p); o[(g * p.a + p.b) & 63] = n; }`,
    { args: [OUT, "long 0x0000000300000001"] },
  ),
  trap(
    "second_member",
    `typedef struct __attribute__((packed)) { char a; int b; short c; } odd;
    typedef struct { char a; int b; } even;
    __kernel void k(__global even *o, __global odd *p) {
      int g = get_global_id(0); o[g].b = g; p[g].b = g; }`,
    { args: [OUT, OUT] },
  ),
  // What was known in the round before is not known in this one.
  trap(
    "round_before",
    `__kernel void k(__global int *o, __global const int *a) {
      int g = get_global_id(0);
      for (int i = 0; i < 4; i++) { int x = a[g + i]; if (i > 0 || x < 1) o[x] = g; } }`,
  ),
  // Counts by two to an odd number: it never gets there before it wraps.
  trap(
    "passed_end",
    `__kernel void k(__global int *o, __global const int *a, int n) {
      int g = get_global_id(0);
      for (int i = 0; i != n; i += 2) { if (i > 62) break; o[(g + i) & 63] = g; } }`,
    { args: [OUT, IN, "int 5"] },
  ),
  trap(
    "below_as_unsigned",
    `__kernel void k(__global int *o, __global const int *a, uint n) {
      int g = get_global_id(0); int x = g - 32; if ((uint)x < n) o[x & 63] = g; }`,
    { args: [OUT, IN, "int -8"] },
  ),
  // Which variable a pointer leads to is not known: any may change.
  trap(
    "either_variable",
    `__kernel void k(__global int *o, __global const int *a) {
      int g = get_global_id(0), x = g, y = g; int *p[2] = {&x, &y}; *p[a[g] & 1] = 63 - g;
      o[x] = g; }`,
  ),
  // A group of its own in each part, by way of a function.
  trap(
    "group_in_function",
    `int of(int d) { return get_group_id(d) + 10 * get_num_groups(d); }
    __kernel void k(__global int *o, __global const int *a) {
      o[get_global_id(0)] = of(0) + get_global_size(0); }`,
    { local: [4] },
  ),
  // There is no variable of global ids until it is needed.
  trap(
    "linear",
    `__kernel void k(__global int *o) { o[get_global_linear_id()] = 3 * get_global_linear_id(); }`,
    {
      global: [16, 4],
      local: [4, 2],
      offset: [3, 5],
      args: [OUT],
      options: "-cl-std=CL2.0",
    },
  ),
  trap(
    "linear_in_function",
    `int of(int x) { return get_global_linear_id() + x; }
    __kernel void k(__global int *o) { o[get_global_linear_id()] = of(get_global_id(1)); }`,
    { global: [16, 4], args: [OUT], options: "-cl-std=CL2.0" },
  ),
  // The loop is left with a value that it had in no round that counts.
  trap(
    "left_early",
    `__kernel void k(__global int *o, __global const int *a) {
      int g = get_global_id(0), i = 0; while (i < 8) { if (a[g + i] > 32) break; i++; }
      o[g * 8 + i] = g; }`,
    { args: ["buffer 4096 0", IN] },
  ),
  // And the states that a search for the loop's head goes through are none of those either.
  trap(
    "left_in_time",
    `__kernel void k(__global int *o, __global const int *a) {
      int g = get_global_id(0), i = 0; while (i < 8) { if (a[g + i] > 32) break; i++; }
      o[g * 9 + i] = g; }`,
    { args: ["buffer 4096 0", IN] },
  ),
  trap(
    "size_left_open",
    `__kernel void k(__global int *o, __global const int *a) {
      int g = get_global_id(0); o[g] = a[g] > 3 && get_local_size(0) > 1 ? 1 : 2; }`,
  ),
];
