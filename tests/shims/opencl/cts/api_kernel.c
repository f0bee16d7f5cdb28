/* SPDX-License-Identifier: MIT */
/* api: arguments of kernels, and sizes of launches. */
#include "ask.h"

#define N 1024

/* Only the size that it asks for is taken. */
CHECK(api, kernel_required_group_size)
{
	cl_kernel kernel = cts_build(
	    "kernel __attribute__((reqd_work_group_size(8, 4, 2))) void told(global uint *to) {"
	    " size_t x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);"
	    " size_t i = (z * get_global_size(1) + y) * get_global_size(0) + x;"
	    " to[i] = get_local_size(0) * 10000 + get_local_size(1) * 100 + get_local_size(2); }",
	    NULL);
	const size_t global[3] = {32, 16, 8}, right[3] = {8, 4, 2}, wrong[3] = {4, 4, 2};
	const size_t all = 32 * 16 * 8;
	cl_uint *got = cts_host(all * 4), *want = cts_host(all * 4);
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, all * 4, NULL);
	size_t asked[3];

	OK(clGetKernelWorkGroupInfo(kernel, cts.device, CL_KERNEL_COMPILE_WORK_GROUP_SIZE,
				    sizeof(asked), asked, NULL));
	cts_same(asked, right, sizeof(size_t), 3, "sizes");
	cts_mems(kernel, 1, to);
	cts_launch(kernel, 3, global, right);
	cts_read(to, all * 4, got);
	for (size_t i = 0; i < all; i++)
		want[i] = 80402;
	cts_same(got, want, 4, all, "local sizes");
	REFUSED(clEnqueueNDRangeKernel(cts.queue, kernel, 3, NULL, global, wrong, 0, NULL, NULL),
		CL_INVALID_WORK_GROUP_SIZE);
}

/* Each local size that divides, and NULL; one that does not is refused where it must be. */
CHECK(api, execute_kernel_local_sizes)
{
	cl_kernel kernel = cts_build("kernel void twice(global const int *a, global int *to) {"
				     " size_t i = get_global_id(0); to[i] = a[i] * 2; }",
				     NULL);
	const size_t locals[] = {0, 1, 3, 60, 240}, all = 960;
	int host[960], want[960], got[960];
	cl_mem in, to = cts_buffer(CL_MEM_READ_WRITE, sizeof(got), NULL);

	for (size_t i = 0; i < all; i++)
		want[i] = 2 * (host[i] = (int)i * 7);
	in = cts_buffer(CL_MEM_READ_ONLY, sizeof(host), host);
	cts_mems(kernel, 2, in, to);
	for (size_t i = 0; i < COUNT(locals); i++) {
		const int nothing = 0;

		OK(clEnqueueFillBuffer(cts.queue, to, &nothing, 4, 0, sizeof(got), 0, NULL, NULL));
		cts_launch1(kernel, all, locals[i]);
		cts_read(to, sizeof(got), got);
		cts_same(got, want, sizeof(int), all, "numbers");
	}
}

CHECK(api, set_kernel_arg_by_index)
{
	cl_kernel kernel = cts_build("kernel void sum(global const int *a, int k,"
				     " global int *to, float f) {"
				     " size_t i = get_global_id(0); to[i] = a[i] * k + (int)f; }",
				     NULL);
	int host[N], want[N], got[N];
	const cl_float f = 9.5f;
	const cl_int k = 3;
	cl_mem in, to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), NULL);

	for (int i = 0; i < N; i++)
		want[i] = (host[i] = i) * k + 9;
	in = cts_buffer(CL_MEM_READ_ONLY, sizeof(host), host);
	ARG(kernel, 3, f);
	ARG(kernel, 2, to);
	ARG(kernel, 1, k);
	ARG(kernel, 0, in);
	cts_launch1(kernel, N, 0);
	cts_read(to, sizeof(got), got);
	cts_same(got, want, sizeof(int), N, "numbers");
	REFUSED(clSetKernelArg(kernel, 4, sizeof(k), &k), CL_INVALID_ARG_INDEX);
	REFUSED(clSetKernelArg(kernel, 1, sizeof(k) + 1, &k), CL_INVALID_ARG_SIZE);
	REFUSED(clSetKernelArg(kernel, 1, sizeof(k), NULL), CL_INVALID_ARG_VALUE);
}

