/* SPDX-License-Identifier: MIT */
/* basic: what work-items are told of themselves, and of where the whole begins. */
#include "cts.h"

/* What an item writes: dimensions, then for 3 dimensions global size, id, local size, id, groups,
 * group, offset. */
#define FIELDS (1 + 3 * 7)

static const char source[] =
    "#define AT(d) to[1 + (d) * 7] = get_global_size(d); to[2 + (d) * 7] = get_global_id(d);"
    " to[3 + (d) * 7] = get_local_size(d); to[4 + (d) * 7] = get_local_id(d);"
    " to[5 + (d) * 7] = get_num_groups(d); to[6 + (d) * 7] = get_group_id(d);"
    " to[7 + (d) * 7] = get_global_offset(d);\n"
    "kernel void k(global uint *all, uint w, uint h) {"
    " global uint *to = all + 22 * (get_global_id(0) - get_global_offset(0)"
    "  + w * (get_global_id(1) - get_global_offset(1)"
    "  + h * (get_global_id(2) - get_global_offset(2))));"
    " to[0] = get_work_dim(); AT(0) AT(1) AT(2) }"
    "kernel void by_variable(global uint *all, uint w, uint h) {"
    " global uint *to = all + 22 * (get_global_id(0) + w * (get_global_id(1) + h * "
    "get_global_id(2)));"
    " to[0] = get_work_dim(); for (uint d = 0; d < 3; d++) { AT(d) } }";

static void work_items(cl_kernel kernel, cl_uint dimensions, const size_t *offset,
		       const size_t *global, const size_t *local)
{
	const size_t all[3] = {global[0], dimensions > 1 ? global[1] : 1,
			       dimensions > 2 ? global[2] : 1};
	const size_t count = all[0] * all[1] * all[2], bytes = count * FIELDS * sizeof(uint32_t);
	const cl_uint sizes[2] = {(cl_uint)all[0], (cl_uint)all[1]};
	uint32_t *got = cts_host(bytes), *want = cts_host(bytes), *at = want;
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, bytes, want);

	for (size_t z = 0; z < all[2]; z++)
		for (size_t y = 0; y < all[1]; y++)
			for (size_t x = 0; x < all[0]; x++) {
				const size_t id[3] = {x, y, z};

				*at++ = dimensions;
				for (cl_uint d = 0; d < 3; d++) {
					const size_t n = d < dimensions ? local[d] : 1;
					const size_t from =
					    d < dimensions && offset ? offset[d] : 0;

					*at++ = (uint32_t)all[d];
					*at++ = (uint32_t)(id[d] + from);
					*at++ = (uint32_t)n;
					*at++ = (uint32_t)(id[d] % n);
					*at++ = (uint32_t)(all[d] / n);
					*at++ = (uint32_t)(id[d] / n);
					*at++ = (uint32_t)from;
				}
			}
	ARG(kernel, 0, to);
	ARG(kernel, 1, sizes[0]);
	ARG(kernel, 2, sizes[1]);
	OK(clEnqueueNDRangeKernel(cts.queue, kernel, dimensions, offset, global, local, 0, NULL,
				  NULL));
	cts_read(to, bytes, got);
	cts_same(got, want, sizeof(uint32_t), count * FIELDS, "fields of work-items");
}

static void functions(const char *name)
{
	cl_kernel kernel = cts_build(source, name);

	for (cl_uint dimensions = 1; dimensions <= 3; dimensions++)
		for (int round = 0; round < (cts.is_quick ? 1 : 3); round++) {
			size_t global[3] = {1, 1, 1}, local[3] = {1, 1, 1};

			for (cl_uint d = 0; d < dimensions; d++) {
				local[d] = 1 + (d + (unsigned int)round * 2) % 4;
				global[d] = local[d] * (2 + cts_random() % 7);
			}
			work_items(kernel, dimensions, NULL, global, local);
		}
}

CHECK(basic, work_item_functions)
{
	functions("k");
}

/* Dimensions that there are not are of size 1, as a number in the source and as a value of the run.
 */
CHECK(basic, work_item_functions_out_of_range_hardcoded)
{
	functions("k");
}

CHECK(basic, work_item_functions_out_of_range)
{
	functions("by_variable");
}

