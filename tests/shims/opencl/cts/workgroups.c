/* SPDX-License-Identifier: MIT */
/* workgroups: functions of OpenCL C 2.0 that all items of a group call together. */
#include "cts.h"

#define GROUP 32
#define N (16 * GROUP)

enum { ALL, ANY, REDUCE, INCLUSIVE, EXCLUSIVE };
enum { ADD, MIN, MAX };

static int combine(int how, int a, int b)
{
	if (how == ADD)
		return (int)((unsigned int)a + (unsigned int)b);
	return how == MIN ? (a < b ? a : b) : (a > b ? a : b);
}

/* What items of one group get of what they have. */
static void reference(int function, int how, const int *from, int *to)
{
	const int none = how == ADD ? 0 : how == MIN ? INT32_MAX : INT32_MIN;
	int all = 1, any = 0, sum = none;

	for (int i = 0; i < GROUP; i++) {
		all &= from[i] != 0;
		any |= from[i] != 0;
		to[i] = sum;
		sum = combine(how, sum, from[i]);
		if (function == INCLUSIVE)
			to[i] = sum;
	}
	for (int i = 0; i < GROUP && function <= REDUCE; i++)
		to[i] = function == ALL ? all : function == ANY ? any : sum;
}

static void collective(const char *name, int function, int how)
{
	char *source = NULL;
	int *from = cts_host(N * sizeof(int)), *got = cts_host(N * sizeof(int));
	int *want = cts_host(N * sizeof(int));
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, N * sizeof(int), NULL);
	cl_kernel kernel;

	cts_append(&source,
		   "kernel void k(global const int *from, global int *to) {"
		   " size_t i = get_global_id(0); to[i] = %s(from[i])%s; }",
		   name, function <= ANY ? " != 0" : "");
	kernel = cts_kernel(cts_program_20(source), "k");
	for (int i = 0; i < N; i++) {
		const int group = i / GROUP;

		from[i] = (int)(cts_random() % 2000) - 1000;
		/* Groups of all, none and some. */
		if (function <= ANY)
			from[i] = group % 3 == 0 ? 1 : group % 3 == 1 ? 0 : i == 2 * GROUP + 5;
	}
	for (int i = 0; i < N; i += GROUP)
		reference(function, how, from + i, want + i);
	cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, N * sizeof(int), from), to);
	cts_launch1(kernel, N, GROUP);
	cts_read(to, N * sizeof(int), got);
	cts_same(got, want, sizeof(int), N, name);
}

#define COLLECTIVE(name, function, how)                                                            \
	CHECK(workgroups, name)                                                                    \
	{                                                                                          \
		collective(#name, function, how);                                                  \
	}

COLLECTIVE(work_group_all, ALL, ADD)
COLLECTIVE(work_group_any, ANY, ADD)
COLLECTIVE(work_group_reduce_add, REDUCE, ADD)
COLLECTIVE(work_group_reduce_min, REDUCE, MIN)
COLLECTIVE(work_group_reduce_max, REDUCE, MAX)
COLLECTIVE(work_group_scan_inclusive_add, INCLUSIVE, ADD)
COLLECTIVE(work_group_scan_inclusive_min, INCLUSIVE, MIN)
COLLECTIVE(work_group_scan_inclusive_max, INCLUSIVE, MAX)
COLLECTIVE(work_group_scan_exclusive_add, EXCLUSIVE, ADD)
COLLECTIVE(work_group_scan_exclusive_min, EXCLUSIVE, MIN)
COLLECTIVE(work_group_scan_exclusive_max, EXCLUSIVE, MAX)

/* work_group_broadcast_*: what one item of each group has. */
static void broadcast(cl_uint dimensions)
{
	static const size_t sizes[3][3] = {{64, 1, 1}, {16, 8, 1}, {8, 8, 4}};
	static const size_t locals[3][3] = {{16, 1, 1}, {4, 4, 1}, {4, 2, 2}};
	const size_t *size = sizes[dimensions - 1], *local = locals[dimensions - 1];
	const size_t count = size[0] * size[1] * size[2];
	char *source = NULL;
	int *from = cts_host(count * sizeof(int)), *got = cts_host(count * sizeof(int));
	int *want = cts_host(count * sizeof(int));
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, count * sizeof(int), NULL);
	cl_kernel kernel;

	cts_append(&source,
		   "kernel void k(global const int *from, global int *to) {"
		   " size_t i = get_global_id(0) + get_global_size(0) *"
		   " (get_global_id(1) + get_global_size(1) * get_global_id(2));"
		   " to[i] = work_group_broadcast(from[i], get_local_size(0) - 1%s%s); }",
		   dimensions > 1 ? ", get_local_size(1) / 2" : "", dimensions > 2 ? ", 1" : "");
	kernel = cts_kernel(cts_program_20(source), "k");
	cts_fill(from, count * sizeof(int));
	for (size_t i = 0; i < count; i++) {
		const size_t x = i % size[0], y = i / size[0] % size[1], z = i / size[0] / size[1];
		const size_t at[3] = {x / local[0] * local[0] + local[0] - 1,
				      y / local[1] * local[1] + (dimensions > 1 ? local[1] / 2 : 0),
				      z / local[2] * local[2] + (dimensions > 2)};

		want[i] = from[at[0] + size[0] * (at[1] + size[1] * at[2])];
	}
	cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_ONLY, count * sizeof(int), from), to);
	cts_launch(kernel, dimensions, size, local);
	cts_read(to, count * sizeof(int), got);
	cts_same(got, want, sizeof(int), count, "ints");
}

CHECK(workgroups, work_group_broadcast_1D)
{
	broadcast(1);
}

CHECK(workgroups, work_group_broadcast_2D)
{
	broadcast(2);
}

CHECK(workgroups, work_group_broadcast_3D)
{
	broadcast(3);
}
