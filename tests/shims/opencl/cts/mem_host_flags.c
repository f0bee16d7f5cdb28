/* SPDX-License-Identifier: MIT */
/* mem_host_flags: what the host may do with buffers, parts of them and images. */
#include "ask.h"

#define SIZE 4096

enum access { READS, WRITES, NOTHING };

static const cl_mem_flags flag_of[] = {CL_MEM_HOST_READ_ONLY, CL_MEM_HOST_WRITE_ONLY,
				       CL_MEM_HOST_NO_ACCESS};

static cl_int may(bool is)
{
	return is ? CL_SUCCESS : CL_INVALID_OPERATION;
}

/* A kernel copies it: what the host cannot read is seen this way, and written. */
static cl_mem copied(cl_mem from, cl_mem to)
{
	cl_kernel kernel = cts_build("kernel void copy(global const uchar *from, global uchar *to)"
				     "{ size_t i = get_global_id(0); to[i] = from[i]; }",
				     NULL);

	cts_mems(kernel, 2, from, to);
	cts_launch1(kernel, SIZE, 0);
	return to;
}

static void rectangles(cl_mem buffer, enum access access, unsigned char *host)
{
	const size_t zero[3] = {0}, region[3] = {64, 32, 1};

	cts_status(clEnqueueReadBufferRect(cts.queue, buffer, CL_TRUE, zero, zero, region, 64, 0,
					   64, 0, host, 0, NULL, NULL),
		   may(access == READS), "clEnqueueReadBufferRect", __FILE__, __LINE__);
	cts_status(clEnqueueWriteBufferRect(cts.queue, buffer, CL_TRUE, zero, zero, region, 64, 0,
					    64, 0, host, 0, NULL, NULL),
		   may(access == WRITES), "clEnqueueWriteBufferRect", __FILE__, __LINE__);
}

static void maps(cl_mem buffer, enum access access)
{
	const cl_map_flags ways[] = {CL_MAP_READ, CL_MAP_WRITE, CL_MAP_WRITE_INVALIDATE_REGION};

	for (size_t w = 0; w < COUNT(ways); w++) {
		const bool reads = ways[w] == CL_MAP_READ;
		cl_int status;
		void *mapped = clEnqueueMapBuffer(cts.queue, buffer, CL_TRUE, ways[w], 0, SIZE, 0,
						  NULL, NULL, &status);

		cts_status(status, may(reads ? access == READS : access == WRITES),
			   "clEnqueueMapBuffer", __FILE__, __LINE__);
		if (!mapped)
			continue;
		if (!reads)
			memset(mapped, 3, SIZE);
		OK(clEnqueueUnmapMemObject(cts.queue, buffer, mapped, 0, NULL, NULL));
	}
}

/* The buffer, or the part of one, that the host may use this way. */
static void buffers(enum access access, bool is_part)
{
	const cl_mem_flags kinds[] = {CL_MEM_READ_WRITE, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
				      CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR,
				      CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR};

	for (size_t k = 0; k < COUNT(kinds); k++) {
		unsigned char *host = ask_host(2 * SIZE), *got = cts_host(SIZE);
		unsigned char *want = cts_host(SIZE);
		const bool takes = kinds[k] & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR);
		const cl_buffer_region region = {SIZE, SIZE};
		cl_mem free = cts_buffer(CL_MEM_READ_WRITE, SIZE, NULL), buffer;
		cl_mem_flags its;
		cl_int status;

		buffer = cts_buffer(kinds[k] | (is_part ? 0 : flag_of[access]),
				    is_part ? 2 * SIZE : SIZE, takes ? host : NULL);
		if (is_part) {
			buffer = clCreateSubBuffer(buffer, CL_MEM_READ_WRITE | flag_of[access],
						   CL_BUFFER_CREATE_TYPE_REGION, &region, &status);
			OK(status);
			cts_own(CTS_MEM, buffer);
		}
		OK(clGetMemObjectInfo(buffer, CL_MEM_FLAGS, sizeof(its), &its, NULL));
		IS(its & flag_of[access]);
		/* Commands between memory objects are none of the host's. */
		cts_fill(want, SIZE);
		cts_write(free, SIZE, want);
		OK(clEnqueueCopyBuffer(cts.queue, free, buffer, 0, 0, SIZE, 0, NULL, NULL));
		if (access == READS)
			cts_read(buffer, SIZE, got);
		else
			cts_read(copied(buffer, cts_buffer(CL_MEM_READ_WRITE, SIZE, NULL)), SIZE,
				 got);
		cts_same(got, want, 1, SIZE, "bytes");
		cts_status(
		    clEnqueueReadBuffer(cts.queue, buffer, CL_TRUE, 0, SIZE, got, 0, NULL, NULL),
		    may(access == READS), "clEnqueueReadBuffer", __FILE__, __LINE__);
		cts_fill(want, SIZE);
		cts_status(
		    clEnqueueWriteBuffer(cts.queue, buffer, CL_TRUE, 0, SIZE, want, 0, NULL, NULL),
		    may(access == WRITES), "clEnqueueWriteBuffer", __FILE__, __LINE__);
		if (access == WRITES) {
			cts_read(copied(buffer, free), SIZE, got);
			cts_same(got, want, 1, SIZE, "written bytes");
		}
		rectangles(buffer, access, got);
		maps(buffer, access);
		OK(clFinish(cts.queue));
	}
}