CHECK(api, set_kernel_arg_constant)
{
	cl_kernel kernel = cts_build("kernel void sum(constant int *a, constant int *b,"
				     " global int *to) { size_t i = get_global_id(0);"
				     " to[i] = a[i] + b[get_global_size(0) - 1 - i]; }",
				     NULL);
	int a[N], b[N], want[N], got[N];
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), NULL);

	for (int i = 0; i < N; i++) {
		a[i] = i * 3;
		b[i] = i * i;
	}
	for (int i = 0; i < N; i++)
		want[i] = a[i] + b[N - 1 - i];
	cts_mems(kernel, 3, cts_buffer(CL_MEM_READ_ONLY, sizeof(a), a),
		 cts_buffer(CL_MEM_READ_ONLY, sizeof(b), b), to);
	cts_launch1(kernel, N, 0);
	cts_read(to, sizeof(got), got);
	cts_same(got, want, sizeof(int), N, "sums");
}

CHECK(api, set_kernel_arg_struct_array)
{
	struct pair {
		cl_int a, b;
	} host[N];
	cl_kernel kernel = cts_build("typedef struct { int a, b; } pair;\n"
				     "kernel void sum(global const pair *p, global int *to) {"
				     " size_t i = get_global_id(0); to[i] = p[i].a - p[i].b; }",
				     NULL);
	int want[N], got[N];
	cl_mem in, to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), NULL);

	for (int i = 0; i < N; i++) {
		host[i] = (struct pair){i * 5, i * i};
		want[i] = i * 5 - i * i;
	}
	in = cts_buffer(CL_MEM_READ_ONLY, sizeof(host), host);
	cts_mems(kernel, 2, in, to);
	cts_launch1(kernel, N, 0);
	cts_read(to, sizeof(got), got);
	cts_same(got, want, sizeof(int), N, "differences");
}

CHECK(api, kernel_global_constant)
{
	cl_kernel kernel = cts_build("constant int table[4] = {3, 1, 4, 1};\n"
				     "kernel void look(global const int *a, global int *to) {"
				     " size_t i = get_global_id(0); to[i] = a[i] + table[i & 3]; }",
				     NULL);
	const int table[4] = {3, 1, 4, 1};
	int host[N], want[N], got[N];
	cl_mem in, to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), NULL);

	for (int i = 0; i < N; i++)
		want[i] = (host[i] = i * 2) + table[i % 4];
	in = cts_buffer(CL_MEM_READ_ONLY, sizeof(host), host);
	cts_mems(kernel, 2, in, to);
	cts_launch1(kernel, N, 0);
	cts_read(to, sizeof(got), got);
	cts_same(got, want, sizeof(int), N, "sums");
}

/* Arguments are taken when a launch is enqueued: images of many sizes, one after the other. */
CHECK(api, kernel_arg_changes)
{
	enum { IMAGES = 24 };
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	cl_kernel kernel;
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, IMAGES * 8, NULL);
	cl_int got[IMAGES][2], want[IMAGES][2];

	cts_needs_images();
	kernel = cts_build("kernel void tell(read_only image2d_t image, global int2 *to, int at) {"
			   " to[at] = (int2)(get_image_width(image), get_image_height(image)); }",
			   NULL);
	for (cl_int i = 0; i < IMAGES; i++) {
		const cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D,
					    .image_width = 1 + cts_random() % 64,
					    .image_height = 1 + cts_random() % 64};
		cl_mem image = cts_image(CL_MEM_READ_ONLY, &format, &desc, NULL);

		want[i][0] = (cl_int)desc.image_width;
		want[i][1] = (cl_int)desc.image_height;
		cts_mems(kernel, 2, image, to);
		ARG(kernel, 2, i);
		cts_launch1(kernel, 1, 0);
	}
	cts_read(to, sizeof(got), got);
	cts_same(got, want, 8, IMAGES, "sizes");
}

