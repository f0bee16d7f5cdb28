/*
 * What optimised.spv and plain.spv are made of, by LLVM 15 and its SPIR-V translator; the latter with
 * -Xclang -disable-llvm-passes too:
 *
 *     clang-15 -c -x cl -cl-std=CL1.2 -target spir64 -emit-llvm -Xclang -finclude-default-header \
 *         -O2 kernels.cl -o kernels.bc && llvm-spirv-15 kernels.bc -o optimised.spv
 */
__kernel void saxpy(__global float *y, __global const float *x, int n)
{
	int i = get_global_id(0);

	if (i < n)
		y[i] = 2.5f * x[i] + y[i];
}

__kernel void product(__global float *c, __global const float *a, int n)
{
	const int x = get_global_id(0), y = get_global_id(1);
	float sum = 0;

	if (x >= n || y >= n)
		return;
	for (int k = 0; k < n; k++)
		sum += a[y * n + k] * a[k * n + x];
	c[y * n + x] = sum;
}

int place(int x)
{
	return x + (int)(get_group_id(0) * get_local_size(0));
}

/* Asks for all of the grid, also in a function. */
__kernel void grid(__global int *out, __global const int *in, int n)
{
	int i = place(get_local_id(0));

	if (i < n)
		out[i] = in[i] + (int)(1000000 * get_num_groups(0) + get_global_size(0)) +
			 (int)get_global_offset(0) + (int)get_group_id(0);
}

__kernel void sums(__global int *out, __global const int *in, __local int *part)
{
	uint l = get_local_id(0);

	part[l] = in[get_global_id(0)];
	barrier(CLK_LOCAL_MEM_FENCE);
	for (uint s = get_local_size(0) / 2; s > 0; s >>= 1) {
		if (l < s)
			part[l] += part[l + s];
		barrier(CLK_LOCAL_MEM_FENCE);
	}
	if (l == 0)
		out[get_group_id(0)] = part[0];
}

__kernel void quad(__global int4 *out, __global const int *in, int n)
{
	size_t i = get_global_id(0);

	for (int j = 0; j < 2; j++)
		out[2 * i + j] = (int4)(in[i] + j, n, j, 3);
}

__kernel void histogram(__global int *out, __global const int *in, int n)
{
	int i = get_global_id(0);

	if (i < n)
		atomic_inc(&out[in[i] & 15]);
}

__kernel void shift(__global int *out, __global const int *in, int n)
{
	int i = get_global_id(0);

	if (i < n)
		out[i] = out[i + 1] + in[i];
}

__kernel void scatter(__global int *out, __global const int *in, int n)
{
	out[in[get_global_id(0)] & 63] = n;
}