CHECK(mem_host_flags, mem_host_read_only_buffer)
{
	buffers(READS, false);
}

CHECK(mem_host_flags, mem_host_read_only_subbuffer)
{
	buffers(READS, true);
}

CHECK(mem_host_flags, mem_host_write_only_buffer)
{
	buffers(WRITES, false);
}

CHECK(mem_host_flags, mem_host_write_only_subbuffer)
{
	buffers(WRITES, true);
}

CHECK(mem_host_flags, mem_host_no_access_buffer)
{
	buffers(NOTHING, false);
}

CHECK(mem_host_flags, mem_host_no_access_subbuffer)
{
	buffers(NOTHING, true);
}

static void images(enum access access)
{
	enum { W = 32, H = 16 };
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const cl_image_desc desc = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = W, .image_height = H};
	const size_t zero[3] = {0}, all[3] = {W, H, 1};
	unsigned char want[W * H * 4], got[W * H * 4];
	const cl_map_flags ways[] = {CL_MAP_READ, CL_MAP_WRITE, CL_MAP_WRITE_INVALIDATE_REGION};
	cl_mem image, free;

	cts_needs_images();
	cts_fill(want, sizeof(want));
	image = cts_image(CL_MEM_READ_WRITE | flag_of[access], &format, &desc, want);
	free = cts_image(CL_MEM_READ_WRITE, &format, &desc, NULL);
	OK(clEnqueueCopyImage(cts.queue, image, free, zero, zero, all, 0, NULL, NULL));
	OK(clEnqueueReadImage(cts.queue, free, CL_TRUE, zero, all, 0, 0, got, 0, NULL, NULL));
	cts_same(got, want, 4, W * H, "pixels");
	cts_status(
	    clEnqueueReadImage(cts.queue, image, CL_TRUE, zero, all, 0, 0, got, 0, NULL, NULL),
	    may(access == READS), "clEnqueueReadImage", __FILE__, __LINE__);
	cts_fill(want, sizeof(want));
	cts_status(
	    clEnqueueWriteImage(cts.queue, image, CL_TRUE, zero, all, 0, 0, want, 0, NULL, NULL),
	    may(access == WRITES), "clEnqueueWriteImage", __FILE__, __LINE__);
	for (size_t w = 0; w < COUNT(ways); w++) {
		const bool reads = ways[w] == CL_MAP_READ;
		cl_int status;
		size_t pitch;
		unsigned char *mapped =
		    clEnqueueMapImage(cts.queue, image, CL_TRUE, ways[w], zero, all, &pitch, NULL,
				      0, NULL, NULL, &status);

		cts_status(status, may(reads ? access == READS : access == WRITES),
			   "clEnqueueMapImage", __FILE__, __LINE__);
		if (!mapped)
			continue;
		for (size_t y = 0; y < H && !reads; y++)
			memcpy(mapped + y * pitch, want + y * W * 4, W * 4);
		OK(clEnqueueUnmapMemObject(cts.queue, image, mapped, 0, NULL, NULL));
	}
	if (access == WRITES) {
		OK(clEnqueueCopyImage(cts.queue, image, free, zero, zero, all, 0, NULL, NULL));
		OK(clEnqueueReadImage(cts.queue, free, CL_TRUE, zero, all, 0, 0, got, 0, NULL,
				      NULL));
		cts_same(got, want, 4, W * H, "written pixels");
	}
	OK(clFinish(cts.queue));
}

CHECK(mem_host_flags, mem_host_read_only_image)
{
	images(READS);
}

CHECK(mem_host_flags, mem_host_write_only_image)
{
	images(WRITES);
}

CHECK(mem_host_flags, mem_host_no_access_image)
{
	images(NOTHING);
}
