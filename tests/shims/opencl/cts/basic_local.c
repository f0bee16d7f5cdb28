/* SPDX-License-Identifier: MIT */
/* basic: local memory and barriers. */
#include "cts.h"

#define N 4096

/* The two ways to have local memory: an argument, and a declaration in the kernel. */
static void local_memory(bool is_argument)
{
	char *source = NULL;
	cl_kernel kernel;
	size_t local;
	int *from = cts_host(N * sizeof(int)), *got = cts_host(N * sizeof(int));
	int *want = cts_host(N * sizeof(int));
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, N * sizeof(int), NULL);

	cts_append(&source,
		   "kernel void k(global const int *from, global int *to%s) {%s"
		   " size_t i = get_global_id(0), l = get_local_id(0);"
		   " space[l] = from[i]; barrier(CLK_LOCAL_MEM_FENCE);"
		   " to[i] = space[get_local_size(0) - 1 - l] + space[0]; }",
		   is_argument ? ", local int *space" : "",
		   is_argument ? "" : " local int space[64];");
	kernel = cts_build(source, NULL);
	local = cts_local(kernel, N, 64);
	cts_fill(from, N * sizeof(int));
	for (size_t i = 0; i < N; i++) {
		const size_t group = i / local * local;

		want[i] = (int)((unsigned int)from[group + local - 1 - (i - group)] +
				(unsigned int)from[group]);
	}
	cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, N * sizeof(int), from), to);
	if (is_argument)
		OK(clSetKernelArg(kernel, 2, local * sizeof(int), NULL));
	cts_launch1(kernel, N, local);
	cts_read(to, N * sizeof(int), got);
	cts_same(got, want, sizeof(int), N, "ints");
}

CHECK(basic, local_arg_def)
{
	local_memory(true);
}

CHECK(basic, local_kernel_def)
{
	local_memory(false);
}

/* local_kernel_scope: items of a group see each other's local memory, those of others do not. */
CHECK(basic, local_kernel_scope)
{
	cl_kernel kernel =
	    cts_build("kernel void k(global const uint *from, global uint *to) {"
		      " size_t i = get_global_id(0), l = get_local_id(0), n = get_local_size(0);"
		      " local uint space[64]; uint most = 0; space[l] = from[i]; "
		      "barrier(CLK_LOCAL_MEM_FENCE);"
		      " for (size_t j = 0; j < n; j++) most = max(most, space[j]);"
		      " if (l == 0) to[get_group_id(0)] = most; }",
		      NULL);
	const size_t local = cts_local(kernel, N, 64), groups = N / local;
	uint32_t *from = cts_host(N * 4), *got = cts_host(groups * 4), *want = cts_host(groups * 4);
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, groups * 4, NULL);

	cts_fill(from, N * 4);
	for (size_t i = 0; i < N; i++)
		if (from[i] > want[i / local])
			want[i / local] = from[i];
	cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, N * 4, from), to);
	cts_launch1(kernel, N, local);
	cts_read(to, groups * 4, got);
	cts_same(got, want, 4, groups, "maxima");
}

/* barrier, wg_barrier: one work-group sums an array up in rounds. */
static void sum_up(const char *name, bool is_20)
{
	char *source = NULL;
	const int count = 3000;
	int *from = cts_host((size_t)count * sizeof(int)), got = 0, want = 0;
	cl_kernel kernel;
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(int), NULL);
	size_t local;

	cts_append(&source,
		   "kernel void k(global const int *from, int n, local int *sums, global int *to) {"
		   " int l = get_local_id(0), size = get_local_size(0), sum = 0;"
		   " for (int i = l; i < n; i += size) sum += from[i];"
		   " sums[l] = sum; %s(CLK_LOCAL_MEM_FENCE);"
		   " for (int left = size / 2; left > 0; left /= 2) {"
		   " if (l < left) sums[l] += sums[l + left]; %s(CLK_LOCAL_MEM_FENCE); }"
		   " if (l == 0) *to = sums[0]; }",
		   name, name);
	kernel = cts_kernel(is_20 ? cts_program_20(source) : cts_program(source, NULL), "k");
	for (local = cts_local(kernel, 4096, 256); local & (local - 1);)
		local &= local - 1;
	for (int i = 0; i < count; i++)
		want += from[i] = (int)(cts_random() & 0xffff);
	cts_mems(kernel, 1, cts_buffer(CL_MEM_READ_ONLY, (size_t)count * sizeof(int), from));
	ARG(kernel, 1, count);
	OK(clSetKernelArg(kernel, 2, local * sizeof(int), NULL));
	ARG(kernel, 3, to);
	cts_launch1(kernel, local, local);
	cts_read(to, sizeof(int), &got);
	EXPECT(got == want, "%d instead of %d", got, want);
}

