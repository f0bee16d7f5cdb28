/**
 * Kernels, and what is to be said of them.
 *
 * @module
 */

import type { Rule, SplitCase } from "./split_check.ts";

const B = "buffer 4096 3", C = "buffer 4096 0";

/** A kernel, and what is to be said of it: a dimension that it may be split in, or a rule. */
export type Row = SplitCase & { says: "x" | "y" | "z" | Rule; hidden?: true };

function row(
  says: Row["says"],
  name: string,
  global: SplitCase["global"],
  args: readonly string[],
  source: string,
  more: Partial<Row> = {},
): Row {
  return { says, name, global, args, source, parts: 3, ...more };
}

/** The kernels. */
export const ROWS: readonly Row[] = [
  row(
    "x",
    "own_element",
    [1000],
    [C, B],
    `__kernel void k(__global int *o, __global int *i) {
    size_t g = get_global_id(0); o[g] = i[g] * 3; }`,
  ),
  row(
    "x",
    "in_place",
    [1000],
    [B],
    `__kernel void k(__global int *o) {
    int g = get_global_id(0); o[g] += 5; }`,
  ),
  row(
    "x",
    "backwards",
    [1000],
    [C, "int 1000"],
    `__kernel void k(__global int *o, int n) {
    int g = get_global_id(0); o[n - 1 - g] = g; }`,
  ),
  row(
    "y",
    "rows",
    [20, 20],
    [C, B, "int 20"],
    `
  __kernel void k(__global float *o, const __global float *i, int w) {
    int x = get_global_id(0), y = get_global_id(1);
    if (x >= w || y >= w) return;
    float s = 0; for (int j = 0; j < w; j++) s += i[y * w + j] * i[j * w + x];
    o[y * w + x] = s; }`,
  ),
  row(
    "store_overlaps",
    "rows_without_guard",
    [24, 20],
    [C, "int 20"],
    `
  __kernel void k(__global int *o, int w) {
    o[get_global_id(1) * w + get_global_id(0)] = 1; }`,
  ),
  row(
    "x",
    "columns",
    [20, 20],
    [C],
    `__kernel void k(__global int *o) {
    o[get_global_id(0) * 20 + get_global_id(1)] = get_global_id(1); }`,
  ),
  row(
    "z",
    "volume",
    [8, 8, 8],
    [C],
    `__kernel void k(__global int *o) {
    int x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);
    o[(z * 8 + y) * 8 + x] = x ^ y ^ z; }`,
  ),
  row(
    "x",
    "vectors",
    [128],
    [C],
    `__kernel void k(__global float4 *o) {
    int g = get_global_id(0); o[2 * g] = (float4)(g); o[2 * g + 1].yz = (float2)(1, g); }`,
  ),
  row(
    "x",
    "vstore",
    [100],
    [C, B],
    `__kernel void k(__global int *o, __global int *i) {
    vstore3(vload3(get_global_id(0), i), get_global_id(0), o); }`,
  ),
  row(
    "x",
    "structures",
    [100],
    [C],
    `
  typedef struct { char a; struct { short b; double c; } d[2]; } s;
  __kernel void k(__global s *o) { s t; t.a = 1; o[get_global_id(0)].d[1].b = get_global_id(0); }`,
  ),
  row(
    "x",
    "helpers",
    [500],
    [C, B],
    `
  int scaled(int v, int by);
  void both(int g, int *a, int *b) { *a = g * 2; *b = *a + 1; }
  void put(__global int *p, int v) { *p = v; }
  int scaled(int v, int by) { if (by == 0) return 0; return v * by; }
  __kernel void k(__global int *o, __global int *i) {
    int a, b; both(get_global_id(0), &a, &b); put(o + a, scaled(i[b], 2)); put(&o[b], b); }`,
  ),
  row(
    "x",
    "pointer_walk",
    [100],
    [C],
    `__kernel void k(__global int *o) {
    __global int *p = o + get_global_id(0) * 4; int n = 0;
    *p++ = 1; *p++ = 2; p[0] = n; p[1] = 3; }`,
  ),
  row(
    "x",
    "loops",
    [64],
    [C],
    `__kernel void k(__global int *o) {
    int g = get_global_id(0), j = 0;
    while (1) { if (j >= 16) break; o[g * 16 + j] = j; j += 1; } }`,
  ),
  row(
    "x",
    "macros",
    [256],
    [C],
    `
  #define CAT(a, b) a##b
  #define ID(d) CAT(get_global_, id)(d)
  #define STORE(p, ...) p[ID(0)] = SUM(__VA_ARGS__)
  #define SUM(a, b) ((a) + (b))
  #if defined(WIDE) && WIDE > 2 && !defined NONE
  __kernel void k(__global int *o) { STORE(o, 1, WIDE); }
  #else
  # error no WIDE
  #endif`,
    { options: "-DWIDE=3 -cl-mad-enable" },
  ),
  row(
    "x",
    "switches",
    [256],
    [C],
    `__kernel void k(__global int *o) {
    int g = get_global_id(0), at;
    switch (g & 3) { case 0: at = g; break; case 1: case 2: at = g; o[g] = 2; default: at = g; }
    o[at] += 7; }`,
  ),
  row(
    "x",
    "groups_of_converted",
    [64],
    [C, "long 4294967296"],
    `__kernel void k(__global int *o, long d) {
    int g = get_global_id(0); o[g] = get_num_groups(d) * 1000 + get_group_id(d) * 7; }`,
    { local: [4], hidden: true },
  ),
  row(
    "x",
    "groups_of_fraction",
    [64],
    [C, "float 0.5"],
    `__kernel void k(__global int *o, float d) {
    int g = get_global_id(0); o[g] = get_num_groups(d) * 1000 + get_group_id(d) * 7; }`,
    { local: [4], hidden: true },
  ),
  row(
    "x",
    "groups",
    [256],
    [C, B, "local_memory 64"],
    `
  __kernel void k(__global int *o, __global int *i, __local int *t) {
    int l = get_local_id(0);
    t[l] = i[get_global_id(0)];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int s = get_local_size(0) / 2; s > 0; s >>= 1) {
      if (l < s) t[l] += t[l + s];
      barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (l == 0) o[get_group_id(0)] = t[0] + get_num_groups(0); }`,
    { local: [16], hidden: true },
  ),
  row(
    "x",
    "grid_in_helpers",
    [96],
    [C],
    `
  int at(void) { return get_group_id(0) * get_local_size(0) + get_local_id(0); }
  size_t wide(int d) { return get_global_size(d) + get_global_offset(d); }
  __kernel void k(__global int *o) { o[at()] = wide(0) + get_global_linear_id(); }`,
    {
      local: [8],
      offset: [16],
      hidden: true,
    },
  ),
  row(
    "x",
    "grid_stride_once",
    [256],
    [C, "int 250"],
    `__kernel void k(__global int *o, int n) {
    for (int i = get_global_id(0); i < n; i += get_global_size(0)) o[i] = i; }`,
    { hidden: true },
  ),
  row(
    "store_not_affine",
    "grid_stride_again",
    [64],
    [C, "int 250"],
    `
  __kernel void k(__global int *o, int n) {
    for (int i = get_global_id(0); i < n; i += get_global_size(0)) o[i] = i; }`,
  ),
  row(
    "x",
    "offset",
    [100],
    [C],
    `__kernel void k(__global int *o) {
    o[get_global_id(0)] = get_global_id(0); }`,
    { offset: [50] },
  ),
  row(
    "y",
    "image",
    [16, 9],
    ["image 16 9"],
    `__kernel void k(__write_only image2d_t o) {
    int2 p = (int2)(get_global_id(0), get_global_id(1));
    write_imagef(o, p, (float4)(p.x, p.y, 0, 1)); }`,
  ),
  row(
    "x",
    "image_columns",
    [16],
    ["image 16 9"],
    `__kernel void k(__write_only image2d_t o) {
    for (int y = 0; y < 9; y++) write_imagef(o, (int2)(get_global_id(0), y), (float4)(y)); }`,
  ),
  row(
    "y",
    "image_width",
    [16, 9],
    ["image 16 9", C],
    `__kernel void k(__read_only image2d_t i, __global float *o) {
    const sampler_t s = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE | CLK_FILTER_NEAREST;
    int2 p = (int2)(get_global_id(0), get_global_id(1));
    o[p.y * get_image_width(i) + p.x] = read_imagef(i, s, p).x; }`,
  ),
  row(
    "y",
    "image_dimensions",
    [16, 9],
    ["image 16 9", C],
    `__kernel void k(__read_only image2d_t i, __global float *o) {
    const sampler_t s = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE | CLK_FILTER_NEAREST;
    int2 p = (int2)(get_global_id(0), get_global_id(1)), d = get_image_dim(i);
    if (p.x < d.x && p.y < get_image_height(i)) o[p.y * d.x + p.x] = read_imagef(i, s, p).y; }`,
  ),
  row(
    "store_overlaps",
    "image_too_narrow",
    [16, 9],
    ["image 8 9", C],
    `__kernel void k(__read_only image2d_t i, __global int *o) {
    o[get_global_id(1) * get_image_width(i) + get_global_id(0)] = get_global_id(0); }`,
  ),
  row(
    "image_store",
    "image_anywhere",
    [16],
    ["image 16 9", B],
    `
  __kernel void k(__write_only image2d_t o, __global int *i) {
    write_imagef(o, (int2)(i[get_global_id(0)] & 7, 0), (float4)(0)); }`,
  ),
  row(
    "atomic",
    "atomic_through_helper",
    [64],
    [C],
    `
  void add(volatile __global int *p) { atomic_add(p, 1); }
  __kernel void k(volatile __global int *o) { add(o); }`,
  ),
  row(
    "x",
    "local_atomic",
    [64],
    [C],
    `__kernel void k(__global int *o) {
    __local int n; if (get_local_id(0) == 0) n = 0;
    barrier(CLK_LOCAL_MEM_FENCE); atomic_inc(&n); barrier(CLK_LOCAL_MEM_FENCE);
    o[get_global_id(0)] = n; }`,
    { local: [8] },
  ),
  row(
    "side_effect",
    "printf",
    [64],
    [C],
    `__kernel void k(__global int *o) {
    o[get_global_id(0)] = 1; printf("%d", 1); }`,
  ),
  row(
    "unknown",
    "jump",
    [64],
    [C],
    `__kernel void k(__global int *o) {
    goto a; a: o[get_global_id(0)] = 1; }`,
  ),
  row(
    "unknown",
    "recursion",
    [64],
    [C],
    `int f(int n) { return n ? f(n - 1) : 0; }
  __kernel void k(__global int *o) { o[get_global_id(0)] = f(3); }`,
  ),
  row(
    "unknown",
    "unknown_function",
    [64],
    [C],
    `__kernel void k(__global int *o) {
    o[get_global_id(0)] = vendor_thing(o); }`,
  ),
  row(
    "unknown_pointer",
    "one_of_two",
    [64],
    [C, C, "int 1"],
    `
  __kernel void k(__global int *o, __global int *p, int w) {
    (get_global_id(0) % 3 == w ? o : p)[get_global_id(0)] = 1; }`,
  ),
  row(
    "unknown_pointer",
    "from_memory",
    [64],
    [C],
    `typedef struct { __global int *p; } s;
  __kernel void k(__global s *o) { o[get_global_id(0)].p[0] = 1; }`,
  ),
  row(
    "load_of_written",
    "neighbour",
    [64],
    [B],
    `__kernel void k(__global int *o) {
    int g = get_global_id(0); o[g] = o[g + 1]; }`,
  ),
  row(
    "x",
    "neighbour_in_group",
    [64],
    [B],
    `__kernel void k(__global int *o) {
    int l = get_local_id(0); int v = o[get_group_id(0) * 8 + (l ^ 1)];
    barrier(CLK_GLOBAL_MEM_FENCE); o[get_global_id(0)] = v; }`,
    { local: [8], hidden: true },
  ),
  row(
    "store_not_affine",
    "wraps",
    [64],
    [C],
    `__kernel void k(__global int *o, __global float *f) {
    o[(long)(f[get_global_id(0)])] = 1; }`,
  ),
  row(
    "store_overlaps",
    "wraps_in_a_byte",
    [512],
    [C],
    `__kernel void k(__global int *o) {
    uchar i = get_global_id(0); o[i] = get_global_id(0); }`,
  ),
  row(
    "one_group",
    "one_group",
    [8],
    [C],
    `__kernel void k(__global int *o) {
    o[get_local_id(0)] = 1; }`,
    { local: [8] },
  ),
  row("no_store", "nothing", [64], [C], `__kernel void k(__global int *o) { int i = o[0]; }`),
  row(
    "no_local_size",
    "local_size_open",
    [64],
    [C],
    `__kernel void k(__global int *o) {
    o[get_global_id(0)] = get_local_id(0); }`,
  ),
  row("malformed", "no_end", [64], [C], `#if 1\n__kernel void k(__global int *o) { }`),
];
