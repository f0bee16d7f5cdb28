/* SPDX-License-Identifier: MIT */
/* api: each limit is at least the specification's, and a kernel goes as far as it says. */
#include "ask.h"

static void at_least(cl_device_info name, cl_ulong least)
{
	const cl_ulong has = cts_number(name);

	EXPECT(has >= least, "limit %#x is %llu, the least %llu", name, (unsigned long long)has,
	       (unsigned long long)least);
}

static bool is_full(void)
{
	char profile[32];

	OK(clGetDeviceInfo(cts.device, CL_DEVICE_PROFILE, sizeof(profile), profile, NULL));
	return !strcmp(profile, "FULL_PROFILE");
}

CHECK(api, min_max_thread_dimensions)
{
	const cl_uint most = (cl_uint)cts_number(CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS);
	cl_kernel kernel = cts_build("kernel void none(global int *to) { *to = 5; }", NULL);
	const size_t sizes[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

	at_least(CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS, 3);
	cts_mems(kernel, 1, cts_buffer(CL_MEM_READ_WRITE, 4, NULL));
	for (cl_uint i = 1; i <= most; i++)
		OK(clEnqueueNDRangeKernel(cts.queue, kernel, i, NULL, sizes, sizes, 0, NULL, NULL));
	REFUSED(
	    clEnqueueNDRangeKernel(cts.queue, kernel, most + 1, NULL, sizes, sizes, 0, NULL, NULL),
	    CL_INVALID_WORK_DIMENSION);
	REFUSED(clEnqueueNDRangeKernel(cts.queue, kernel, 0, NULL, sizes, sizes, 0, NULL, NULL),
		CL_INVALID_WORK_DIMENSION);
}

CHECK(api, min_max_work_items_sizes)
{
	size_t sizes[16] = {0};

	OK(clGetDeviceInfo(cts.device, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof(sizes), sizes, NULL));
	for (cl_ulong i = 0; i < cts_number(CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS); i++)
		IS(sizes[i] > 0);
}

CHECK(api, min_max_work_group_size)
{
	cl_kernel kernel = cts_build("kernel void id(global int *to) {"
				     " to[get_global_id(0)] = (int)get_local_size(0); }",
				     NULL);
	const size_t most = cts_number(CL_DEVICE_MAX_WORK_GROUP_SIZE), all = 2 * most;
	int *got = cts_host(all * sizeof(int));
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, all * sizeof(int), NULL);
	size_t local;

	at_least(CL_DEVICE_MAX_WORK_GROUP_SIZE, 1);
	cts_mems(kernel, 1, to);
	local = cts_local(kernel, all, most);
	cts_launch1(kernel, all, local);
	cts_read(to, all * sizeof(int), got);
	for (size_t i = 0; i < all; i++)
		SAME(got[i], local);
	REFUSED(clEnqueueNDRangeKernel(cts.queue, kernel, 1, NULL, (const size_t[]){(most + 1) * 2},
				       (const size_t[]){most + 1}, 0, NULL, NULL),
		CL_INVALID_WORK_GROUP_SIZE);
}

/* A kernel of as many images as it may have. */
static void many_images(bool writes, cl_uint count)
{
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const cl_image_desc desc = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 4, .image_height = 4};
	const size_t zero[3] = {0}, all[3] = {4, 4, 1};
	char *text = NULL, *body = NULL;
	cl_uint pixels[16], sum = 0;
	cl_mem *images = cts_host(count * sizeof(*images));
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, 4, &sum);
	cl_kernel kernel;

	cts_needs_images();
	cts_append(&text, "kernel void many(global uint *to");
	cts_append(&body, ") { uint s = 0;");
	for (cl_uint i = 0; i < count; i++) {
		for (int p = 0; p < 16; p++)
			pixels[p] = i + 1;
		images[i] = cts_image(CL_MEM_READ_WRITE, &format, &desc, pixels);
		cts_append(&text, ", %s image2d_t i%u", writes ? "write_only" : "read_only", i);
		if (writes)
			cts_append(&body,
				   " write_imageui(i%u, (int2)(1, 2), (uint4)(%uu, 0, 0, 0));", i,
				   i + 40);
		else
			cts_append(&body, " s += read_imageui(i%u, (int2)(1, 2)).x;", i);
	}
	cts_append(&text, "%s *to = s; }", body);
	kernel = cts_build(text, NULL);
	cts_mems(kernel, 1, to);
	for (cl_uint i = 0; i < count; i++)
		ARG(kernel, i + 1, images[i]);
	cts_launch1(kernel, 1, 0);
	if (!writes) {
		cts_read(to, 4, &sum);
		SAME(sum, count * (count + 1) / 2);
		return;
	}
	for (cl_uint i = 0; i < count; i++) {
		OK(clEnqueueReadImage(cts.queue, images[i], CL_TRUE, zero, all, 0, 0, pixels, 0,
				      NULL, NULL));
		SAME(pixels[9], i + 40);
	}
}

CHECK(api, min_max_read_image_args)
{
	const cl_uint most = (cl_uint)cts_number(CL_DEVICE_MAX_READ_IMAGE_ARGS);

	at_least(CL_DEVICE_MAX_READ_IMAGE_ARGS, is_full() ? 128 : 8);
	many_images(false, cts.is_quick || most > 200 ? 8 : most);
}

CHECK(api, min_max_write_image_args)
{
	const cl_uint most = (cl_uint)cts_number(CL_DEVICE_MAX_WRITE_IMAGE_ARGS);

	at_least(CL_DEVICE_MAX_WRITE_IMAGE_ARGS, 8);
	many_images(true, cts.is_quick || most > 200 ? 8 : most);
}

