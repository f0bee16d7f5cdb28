/* SPDX-License-Identifier: MIT */
/* allocations: much memory at once, in one object and in several; kernels see what the host wrote,
 * and the reverse. */
#include "cts.h"
#include "image.h"

#define OBJECTS 4

static size_t bytes_of_all(void)
{
	const size_t most = (size_t)cts_number(CL_DEVICE_GLOBAL_MEM_SIZE) / 4;
	const size_t wanted = (size_t)(cts.is_quick ? 8 : 256) << 20;

	return wanted < most ? wanted : most;
}

/* Each item sums up numbers that lie apart, so that neighbours read neighbours. */
static const char buffer_source[] =
    "kernel void sum(global const uint *from, uint each, global uint *sums) {"
    " size_t i = get_global_id(0); uint sum = 0;"
    " for (uint j = 0; j < each; j++) sum += from[i + j * get_global_size(0)];"
    " sums[i] += sum; }";

enum { ITEMS = 4096 };

/* The buffers are written, whether the queue is waited for at each or not, and summed up by items.
 */
static void fill_buffers(cl_kernel sum, unsigned int count, bool is_blocking)
{
	size_t size = bytes_of_all() / count,
	       most = (size_t)cts_number(CL_DEVICE_MAX_MEM_ALLOC_SIZE);
	uint32_t *got = cts_host(ITEMS * 4), *want = cts_host(ITEMS * 4);
	cl_mem sums = cts_buffer(CL_MEM_READ_WRITE, ITEMS * 4, want), buffers[OBJECTS];
	uint32_t *data[OBJECTS];

	if (size > most)
		size = most;
	size -= size % (ITEMS * 4);
	for (unsigned int b = 0; b < count; b++) {
		data[b] = cts_host(size);
		for (size_t i = 0; i < size / 4; i++)
			want[i % ITEMS] += data[b][i] = cts_random();
		buffers[b] = cts_buffer(CL_MEM_READ_WRITE, size, NULL);
		OK(clEnqueueWriteBuffer(cts.queue, buffers[b], is_blocking, 0, size, data[b], 0,
					NULL, NULL));
	}
	for (unsigned int b = 0; b < count; b++) {
		const cl_uint each = (cl_uint)(size / 4 / ITEMS);

		ARG(sum, 0, buffers[b]);
		ARG(sum, 1, each);
		ARG(sum, 2, sums);
		cts_launch1(sum, ITEMS, 64);
	}
	cts_read(sums, ITEMS * 4, got);
	cts_same(got, want, 4, ITEMS, "sums");
	for (unsigned int b = 0; b < count; b++) {
		cts_disown(data[b]);
		free(data[b]);
		cts_disown(buffers[b]);
		OK(clReleaseMemObject(buffers[b]));
	}
}

CHECK(allocations, buffer)
{
	cl_kernel sum = cts_build(buffer_source, NULL);

	fill_buffers(sum, 1, true);
	fill_buffers(sum, OBJECTS, true);
}

CHECK(allocations, buffer_non_blocking)
{
	cl_kernel sum = cts_build(buffer_source, NULL);

	fill_buffers(sum, 1, false);
	fill_buffers(sum, OBJECTS, false);
}

/* Images: one row an item. */
static void fill_images(unsigned int count, bool is_read, bool is_blocking)
{
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT32};
	const size_t width = 1024, origin[3] = {0, 0, 0};
	size_t height = bytes_of_all() / count / (width * 16);
	const size_t most = (size_t)cts_number(CL_DEVICE_IMAGE2D_MAX_HEIGHT);
	cl_kernel kernel;
	cl_mem images[OBJECTS];
	uint32_t *data[OBJECTS];

	image_needs(&format, CL_MEM_OBJECT_IMAGE2D);
	if (height > most)
		height = most;
	if (height > 4096)
		height = 4096;
	height -= height % 8;
	{
		const size_t region[3] = {width, height, 1}, texels = width * height;
		const char *source =
		    is_read ? "constant sampler_t s = CLK_FILTER_NEAREST;"
			      "kernel void k(read_only image2d_t from, global uint *sums) {"
			      " int y = get_global_id(0); uint4 sum = (uint4)(0);"
			      " for (int x = 0; x < get_image_width(from); x++)"
			      " sum += read_imageui(from, s, (int2)(x, y));"
			      " sums[y] += sum.x + 3 * sum.y + 5 * sum.z + 7 * sum.w; }"
			    : "kernel void k(write_only image2d_t to, uint seed) {"
			      " int x = get_global_id(0), y = get_global_id(1);"
			      " uint n = (y * get_image_width(to) + x) * 2654435761u + seed;"
			      " write_imageui(to, (int2)(x, y), (uint4)(n, n ^ 1, n + 2, ~n)); }";
		uint32_t *got = cts_host(height * 4), *want = cts_host(height * 4);
		cl_mem sums = cts_buffer(CL_MEM_READ_WRITE, height * 4, want);

		kernel = cts_build(source, NULL);
		for (unsigned int b = 0; b < count; b++) {
			data[b] = cts_host(texels * 16);
			images[b] = image_of(is_read ? CL_MEM_READ_ONLY : CL_MEM_WRITE_ONLY,
					     &format, width, height, 0, NULL);
			for (size_t i = 0; is_read && i < texels * 4; i++) {
				static const uint32_t factors[4] = {1, 3, 5, 7};

				data[b][i] = cts_random();
				want[i / (width * 4)] += factors[i % 4] * data[b][i];
			}
			if (is_read)
				OK(clEnqueueWriteImage(cts.queue, images[b], is_blocking, origin,
						       region, 0, 0, data[b], 0, NULL, NULL));
			else
				ARG(kernel, 1, b);
			ARG(kernel, 0, images[b]);
			if (is_read) {
				ARG(kernel, 1, sums);
				cts_launch1(kernel, height, 8);
				continue;
			}
			cts_launch(kernel, 2, region, NULL);
			OK(clEnqueueReadImage(cts.queue, images[b], is_blocking, origin, region, 0,
					      0, data[b], 0, NULL, NULL));
		}
		OK(clFinish(cts.queue));
		cts_read(sums, height * 4, got);
		cts_same(got, want, 4, height, "sums of rows");
		for (unsigned int b = 0; !is_read && b < count; b++)
			for (size_t i = 0; i < texels; i++) {
				const uint32_t n = (uint32_t)i * 2654435761U + b;
				const uint32_t texel[4] = {n, n ^ 1, n + 2, ~n};

				if (memcmp(data[b] + 4 * i, texel, 16))
					cts_fail("image %u: texel %zu is wrong", b, i);
			}
		for (unsigned int b = 0; b < count; b++) {
			cts_disown(images[b]);
			OK(clReleaseMemObject(images[b]));
			cts_disown(data[b]);
			free(data[b]);
		}
	}
}

#define IMAGES(name, is_read, is_blocking)                                                         \
	CHECK(allocations, name)                                                                   \
	{                                                                                          \
		fill_images(1, is_read, is_blocking);                                              \
		fill_images(OBJECTS, is_read, is_blocking);                                        \
	}

IMAGES(image2d_read, true, true)
IMAGES(image2d_write, false, true)
IMAGES(image2d_read_non_blocking, true, false)
IMAGES(image2d_write_non_blocking, false, false)