/* Vectors of types by lot as arguments, set in any order. */
CHECK(api, kernel_arg_multi_setup_random)
{
	const int rounds = cts.is_quick ? 2 : 8;

	for (int round = 0; round < rounds; round++) {
		char *text = NULL, *body = NULL;
		size_t sizes[3];
		unsigned char values[3][128], got[128];
		cl_mem to[3];
		cl_kernel kernel;

		cts_append(&text, "kernel void take(");
		cts_append(&body, ") {");
		for (int i = 0; i < 3; i++) {
			const struct cts_type *type = &cts_types[cts_random() % 9];
			const unsigned int widths[] = {1, 2, 4, 8, 16};
			const unsigned int width = widths[cts_random() % 5];
			const char *name = cts_vector(type, width);

			sizes[i] = type->size * width;
			cts_append(&text, "%s%s a%d, global %s *to%d", i ? ", " : "", name, i, name,
				   i);
			cts_append(&body, " to%d[get_global_id(0)] = a%d;", i, i);
			for (size_t b = 0; b < sizes[i]; b++)
				values[i][b] = (unsigned char)(cts_random() % 60 + 1);
			to[i] = cts_buffer(CL_MEM_WRITE_ONLY, sizes[i] * 16, NULL);
		}
		cts_append(&text, "%s }", body);
		kernel = cts_build(text, "take");
		for (cl_uint i = 3; i-- > 0;) {
			ARG(kernel, 2 * i + 1, to[i]);
			OK(clSetKernelArg(kernel, 2 * i, sizes[i], values[i]));
		}
		cts_launch1(kernel, 16, 1);
		for (int i = 0; i < 3; i++)
			for (size_t at = 0; at < 16; at++) {
				OK(clEnqueueReadBuffer(cts.queue, to[i], CL_TRUE, at * sizes[i],
						       sizes[i], got, 0, NULL, NULL));
				cts_same(got, values[i], sizes[i], 1, "value");
			}
	}
}

CHECK(api, bool_type)
{
	cl_kernel kernel = cts_build("kernel void pick(global const int *a, global const int *b,"
				     " global int *to) { size_t i = get_global_id(0);"
				     " bool is = a[i] > b[i]; if (is) to[i] = a[i];"
				     " else to[i] = b[i]; }",
				     NULL);
	int a[N], b[N], want[N], got[N];
	cl_mem to = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), NULL);

	for (int i = 0; i < N; i++) {
		a[i] = (int)(cts_random() % 1000);
		b[i] = (int)(cts_random() % 1000);
		want[i] = a[i] > b[i] ? a[i] : b[i];
	}
	cts_mems(kernel, 3, cts_buffer(CL_MEM_READ_ONLY, sizeof(a), a),
		 cts_buffer(CL_MEM_READ_ONLY, sizeof(b), b), to);
	cts_launch1(kernel, N, 0);
	cts_read(to, sizeof(got), got);
	cts_same(got, want, sizeof(int), N, "greater ones");
}

/* The address of each buffer, seen by a kernel, suits the largest type. */
CHECK(api, min_data_type_align_size_alignment)
{
	const cl_ulong wanted = cts_number(CL_DEVICE_MIN_DATA_TYPE_ALIGN_SIZE);
	cl_kernel kernel = cts_build("kernel void tell(global char *a, global ulong *to) {"
				     " *to = (ulong)a; }",
				     NULL);
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, 8, NULL);

	for (size_t size = 1; size < 4096; size = size * 3 + 1) {
		cl_ulong got;

		cts_mems(kernel, 2, cts_buffer(CL_MEM_READ_WRITE, size, NULL), to);
		cts_launch1(kernel, 1, 1);
		cts_read(to, sizeof(got), &got);
		EXPECT(got && got % wanted == 0, "%#llx is not aligned by %llu",
		       (unsigned long long)got, (unsigned long long)wanted);
	}
}

/* No buffer is a null pointer, also where one was set before. */
CHECK(api, null_buffer_arg)
{
	static const char *const sources[] = {
	    "kernel void tell(global int *a, global int *to) { to[get_global_id(0)] = a == 0; }",
	    "kernel void tell(constant int *a, global int *to) { to[get_global_id(0)] = a == 0; }"};

	for (size_t s = 0; s < COUNT(sources); s++) {
		cl_kernel kernel = cts_build(sources[s], NULL);
		cl_mem some = cts_buffer(CL_MEM_READ_WRITE, 64, NULL);
		cl_mem to = cts_buffer(CL_MEM_READ_WRITE, 256, NULL), none = NULL;
		int got[64];

		cts_mems(kernel, 2, some, to);
		cts_launch1(kernel, 64, 8);
		cts_read(to, sizeof(got), got);
		for (int i = 0; i < 64; i++)
			SAME(got[i], 0);
		for (int way = 0; way < 2; way++) {
			OK(clSetKernelArg(kernel, 0, sizeof(none), way ? &none : NULL));
			cts_launch1(kernel, 64, 8);
			cts_read(to, sizeof(got), got);
			for (int i = 0; i < 64; i++)
				SAME(got[i], 1);
		}
	}
}