CHECK(api, min_max_mem_alloc_size)
{
	const cl_ulong most = cts_number(CL_DEVICE_MAX_MEM_ALLOC_SIZE);
	const cl_ulong all = cts_number(CL_DEVICE_GLOBAL_MEM_SIZE);
	const cl_ulong least = all / 4 < (1 << 30) ? all / 4 : 1 << 30;
	cl_int status;

	at_least(CL_DEVICE_MAX_MEM_ALLOC_SIZE, least < 32 << 20 ? 32 << 20 : least);
	/* Not touched: a host of tests has not that much. */
	cts_buffer(CL_MEM_READ_WRITE, (size_t)(most / 2), NULL);
	clCreateBuffer(cts.context, CL_MEM_READ_WRITE, (size_t)all + (1 << 20), NULL, &status);
	SAME(status, CL_INVALID_BUFFER_SIZE);
}

/* An image as wide, high or deep as may be, its last pixel written and read. */
static void extent(cl_mem_object_type type, cl_device_info name, int axis, cl_ulong least)
{
	const cl_image_format format = {CL_R, CL_UNSIGNED_INT8},
			      other = {CL_RGBA, CL_UNSIGNED_INT8};
	const size_t most = cts_number(name), region[3] = {1, 1, 1};
	size_t size[3] = {1, 1, 1}, last[3] = {0};
	const cl_uchar color[4] = {7, 8, 9, 10};
	cl_uchar got[4] = {0};
	cl_image_desc desc = {.image_type = type};
	cl_int status;
	cl_mem image;

	cts_needs_images();
	at_least(name, least);
	size[axis] = most;
	last[axis] = most - 1;
	desc.image_width = size[0];
	if (type == CL_MEM_OBJECT_IMAGE1D_ARRAY) {
		desc.image_array_size = size[1];
	} else {
		desc.image_height = size[1];
		desc.image_depth = type == CL_MEM_OBJECT_IMAGE3D ? size[2] : 0;
	}
	image = clCreateImage(cts.context, CL_MEM_READ_WRITE, &format, &desc, NULL, &status);
	if (status == CL_IMAGE_FORMAT_NOT_SUPPORTED)
		image = clCreateImage(cts.context, CL_MEM_READ_WRITE, &other, &desc, NULL, &status);
	OK(status);
	cts_own(CTS_MEM, image);
	OK(clEnqueueWriteImage(cts.queue, image, CL_TRUE, last, region, 0, 0, color, 0, NULL,
			       NULL));
	OK(clEnqueueReadImage(cts.queue, image, CL_TRUE, last, region, 0, 0, got, 0, NULL, NULL));
	SAME(got[0], 7);
	if (type == CL_MEM_OBJECT_IMAGE1D_ARRAY)
		desc.image_array_size = most + 1;
	else if (axis == 0)
		desc.image_width = most + 1;
	else if (axis == 1)
		desc.image_height = most + 1;
	else
		desc.image_depth = most + 1;
	clCreateImage(cts.context, CL_MEM_READ_WRITE, &other, &desc, NULL, &status);
	/* Which error is up to the driver. */
	IS(status != CL_SUCCESS);
}

#define EXTENT(name, type, query, axis, least)                                                     \
	CHECK(api, min_max_image_##name)                                                           \
	{                                                                                          \
		extent(type, query, axis, least);                                                  \
	}

EXTENT(2d_width, CL_MEM_OBJECT_IMAGE2D, CL_DEVICE_IMAGE2D_MAX_WIDTH, 0, 8192)
EXTENT(2d_height, CL_MEM_OBJECT_IMAGE2D, CL_DEVICE_IMAGE2D_MAX_HEIGHT, 1, 8192)
EXTENT(3d_width, CL_MEM_OBJECT_IMAGE3D, CL_DEVICE_IMAGE3D_MAX_WIDTH, 0, 2048)
EXTENT(3d_height, CL_MEM_OBJECT_IMAGE3D, CL_DEVICE_IMAGE3D_MAX_HEIGHT, 1, 2048)
EXTENT(3d_depth, CL_MEM_OBJECT_IMAGE3D, CL_DEVICE_IMAGE3D_MAX_DEPTH, 2, 2048)
EXTENT(array_size, CL_MEM_OBJECT_IMAGE1D_ARRAY, CL_DEVICE_IMAGE_MAX_ARRAY_SIZE, 1, 2048)

CHECK(api, min_max_image_buffer_size)
{
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	size_t most = cts_number(CL_DEVICE_IMAGE_MAX_BUFFER_SIZE);
	cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE1D_BUFFER};
	const size_t region[3] = {1, 1, 1};
	cl_uchar got[4], want[4] = {1, 2, 3, 4};

	cts_needs_images();
	at_least(CL_DEVICE_IMAGE_MAX_BUFFER_SIZE, 65536);
	/* The rest is not checked: it is as much as the host has. */
	most = most > 1 << 22 ? 1 << 22 : most;
	desc.image_width = most;
	desc.buffer = cts_buffer(CL_MEM_READ_WRITE, most * 4, NULL);
	{
		cl_mem image = cts_image(CL_MEM_READ_WRITE, &format, &desc, NULL);
		const size_t last[3] = {most - 1, 0, 0};

		OK(clEnqueueWriteImage(cts.queue, image, CL_TRUE, last, region, 0, 0, want, 0, NULL,
				       NULL));
		OK(clEnqueueReadBuffer(cts.queue, desc.buffer, CL_TRUE, (most - 1) * 4, 4, got, 0,
				       NULL, NULL));
		cts_same(got, want, 1, 4, "bytes of the buffer");
	}
}