/* get_global_offset, global_work_offsets: ids begin there, groups do not. */
CHECK(basic, get_global_offset)
{
	cl_kernel kernel = cts_build(source, "k");

	for (cl_uint dimensions = 1; dimensions <= 3; dimensions++) {
		const size_t offset[3] = {7, 13, 1}, global[3] = {12, 6, 4}, local[3] = {3, 2, 2};

		work_items(kernel, dimensions, offset, global, local);
	}
}

CHECK(basic, global_work_offsets)
{
	cl_kernel kernel = cts_build("kernel void k(global int *to) {"
				     " int i = get_global_id(0), n = get_global_size(0);"
				     " to[i + n * get_global_id(1)] = i * 3 + get_global_id(2); }",
				     NULL);
	enum { WIDTH = 16, HEIGHT = 24, ALL = WIDTH * (HEIGHT + 8) + 64 };
	int *got = cts_host(ALL * sizeof(int)), *want = cts_host(ALL * sizeof(int));

	for (int round = 0; round < 6; round++) {
		const size_t offset[3] = {cts_random() % 32, cts_random() % 8, cts_random() % 9};
		const size_t global[3] = {WIDTH, HEIGHT, 1}, local[3] = {4, 3, 1};
		cl_mem to = cts_buffer(CL_MEM_READ_WRITE, ALL * sizeof(int), NULL);
		const int none = -1;

		OK(clEnqueueFillBuffer(cts.queue, to, &none, sizeof(none), 0, ALL * sizeof(int), 0,
				       NULL, NULL));
		memset(want, 0xff, ALL * sizeof(int));
		/* No two of the items write the same place: their rows are as long as the whole. */
		for (size_t y = offset[1]; y < offset[1] + HEIGHT; y++)
			for (size_t x = offset[0]; x < offset[0] + WIDTH; x++)
				want[x + WIDTH * y] = (int)(x * 3 + offset[2]);
		ARG(kernel, 0, to);
		OK(clEnqueueNDRangeKernel(cts.queue, kernel, 3, offset, global,
					  round & 1 ? local : NULL, 0, NULL, NULL));
		cts_read(to, ALL * sizeof(int), got);
		cts_same(got, want, sizeof(int), ALL, "ids");
	}
}

/* Functions of OpenCL C 2.0. */
static void linear(const char *expression, bool is_local)
{
	char *text = NULL;
	const size_t global[3] = {12, 6, 4}, local[3] = {3, 2, 2}, offset[3] = {5, 1, 2};
	const size_t count = global[0] * global[1] * global[2];
	uint32_t *got = cts_host(count * 4), *want = cts_host(count * 4), *at = want;
	cl_mem to;
	cl_kernel kernel;

	cts_append(&text,
		   "kernel void k(global uint *to) {"
		   " size_t i = get_global_id(0) - get_global_offset(0) + get_global_size(0) *"
		   " (get_global_id(1) - get_global_offset(1) + get_global_size(1) *"
		   " (get_global_id(2) - get_global_offset(2)));"
		   " to[i] = %s; }",
		   expression);
	kernel = cts_kernel(cts_program_20(text), "k");
	for (size_t z = 0; z < global[2]; z++)
		for (size_t y = 0; y < global[1]; y++)
			for (size_t x = 0; x < global[0]; x++)
				*at++ =
				    (uint32_t)(is_local ? x % local[0] +
							      local[0] * (y % local[1] +
									  local[1] * (z % local[2]))
							: x + global[0] * (y + global[1] * z));
	to = cts_buffer(CL_MEM_WRITE_ONLY, count * 4, NULL);
	ARG(kernel, 0, to);
	OK(clEnqueueNDRangeKernel(cts.queue, kernel, 3, offset, global, local, 0, NULL, NULL));
	cts_read(to, count * 4, got);
	cts_same(got, want, 4, count, expression);
}

CHECK(basic, global_linear_id)
{
	linear("get_global_linear_id()", false);
}

CHECK(basic, local_linear_id)
{
	linear("get_local_linear_id()", true);
}

CHECK(basic, get_linear_ids)
{
	linear("get_global_linear_id()", false);
	linear("get_local_linear_id()", true);
}

CHECK(basic, enqueued_local_size)
{
	linear("get_enqueued_local_size(0) == get_local_size(0) ? get_local_linear_id() : 0", true);
}
