/* SPDX-License-Identifier: MIT */
/* basic: arithmetic, conversions between int and float, branches and loops. */
#include "cts.h"

#include <math.h>

#define N 2048

/* One kernel for all operations, which one is an argument. */
static cl_kernel operations(const char *type)
{
	char *source = NULL;

	cts_append(&source,
		   "kernel void op(global const %s *a, global const %s *b, global const %s *c,"
		   " global %s *to, int which) {"
		   " size_t i = get_global_id(0);"
		   " if (which == 0) to[i] = a[i] + b[i];"
		   " else if (which == 1) to[i] = a[i] - b[i];"
		   " else if (which == 2) to[i] = a[i] * b[i];"
		   " else to[i] = a[i] * b[i] + c[i]; }",
		   type, type, type, type);
	return cts_build(source, NULL);
}

static void *run_operation(cl_kernel op, int which, size_t count, size_t size, cl_mem to)
{
	void *got = cts_host(count * size);

	ARG(op, 4, which);
	cts_launch1(op, count, 64);
	cts_read(to, count * size, got);
	return got;
}

static void intmath(const struct cts_type *type, unsigned int width)
{
	const size_t count = (size_t)N * width, bytes = count * type->size;
	cl_kernel op = operations(cts_vector(type, width));
	cl_mem memory[4];
	uint64_t *in[3];

	for (int i = 0; i < 3; i++) {
		in[i] = cts_host(bytes);
		cts_fill(in[i], bytes);
		memory[i] = cts_buffer(CL_MEM_READ_ONLY, bytes, in[i]);
	}
	memory[3] = cts_buffer(CL_MEM_READ_WRITE, bytes, NULL);
	cts_mems(op, 4, memory[0], memory[1], memory[2], memory[3]);
	for (int which = 0; which < 4; which++) {
		void *got = run_operation(op, which, N, type->size * width, memory[3]);
		uint8_t *want = cts_host(bytes);

		for (size_t i = 0; i < count; i++) {
			uint64_t value[3] = {0}, result;

			for (int j = 0; j < 3; j++)
				memcpy(&value[j], (uint8_t *)in[j] + i * type->size, type->size);
			result = which == 0   ? value[0] + value[1]
				 : which == 1 ? value[0] - value[1]
				 : which == 2 ? value[0] * value[1]
					      : value[0] * value[1] + value[2];
			memcpy(want + i * type->size, &result, type->size);
		}
		cts_same(got, want, type->size, count, "operations");
	}
}

static void fpmath(unsigned int width)
{
	const size_t count = (size_t)N * width, bytes = count * sizeof(float);
	cl_kernel op = operations(cts_vector(&cts_types[8], width));
	float *in[3], *want = cts_host(bytes);
	cl_mem memory[4];

	for (int i = 0; i < 3; i++) {
		in[i] = cts_host(bytes);
		for (size_t j = 0; j < count; j++)
			in[i][j] = cts_random_float(-1e4f, 1e4f);
		memory[i] = cts_buffer(CL_MEM_READ_ONLY, bytes, in[i]);
	}
	memory[3] = cts_buffer(CL_MEM_READ_WRITE, bytes, NULL);
	cts_mems(op, 4, memory[0], memory[1], memory[2], memory[3]);
	for (int which = 0; which < 4; which++) {
		float *got = run_operation(op, which, N, sizeof(float) * width, memory[3]);

		for (size_t i = 0; i < count; i++)
			want[i] = which == 0   ? in[0][i] + in[1][i]
				  : which == 1 ? in[0][i] - in[1][i]
				  : which == 2 ? in[0][i] * in[1][i]
					       : fmaf(in[0][i], in[1][i], in[2][i]);
		/* A device may round the product before it adds, or not: terms may cancel out. */
		for (size_t i = 0; which == 3 && i < count; i++)
			if (fabsf(got[i] - want[i]) <=
			    (fabsf(in[0][i] * in[1][i]) + fabsf(want[i])) * 0x1p-23f)
				got[i] = want[i];
		cts_close(got, want, count, 0, "operations");
	}
}

#define INTMATH(type, number)                                                                      \
	CHECK(basic, intmath_##type)                                                               \
	{                                                                                          \
		intmath(&cts_types[number], 1);                                                    \
	}                                                                                          \
	CHECK(basic, intmath_##type##2)                                                            \
	{                                                                                          \
		intmath(&cts_types[number], 2);                                                    \
	}                                                                                          \
	CHECK(basic, intmath_##type##4)                                                            \
	{                                                                                          \
		intmath(&cts_types[number], 4);                                                    \
	}

INTMATH(int, 4)
INTMATH(long, 6)

CHECK(basic, fpmath_float)
{
	fpmath(1);
}

CHECK(basic, fpmath_float2)
{
	fpmath(2);
}

CHECK(basic, fpmath_float4)
{
	fpmath(4);
}

/* int2float, float2int: what C says, where the value fits. */
CHECK(basic, int2float)
{
	cl_kernel kernel = cts_build("kernel void k(global const int *from, global float *to) {"
				     " size_t i = get_global_id(0); to[i] = (float)from[i]; }",
				     NULL);
	int *from = cts_host(N * sizeof(int));
	float *got = cts_host(N * sizeof(float)), *want = cts_host(N * sizeof(float));
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, N * sizeof(float), NULL);

	cts_fill(from, N * sizeof(int));
	for (int i = 0; i < N; i++)
		want[i] = (float)from[i];
	cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, N * sizeof(int), from), to);
	cts_launch1(kernel, N, 64);
	cts_read(to, N * sizeof(float), got);
	cts_same(got, want, sizeof(float), N, "floats");
}