CHECK(basic, barrier)
{
	sum_up("barrier", false);
}

CHECK(basic, wg_barrier)
{
	sum_up("work_group_barrier", true);
}

/*
 * async_*: a group copies its part between global and local memory, dense or with a stride on the
 * global side. One kernel a type and width; for each direction the items check the other one by
 * hand.
 */
static void async(bool is_strided, bool is_to_local)
{
	for (unsigned int t = 0; t < cts_type_count(); t++)
		for (unsigned int w = 0; w < 6; w++) {
			const struct cts_type *type = &cts_types[t];
			const unsigned int width = cts_widths[w], stride = is_strided ? 3 : 1;
			const size_t size = type->size * SLOTS(width), local = 16, items = 2;
			const size_t groups = 8, part = local * items, count = groups * part;
			const char *vector = cts_vector(type, width);
			uint8_t *from = cts_host(count * stride * size), *want, *got;
			char *copy = NULL, *source = NULL;
			cl_kernel kernel;
			cl_mem to;

			if (cts.is_quick ? (t != 4 || width > 4) : (width > 4 && t != 0 && t != 8))
				continue;
			cts_append(&copy, "async_work_group_%scopy(%s, part%s, 0)",
				   is_strided ? "strided_" : "",
				   is_to_local ? "space, from + g * part * stride"
					       : "to + g * part * stride, space",
				   is_strided ? ", stride" : "");
			cts_append(&source,
				   "kernel void k(global const %s *from, global %s *to,"
				   " local %s *space, int part, int stride) {"
				   " int g = get_group_id(0), l = get_local_id(0),"
				   " n = get_local_size(0);",
				   vector, vector, vector);
			if (is_to_local)
				cts_append(&source,
					   " event_t e = %s; wait_group_events(1, &e);"
					   " for (int i = l; i < part; i += n)"
					   " to[g * part + i] = space[i]; }",
					   copy);
			else
				cts_append(&source,
					   " for (int i = l; i < part; i += n)"
					   " space[i] = from[g * part + i];"
					   " barrier(CLK_LOCAL_MEM_FENCE);"
					   " event_t e = %s; wait_group_events(1, &e); }",
					   copy);
			kernel = cts_build(source, NULL);
			cts_fill(from, count * stride * size);
			want = cts_host(count * stride * size);
			got = cts_host(count * stride * size);
			to = cts_buffer(CL_MEM_READ_WRITE, count * stride * size, want);
			for (size_t i = 0; i < count; i++)
				memcpy(want + (is_to_local ? i : i * stride) * size,
				       from + (is_to_local ? i * stride : i) * size, size);
			cts_mems(kernel, 2,
				 cts_buffer(CL_MEM_READ_ONLY, count * stride * size, from), to);
			OK(clSetKernelArg(kernel, 2, part * size, NULL));
			{
				const int numbers[2] = {(int)part, (int)stride};

				ARG(kernel, 3, numbers[0]);
				ARG(kernel, 4, numbers[1]);
			}
			cts_launch1(kernel, groups * local, local);
			cts_read(to, count * stride * size, got);
			/* Of a vector of three the fourth is anything. */
			for (size_t i = 0; width == 3 && i < count * stride; i++)
				memcpy(got + i * size + 3 * type->size,
				       want + i * size + 3 * type->size, type->size);
			cts_same(got, want, size, count * stride, vector);
		}
}

CHECK(basic, async_copy_global_to_local)
{
	async(false, true);
}

CHECK(basic, async_copy_local_to_global)
{
	async(false, false);
}

CHECK(basic, async_strided_copy_global_to_local)
{
	async(true, true);
}

CHECK(basic, async_strided_copy_local_to_global)
{
	async(true, false);
}

/* prefetch: changes nothing. */
CHECK(basic, prefetch)
{
	for (unsigned int t = 0; t < cts_type_count(); t++) {
		const struct cts_type *type = &cts_types[t];
		uint8_t *from = cts_host(N * type->size), *got = cts_host(N * type->size);
		cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, N * type->size, NULL);
		char *source = NULL;
		cl_kernel kernel;

		if (cts.is_quick && t != 4)
			continue;
		cts_append(&source,
			   "kernel void k(global const %s *from, global %s *to) {"
			   " size_t i = get_global_id(0);"
			   " prefetch(from + i, 1); to[i] = from[i]; }",
			   type->name, type->name);
		kernel = cts_build(source, NULL);
		cts_fill(from, N * type->size);
		cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, N * type->size, from), to);
		cts_launch1(kernel, N, 64);
		cts_read(to, N * type->size, got);
		cts_same(got, from, type->size, N, type->name);
	}
}
