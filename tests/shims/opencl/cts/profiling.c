/* SPDX-License-Identifier: MIT */
/* profiling: what is done is right, and its times are in their order. */
#include "ask.h"

#define N 4096

static cl_command_queue timed(void)
{
	return cts_queue(CL_QUEUE_PROFILING_ENABLE);
}

/* Queued, submitted, started, ended; and nobody waits half a minute. */
static void times(cl_event event)
{
	static const cl_profiling_info names[] = {
	    CL_PROFILING_COMMAND_QUEUED, CL_PROFILING_COMMAND_SUBMIT, CL_PROFILING_COMMAND_START,
	    CL_PROFILING_COMMAND_END};
	const cl_ulong most = 30000000000;
	cl_ulong at[4];

	OWN_EVENT(event);
	OK(clWaitForEvents(1, &event));
	for (int i = 0; i < 4; i++) {
		QUERY(clGetEventProfilingInfo, event, names[i], at[i]);
		EXPECT(!i || (at[i] >= at[i - 1] && at[i] - at[i - 1] < most),
		       "time %d is %llu, the one before %llu", i, (unsigned long long)at[i],
		       (unsigned long long)at[i - 1]);
	}
	IS(at[0] || at[2] || at[3]);
}

static size_t size_of(const char *name)
{
	const char *last = strrchr(name, '_') + 1;

	if (!strcmp(last, "struct"))
		return 8;
	for (unsigned int i = 0; i < cts_type_count(); i++)
		if (!strcmp(cts_types[i].name, last))
			return cts_types[i].size;
	cts_fail("no type %s", last);
}

static void array_is_read(const char *name)
{
	const size_t size = N * size_of(name);
	unsigned char *want = cts_host(size), *got = cts_host(size);
	cl_event event;
	cl_mem buffer;

	cts_fill(want, size);
	buffer = cts_buffer(CL_MEM_READ_WRITE, size, want);
	OK(clEnqueueReadBuffer(timed(), buffer, CL_FALSE, 0, size, got, 0, NULL, &event));
	times(event);
	cts_same(got, want, size / N, N, name);
}

static void array_is_written(const char *name)
{
	const size_t size = N * size_of(name);
	unsigned char *want = cts_host(size), *got = cts_host(size);
	cl_mem buffer = cts_buffer(CL_MEM_READ_WRITE, size, NULL);
	cl_event event;

	cts_fill(want, size);
	OK(clEnqueueWriteBuffer(timed(), buffer, CL_FALSE, 0, size, want, 0, NULL, &event));
	times(event);
	cts_read(buffer, size, got);
	cts_same(got, want, size / N, N, name);
}

