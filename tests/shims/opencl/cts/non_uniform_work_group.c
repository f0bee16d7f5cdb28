/* SPDX-License-Identifier: MIT */
/*
 * non_uniform_work_group: local sizes that do not divide the global ones, where the last groups are
 * smaller. A device without them refuses such launches.
 */
#include "cts.h"

enum { BASIC, ATOMICS, BARRIERS };

static const char *const bodies[] = {
    /* What the item and its group are told of their sizes. */
    " all[i] = (uint)(get_local_size(0) + 100 * (get_local_size(1) + 100 * get_local_size(2)));",
    /* Items of the group counted in local memory, and all in global memory. */
    " local uint count; if (l == 0) count = 0; barrier(CLK_LOCAL_MEM_FENCE); atomic_inc(&count);"
    " atomic_inc(total); barrier(CLK_LOCAL_MEM_FENCE); all[i] = count;",
    /* What the last item of the group wrote before a barrier. */
    " local uint seen[512]; seen[l] = (uint)i; barrier(CLK_LOCAL_MEM_FENCE);"
    " all[i] = seen[get_local_size(0) * get_local_size(1) * get_local_size(2) - 1];",
};

static void launch(int what, cl_uint dimensions, const size_t size[3], const size_t local[3])
{
	const size_t count = size[0] * size[1] * size[2];
	uint32_t *got = cts_host(count * 4), *want = cts_host(count * 4), total = 0;
	cl_mem all = cts_buffer(CL_MEM_READ_WRITE, count * 4, NULL);
	cl_mem sum = cts_buffer(CL_MEM_READ_WRITE, 4, &total);
	char *source = NULL;
	cl_kernel kernel;

	cts_append(&source,
		   "kernel void k(global uint *all, global uint *total) {"
		   " size_t i = get_global_id(0) + get_global_size(0) *"
		   " (get_global_id(1) + get_global_size(1) * get_global_id(2));"
		   " size_t l = get_local_id(0) + get_local_size(0) *"
		   " (get_local_id(1) + get_local_size(1) * get_local_id(2));%s }",
		   bodies[what]);
	kernel = cts_kernel(cts_program_20(source), "k");
	cts_mems(kernel, 2, all, sum);
	if (!cts_number(CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT)) {
		REFUSED(clEnqueueNDRangeKernel(cts.queue, kernel, dimensions, NULL, size, local, 0,
					       NULL, NULL),
			CL_INVALID_WORK_GROUP_SIZE);
		cts_skip("no such groups: refused, as it has to be");
	}
	cts_launch(kernel, dimensions, size, local);
	for (size_t i = 0; i < count; i++) {
		const size_t id[3] = {i % size[0], i / size[0] % size[1], i / size[0] / size[1]};
		size_t n[3], first[3];

		for (int d = 0; d < 3; d++) {
			first[d] = id[d] / local[d] * local[d];
			n[d] = size[d] - first[d] < local[d] ? size[d] - first[d] : local[d];
		}
		if (what == BASIC)
			want[i] = (uint32_t)(n[0] + 100 * (n[1] + 100 * n[2]));
		else if (what == ATOMICS)
			want[i] = (uint32_t)(n[0] * n[1] * n[2]);
		else
			want[i] = (uint32_t)(first[0] + n[0] - 1 +
					     size[0] * (first[1] + n[1] - 1 +
							size[1] * (first[2] + n[2] - 1)));
	}
	cts_read(all, count * 4, got);
	cts_same(got, want, 4, count, "items");
	cts_read(sum, 4, &total);
	EXPECT(total == (what == ATOMICS ? count : 0), "%u items were counted", total);
}

static void sizes(int what, cl_uint dimensions)
{
	static const size_t all[3][3] = {{37, 13, 9}, {64, 17, 5}, {101, 31, 11}};
	static const size_t locals[3][3] = {{8, 4, 2}, {16, 3, 4}, {7, 5, 3}};

	for (int i = 0; i < 3; i++) {
		size_t size[3] = {1, 1, 1}, local[3] = {1, 1, 1};

		for (cl_uint d = 0; d < dimensions; d++) {
			size[d] = all[i][d];
			local[d] = locals[i][d];
		}
		launch(what, dimensions, size, local);
	}
}

#define SIZES(name, what)                                                                          \
	CHECK(non_uniform_work_group, non_uniform_1d_##name)                                       \
	{                                                                                          \
		sizes(what, 1);                                                                    \
	}                                                                                          \
	CHECK(non_uniform_work_group, non_uniform_2d_##name)                                       \
	{                                                                                          \
		sizes(what, 2);                                                                    \
	}                                                                                          \
	CHECK(non_uniform_work_group, non_uniform_3d_##name)                                       \
	{                                                                                          \
		sizes(what, 3);                                                                    \
	}                                                                                          \
	/* Primes, and local sizes larger than the whole. */                                       \
	CHECK(non_uniform_work_group, non_uniform_other_##name)                                    \
	{                                                                                          \
		launch(what, 2, (const size_t[3]){97, 89, 1}, (const size_t[3]){16, 16, 1});       \
		launch(what, 1, (const size_t[3]){5, 1, 1}, (const size_t[3]){8, 1, 1});           \
	}

SIZES(basic, BASIC)
SIZES(atomics, ATOMICS)
SIZES(barriers, BARRIERS)
