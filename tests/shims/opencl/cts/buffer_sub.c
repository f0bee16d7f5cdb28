/* SPDX-License-Identifier: MIT */
/* buffers: parts of buffers, and where they are moved to. */
#include "ask.h"

#define PARTS 16

static cl_mem sub(cl_mem buffer, cl_mem_flags flags, size_t from, size_t size)
{
	const cl_buffer_region region = {from, size};
	cl_int status;
	cl_mem made =
	    clCreateSubBuffer(buffer, flags, CL_BUFFER_CREATE_TYPE_REGION, &region, &status);

	OK(status);
	return cts_own(CTS_MEM, made);
}

static size_t alignment(void)
{
	const size_t bytes = cts_number(CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;

	return bytes ? bytes : 1;
}

/* Parts are read, written, copied, filled and mapped in turn; the whole shows it. */
static void parts(cl_command_queue queues[2])
{
	const size_t one = (alignment() > 256 ? alignment() : 256) * 2, size = one * PARTS;
	unsigned char *want = cts_host(size), *got = cts_host(size), *bytes = cts_host(one);
	cl_mem whole, part[PARTS];
	const int rounds = cts.is_quick ? 20 : 100;
	cl_int status;
	void *mapped;

	cts_fill(want, size);
	whole = cts_buffer(CL_MEM_READ_WRITE, size, want);
	for (size_t i = 0; i < PARTS; i++)
		part[i] = sub(whole, 0, i * one, one);
	for (int round = 0; round < rounds; round++) {
		const size_t a = cts_random() % PARTS, offset = cts_random() % (one / 2);
		const size_t b = (a + 1 + cts_random() % (PARTS - 1)) % PARTS;
		const size_t length = 1 + cts_random() % (one / 2);
		cl_command_queue queue = queues[cts_random() % 2];

		switch (cts_random() % 4) {
		case 0:
			cts_fill(bytes, one);
			OK(clEnqueueWriteBuffer(queue, part[a], CL_TRUE, offset, length, bytes, 0,
						NULL, NULL));
			memcpy(want + a * one + offset, bytes, length);
			break;
		case 1:
			OK(clEnqueueCopyBuffer(queue, part[a], part[b], 0, offset, length, 0, NULL,
					       NULL));
			memcpy(want + b * one + offset, want + a * one, length);
			break;
		case 2:
			mapped =
			    clEnqueueMapBuffer(queue, part[a], CL_TRUE, CL_MAP_READ | CL_MAP_WRITE,
					       offset, length, 0, NULL, NULL, &status);
			OK(status);
			cts_same(mapped, want + a * one + offset, 1, length, "mapped bytes");
			cts_fill(mapped, length);
			memcpy(want + a * one + offset, mapped, length);
			OK(clEnqueueUnmapMemObject(queue, part[a], mapped, 0, NULL, NULL));
			break;
		default:
			OK(clEnqueueReadBuffer(queue, part[a], CL_TRUE, offset, length, bytes, 0,
					       NULL, NULL));
			cts_same(bytes, want + a * one + offset, 1, length, "bytes of a part");
		}
		OK(clFinish(queue));
	}
	OK(clEnqueueReadBuffer(queues[0], whole, CL_TRUE, 0, size, got, 0, NULL, NULL));
	cts_same(got, want, 1, size, "bytes");
}

CHECK(buffers, sub_buffers_read_write)
{
	cl_command_queue queues[2] = {cts.queue, cts.queue};

	parts(queues);
}

/* There is one device: two queues of it. */
CHECK(buffers, sub_buffers_read_write_dual_devices)
{
	cl_command_queue queues[2] = {cts.queue, cts_queue(0)};

	parts(queues);
}

/* Parts that lie over each other, written by kernels. */
CHECK(buffers, sub_buffers_overlapping)
{
	cl_kernel kernel = cts_build("kernel void add(global uint *to, uint k) {"
				     " size_t i = get_global_id(0); to[i] = to[i] * 3 + k; }",
				     NULL);
	const size_t step = alignment() > 256 ? alignment() : 256, size = step * 16;
	cl_uint *want = cts_host(size), *got = cts_host(size);
	cl_mem whole;

	cts_fill(want, size);
	whole = cts_buffer(CL_MEM_READ_WRITE, size, want);
	for (cl_uint round = 0; round < 32; round++) {
		const size_t from = cts_random() % 16;
		const size_t steps = 1 + cts_random() % (16 - from);
		const size_t count = steps * step / sizeof(cl_uint);
		cl_mem part = sub(whole, CL_MEM_READ_WRITE, from * step, steps * step);

		QUERY_IS(clGetMemObjectInfo, part, CL_MEM_OFFSET, size_t, from * step);
		QUERY_IS(clGetMemObjectInfo, part, CL_MEM_SIZE, size_t, steps * step);
		QUERY_IS(clGetMemObjectInfo, part, CL_MEM_ASSOCIATED_MEMOBJECT, cl_mem, whole);
		cts_mems(kernel, 1, part);
		ARG(kernel, 1, round);
		cts_launch1(kernel, count, 0);
		for (size_t i = 0; i < count; i++)
			want[from * step / sizeof(*want) + i] =
			    want[from * step / sizeof(*want) + i] * 3 + round;
	}
	cts_read(whole, size, got);
	cts_same(got, want, sizeof(*got), size / sizeof(*got), "numbers");
}

static const cl_mem_migration_flags ways[] = {
    0, CL_MIGRATE_MEM_OBJECT_HOST, CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED,
    CL_MIGRATE_MEM_OBJECT_HOST | CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED};

/* Buffers are moved between what kernels do with them; what is undefined is written again. */
CHECK(buffers, buffer_migrate)
{
	enum { N = 4096 };
	cl_kernel kernel = cts_build("kernel void advance(global int *a, global int *b) {"
				     " size_t i = get_global_id(0); a[i] += 3; b[i] -= a[i]; }",
				     NULL);
	int *a = cts_host(N * sizeof(int)), *b = cts_host(N * sizeof(int));
	int *got = cts_host(N * sizeof(int));
	cl_mem buffers[2];

	for (int i = 0; i < N; i++) {
		a[i] = i;
		b[i] = -i;
	}
	buffers[0] = cts_buffer(CL_MEM_READ_WRITE, N * sizeof(int), a);
	buffers[1] = cts_buffer(CL_MEM_READ_WRITE, N * sizeof(int), b);
	cts_mems(kernel, 2, buffers[0], buffers[1]);
	for (size_t w = 0; w < COUNT(ways); w++) {
		cl_event moved;

		OK(clEnqueueMigrateMemObjects(cts.queue, 2, buffers, ways[w], 0, NULL, &moved));
		OWN_EVENT(moved);
		OK(clWaitForEvents(1, &moved));
		if (ways[w] & CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED) {
			cts_write(buffers[0], N * sizeof(int), a);
			cts_write(buffers[1], N * sizeof(int), b);
		}
		cts_launch1(kernel, N, 0);
		for (int i = 0; i < N; i++) {
			a[i] += 3;
			b[i] -= a[i];
		}
		cts_read(buffers[0], N * sizeof(int), got);
		cts_same(got, a, sizeof(int), N, "first");
		cts_read(buffers[1], N * sizeof(int), got);
		cts_same(got, b, sizeof(int), N, "second");
	}
}

CHECK(buffers, image_migrate)
{
	enum { W = 64, H = 48 };
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const cl_image_desc desc = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = W, .image_height = H};
	const size_t zero[3] = {0}, all[3] = {W, H, 1};
	unsigned char *bytes = cts_host(W * H * 4), *got = cts_host(W * H * 4);
	cl_kernel kernel;
	cl_mem images[2];

	cts_needs_images();
	kernel =
	    cts_build("constant sampler_t s = CLK_FILTER_NEAREST;"
		      "kernel void advance(read_only image2d_t from, write_only image2d_t to) {"
		      " int2 p = (int2)(get_global_id(0), get_global_id(1));"
		      " write_imageui(to, p, (read_imageui(from, s, p) + 7u) & 255u); }",
		      NULL);
	cts_fill(bytes, W * H * 4);
	images[0] = cts_image(CL_MEM_READ_WRITE, &format, &desc, NULL);
	images[1] = cts_image(CL_MEM_READ_WRITE, &format, &desc, NULL);
	OK(clEnqueueWriteImage(cts.queue, images[0], CL_TRUE, zero, all, 0, 0, bytes, 0, NULL,
			       NULL));
	for (size_t w = 0; w < COUNT(ways); w++) {
		OK(clEnqueueMigrateMemObjects(cts.queue, 2, images, ways[w], 0, NULL, NULL));
		if (ways[w] & CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED)
			OK(clEnqueueWriteImage(cts.queue, images[w % 2], CL_TRUE, zero, all, 0, 0,
					       bytes, 0, NULL, NULL));
		cts_mems(kernel, 2, images[w % 2], images[1 - w % 2]);
		cts_launch(kernel, 2, all, NULL);
		for (size_t i = 0; i < W * H * 4; i++)
			bytes[i] = (unsigned char)(bytes[i] + 7);
		OK(clEnqueueReadImage(cts.queue, images[1 - w % 2], CL_TRUE, zero, all, 0, 0, got,
				      0, NULL, NULL));
		cts_same(got, bytes, 4, W * H, "pixels");
	}
}