#define TYPES(name, function)                                                                      \
	CHECK_OF(profiling, name##_int, function)                                                  \
	CHECK_OF(profiling, name##_uint, function)                                                 \
	CHECK_OF(profiling, name##_long, function)                                                 \
	CHECK_OF(profiling, name##_ulong, function)                                                \
	CHECK_OF(profiling, name##_short, function)                                                \
	CHECK_OF(profiling, name##_ushort, function)                                               \
	CHECK_OF(profiling, name##_float, function)                                                \
	CHECK_OF(profiling, name##_char, function)                                                 \
	CHECK_OF(profiling, name##_uchar, function)                                                \
	CHECK_OF(profiling, name##_struct, function)

TYPES(read_array, array_is_read)
TYPES(write_array, array_is_written)

#define W 64
#define H 32

static const size_t zero[3], all[3] = {W, H, 1};

/* float, or bytes with and without sign; bytes of a pixel. */
static cl_mem image_for(const char *name, size_t *pixel)
{
	const char *last = strrchr(name, '_') + 1;
	const bool is_float = !strcmp(last, "float");
	const cl_image_format format = {CL_RGBA, is_float		 ? CL_FLOAT
						 : !strcmp(last, "char") ? CL_SIGNED_INT8
									 : CL_UNORM_INT8};
	const cl_image_desc desc = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = W, .image_height = H};

	cts_needs_images();
	*pixel = is_float ? 16 : 4;
	return cts_image(CL_MEM_READ_WRITE, &format, &desc, NULL);
}

static void image_is(const char *name, bool is_read)
{
	size_t pixel;
	cl_mem image = image_for(name, &pixel);
	float *want = cts_host(W * H * pixel), *got = cts_host(W * H * pixel);
	cl_command_queue queue = timed();
	cl_event events[2];

	if (pixel == 4)
		cts_fill(want, W * H * pixel);
	for (size_t i = 0; i < W * H * 4 && pixel == 16; i++)
		want[i] = cts_random_float(-1, 1);
	OK(clEnqueueWriteImage(queue, image, CL_FALSE, zero, all, 0, 0, want, 0, NULL, &events[0]));
	OK(clEnqueueReadImage(queue, image, CL_FALSE, zero, all, 0, 0, got, 1, &events[0],
			      &events[1]));
	times(events[is_read]);
	OWN_EVENT(events[!is_read]);
	OK(clFinish(queue));
	cts_same(got, want, pixel, W * H, name);
}

static void image_is_read(const char *name)
{
	image_is(name, true);
}

static void image_is_written(const char *name)
{
	image_is(name, false);
}

CHECK_OF(profiling, read_image_float, image_is_read)
CHECK_OF(profiling, read_image_char, image_is_read)
CHECK_OF(profiling, read_image_uchar, image_is_read)
CHECK_OF(profiling, write_image_float, image_is_written)
CHECK_OF(profiling, write_image_char, image_is_written)
CHECK_OF(profiling, write_image_uchar, image_is_written)

static void copies(size_t from, size_t to, size_t bytes)
{
	unsigned char want[2][N], got[N];
	cl_mem buffers[2];
	cl_event event;

	for (int i = 0; i < 2; i++) {
		cts_fill(want[i], N);
		buffers[i] = cts_buffer(CL_MEM_READ_WRITE, N, want[i]);
	}
	OK(clEnqueueCopyBuffer(timed(), buffers[0], buffers[1], from, to, bytes, 0, NULL, &event));
	times(event);
	cts_read(buffers[1], N, got);
	memcpy(want[1] + to, want[0] + from, bytes);
	cts_same(got, want[1], 1, N, "bytes");
}

CHECK(profiling, copy_array)
{
	copies(0, 0, N);
}

CHECK(profiling, copy_partial_array)
{
	for (int i = 0; i < 8; i++) {
		const size_t from = cts_random() % (N / 2), to = cts_random() % (N / 2);

		copies(from, to, 1 + cts_random() % (N / 2));
	}
}

CHECK(profiling, copy_image)
{
	size_t pixel;
	cl_mem from = image_for("_uchar", &pixel), to = image_for("_uchar", &pixel);
	unsigned char want[W * H * 4], got[W * H * 4];
	cl_event event;

	cts_fill(want, sizeof(want));
	OK(clEnqueueWriteImage(cts.queue, from, CL_TRUE, zero, all, 0, 0, want, 0, NULL, NULL));
	OK(clEnqueueCopyImage(timed(), from, to, zero, zero, all, 0, NULL, &event));
	times(event);
	OK(clEnqueueReadImage(cts.queue, to, CL_TRUE, zero, all, 0, 0, got, 0, NULL, NULL));
	cts_same(got, want, 4, W * H, "pixels");
}

CHECK(profiling, copy_array_to_image)
{
	unsigned char want[W * H * 4], got[W * H * 4];
	size_t pixel;
	cl_mem to = image_for("_uchar", &pixel), from;
	cl_event event;

	cts_fill(want, sizeof(want));
	from = cts_buffer(CL_MEM_READ_ONLY, sizeof(want), want);
	OK(clEnqueueCopyBufferToImage(timed(), from, to, 0, zero, all, 0, NULL, &event));
	times(event);
	OK(clEnqueueReadImage(cts.queue, to, CL_TRUE, zero, all, 0, 0, got, 0, NULL, NULL));
	cts_same(got, want, 4, W * H, "pixels");
}

/* A 3x3 mean of an image's pixels, rounded as the host does. */
CHECK(profiling, execute)
{
	unsigned char in[W * H * 4], want[W * H * 4], got[W * H * 4];
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const cl_image_desc desc = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = W, .image_height = H};
	cl_command_queue queue = timed();
	cl_mem from, to;
	cl_kernel kernel;
	cl_event event;

	cts_needs_images();
	kernel = cts_build("constant sampler_t s = CLK_NORMALIZED_COORDS_FALSE |"
			   " CLK_ADDRESS_CLAMP_TO_EDGE | CLK_FILTER_NEAREST;\n"
			   "kernel void mean(read_only image2d_t from, write_only image2d_t to) {"
			   " int2 p = (int2)(get_global_id(0), get_global_id(1)); uint4 sum = 0;"
			   " for (int y = -1; y <= 1; y++) for (int x = -1; x <= 1; x++)"
			   " sum += read_imageui(from, s, p + (int2)(x, y));"
			   " write_imageui(to, p, sum / 9u); }",
			   NULL);
	cts_fill(in, sizeof(in));
	from = cts_image(CL_MEM_READ_ONLY, &format, &desc, in);
	to = cts_image(CL_MEM_WRITE_ONLY, &format, &desc, NULL);
	cts_mems(kernel, 2, from, to);
	OK(clEnqueueNDRangeKernel(queue, kernel, 2, NULL, all, NULL, 0, NULL, &event));
	times(event);
	for (int i = 0; i < W * H * 4; i++) {
		const int x = i / 4 % W, y = i / 4 / W;
		unsigned int sum = 0;

		for (int k = 0; k < 9; k++) {
			int a = x + k % 3 - 1, b = y + k / 3 - 1;

			a = a < 0 ? 0 : a >= W ? W - 1 : a;
			b = b < 0 ? 0 : b >= H ? H - 1 : b;
			sum += in[(b * W + a) * 4 + i % 4];
		}
		want[i] = (unsigned char)(sum / 9);
	}
	OK(clEnqueueReadImage(queue, to, CL_TRUE, zero, all, 0, 0, got, 0, NULL, NULL));
	cts_same(got, want, 4, W * H, "pixels");
}
