#define N 4
typedef struct { float x; int n; } P;
float helper(float a, __global const float *p, int i) { return a * p[i]; }
__kernel void saxpy(__global float *y, __global const float *x, float a) {
  int i = get_global_id(0);
  y[i] = helper(a, x, i) + y[i];
}
__kernel void mat(__global float *c, __global const float *a, __global const float *b, int width) {
  const int x = get_global_id(0), y = get_global_id(1);
  if (x >= width) return;
  float s = 0;
  for (int k = 0; k < width; k++) s += a[y*width+k]*b[k*width+x];
  c[y*width + x] = s;
}
__kernel void quad(__global float4 *o) { size_t g = get_global_id(0); for (int j=0;j<N;j++) o[g*N+j] = (float4)(j); }
__kernel void blur(__read_only image2d_t a, __write_only image2d_t b) {
  int2 p = (int2)(get_global_id(0), get_global_id(1));
  sampler_t s = CLK_FILTER_NEAREST;
  float4 v = 0.0f; for (int i=-2;i<=2;++i) v += read_imagef(a, s, p + (int2)(i,0));
  write_imagef(b, p, v);
}
__kernel void red(__global const float *in, __global float *out, __local float *t) {
  uint l = get_local_id(0);
  t[l] = in[get_global_id(0)];
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint s = get_local_size(0)/2; s>0; s >>= 1) { if (l < s) t[l] += t[l+s]; barrier(CLK_LOCAL_MEM_FENCE); }
  if (l == 0) out[get_group_id(0)] = t[0];
}
__kernel void hist(__global int *h, __global const uchar *in) { atomic_inc(&h[in[get_global_id(0)]]); }
__kernel void stencil(__global int *a) { int i=get_global_id(0); a[i] = a[i+1]; }
__kernel void perm(__global int *a, __global const int *p) { a[p[get_global_id(0)]] = 1; }
__kernel void st(__global P *a) { int i=get_global_id(0); a[i].n = 4; a[i].x = i; }
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define CAT(a, b) a##b
#define TEXT(x) #x
#define ALL(f, ...) f(__VA_ARGS__) TEXT(f)
#if defined(N) && (N << 2) % 3 != 0x10u || !1
enum { ONE = 1, TWO = CAT(ONE, ) + 1, FOUR };
#elif 0
#else
#error nothing
#endif
union mixed { int i; float f[TWO]; uchar4 c; } __attribute__((packed));
__constant float table[] = {1.0f, .5f, [2] = 0x1p3f};
size_t wide(uint d) { return get_global_size(d) + get_num_groups(0); }
__kernel __attribute__((reqd_work_group_size(8, 2, 1))) void
all(__global union mixed *restrict m, __local int (*rows)[4], const uint4 v, sampler_t s) {
  int g = get_global_id(0), i = 0, *p = &i;
  do {
    switch (g % 3) { case ONE: *p += 1; case TWO ... FOUR: break; default: continue; }
    for (;; i--) { if (i < -4) break; rows[i & 3][1] = ({ int t = g; t ? t : -t; }); }
  } while (++i < 7 && g);
  m[g].c.s01 = convert_uchar2_sat(v.hi);
  m[get_group_id(0) * wide(1)].f[1] = table[g & 1] * (float)sizeof(union mixed);
  vstore_half4((float4)(1, (float2)(2, 3), 4), g, (__global half *)m);
}