CHECK(basic, float2int)
{
	cl_kernel kernel = cts_build("kernel void k(global const float *from, global int *to) {"
				     " size_t i = get_global_id(0); to[i] = (int)from[i]; }",
				     NULL);
	float *from = cts_host(N * sizeof(float));
	int *got = cts_host(N * sizeof(int)), *want = cts_host(N * sizeof(int));
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, N * sizeof(int), NULL);

	for (int i = 0; i < N; i++) {
		from[i] = cts_random_float(-2e9f, 2e9f) / (float)(1 + i % 1000);
		want[i] = (int)from[i];
	}
	cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, N * sizeof(float), from), to);
	cts_launch1(kernel, N, 64);
	cts_read(to, N * sizeof(int), got);
	cts_same(got, want, sizeof(int), N, "ints");
}

/* if: a ladder of branches that differ from item to item. */
CHECK(basic, if)
{
	cl_kernel kernel = cts_build("kernel void k(global const int *from, global int *to) {"
				     " size_t i = get_global_id(0);"
				     " if (from[i] == 0) to[i] = 0x12345678;"
				     " else if (from[i] == 1) to[i] = 0x23456781;"
				     " else if (from[i] == 2) to[i] = 0x34567812;"
				     " else if (from[i] == 3) to[i] = 0x45678123;"
				     " else if (from[i] == 4) to[i] = 0x56781234;"
				     " else to[i] = 0x7fffffff; }",
				     NULL);
	static const int constants[] = {0x12345678, 0x23456781, 0x34567812,
					0x45678123, 0x56781234, 0x7fffffff};
	int *from = cts_host(N * sizeof(int)), *got = cts_host(N * sizeof(int));
	int *want = cts_host(N * sizeof(int));
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, N * sizeof(int), NULL);

	for (int i = 0; i < N; i++) {
		from[i] = (int)(cts_random() % 7);
		want[i] = constants[from[i] < 5 ? from[i] : 5];
	}
	cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, N * sizeof(int), from), to);
	cts_launch1(kernel, N, 64);
	cts_read(to, N * sizeof(int), got);
	cts_same(got, want, sizeof(int), N, "values");
}

/* loop: rounds that differ from item to item, each reads elsewhere. */
CHECK(basic, loop)
{
	cl_kernel kernel =
	    cts_build("kernel void k(global const int *from, global const int *begin,"
		      " global const int *rounds, global int *to) {"
		      " size_t i = get_global_id(0); int n = rounds[i], sum = 0;"
		      " for (int j = 0, at = begin[i]; j < n; j++, at++)"
		      " sum += from[at];"
		      " to[i] = sum; }",
		      NULL);
	int *from = cts_host(2 * N * sizeof(int)), *begin = cts_host(N * sizeof(int));
	int *rounds = cts_host(N * sizeof(int)), *got = cts_host(N * sizeof(int));
	int *want = cts_host(N * sizeof(int));
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, N * sizeof(int), NULL);

	for (int i = 0; i < 2 * N; i++)
		from[i] = (int)(cts_random() & 0xffff);
	for (int i = 0; i < N; i++) {
		begin[i] = (int)(cts_random() % N);
		rounds[i] = (int)(cts_random() % 33);
		for (int j = 0; j < rounds[i]; j++)
			want[i] += from[begin[i] + j];
	}
	cts_mems(kernel, 4, cts_buffer(CL_MEM_READ_ONLY, 2 * N * sizeof(int), from),
		 cts_buffer(CL_MEM_READ_ONLY, N * sizeof(int), begin),
		 cts_buffer(CL_MEM_READ_ONLY, N * sizeof(int), rounds), to);
	cts_launch1(kernel, N, 64);
	cts_read(to, N * sizeof(int), got);
	cts_same(got, want, sizeof(int), N, "sums");
}

/* pointer_cast: an array of bytes is one of ints, and what is written through it is the same bytes.
 */
CHECK(basic, pointer_cast)
{
	cl_kernel kernel = cts_build("kernel void k(global const uchar *from, global uint *to) {"
				     " size_t i = get_global_id(0);"
				     " global const uint *as = (global const uint *)from;"
				     " to[i] = as[i]; }",
				     NULL);
	uint8_t *from = cts_host(N * 4), *got = cts_host(N * 4);
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, N * 4, NULL);

	cts_fill(from, N * 4);
	cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, N * 4, from), to);
	cts_launch1(kernel, N, 64);
	cts_read(to, N * 4, got);
	cts_same(got, from, 4, N, "ints");
}
