/* SPDX-License-Identifier: MIT */
/* basic: what is read, written and mapped of buffers that kernels use. */
#include "cts.h"

#define N 4096

/* hostptr: a kernel adds two arrays that lie in the program's own memory; what it gives is seen by
 * a map. */
CHECK(basic, hostptr)
{
	cl_kernel add = cts_build("kernel void add(global const int *a, global const int *b,"
				  " global int *to) {"
				  " size_t i = get_global_id(0); to[i] = a[i] + b[i]; }",
				  NULL);
	int *a = cts_host(N * sizeof(int)), *b = cts_host(N * sizeof(int));
	int *to = cts_host(N * sizeof(int)), *want = cts_host(N * sizeof(int)), *mapped;
	const size_t size = N * sizeof(int);
	cl_int status;
	cl_mem out;

	cts_fill(a, size);
	cts_fill(b, size);
	for (int i = 0; i < N; i++)
		want[i] = (int)((unsigned int)a[i] + (unsigned int)b[i]);
	out = cts_buffer(CL_MEM_USE_HOST_PTR | CL_MEM_WRITE_ONLY, size, to);
	cts_mems(add, 3, cts_buffer(CL_MEM_USE_HOST_PTR | CL_MEM_READ_ONLY, size, a),
		 cts_buffer(CL_MEM_USE_HOST_PTR | CL_MEM_READ_ONLY, size, b), out);
	cts_launch1(add, N, 0);
	mapped = clEnqueueMapBuffer(cts.queue, out, CL_TRUE, CL_MAP_READ, 0, size, 0, NULL, NULL,
				    &status);
	OK(status);
	EXPECT(mapped == to, "mapped elsewhere than the memory that the buffer uses");
	cts_same(mapped, want, sizeof(int), N, "sums");
	OK(clEnqueueUnmapMemObject(cts.queue, out, mapped, 0, NULL, NULL));
	OK(clFinish(cts.queue));
}

/* arrayreadwrite: parts of a buffer at random, for each type of memory. */
CHECK(basic, arrayreadwrite)
{
	const size_t size = 1 << 16;
	uint8_t *want = cts_host(size), *got = cts_host(size), *more = cts_host(size);
	cl_mem buffer;

	cts_fill(want, size);
	buffer = cts_buffer(CL_MEM_READ_WRITE, size, want);
	for (int round = 0; round < (cts.is_quick ? 20 : 400); round++) {
		const size_t at = cts_random() % size, count = 1 + cts_random() % (size - at);

		cts_fill(more, count);
		memcpy(want + at, more, count);
		OK(clEnqueueWriteBuffer(cts.queue, buffer, round & 1, at, count, more, 0, NULL,
					NULL));
		memset(got, 0, count);
		OK(clEnqueueReadBuffer(cts.queue, buffer, CL_TRUE, at, count, got, 0, NULL, NULL));
		cts_same(got, more, 1, count, "a part");
	}
	cts_read(buffer, size, got);
	cts_same(got, want, 1, size, "all");
}

/* arraycopy: by the queue from buffers of each kind, and by a kernel. */
CHECK(basic, arraycopy)
{
	const cl_mem_flags kinds[] = {CL_MEM_USE_HOST_PTR, CL_MEM_COPY_HOST_PTR};
	const size_t size = N * sizeof(int);
	int *from = cts_host(size), *got = cts_host(size);
	cl_kernel kernel = cts_build("kernel void k(global const uint *from, global uint *to) {"
				     " size_t i = get_global_id(0); to[i] = from[i]; }",
				     NULL);

	cts_fill(from, size);
	for (size_t kind = 0; kind < COUNT(kinds); kind++)
		for (int by_kernel = 0; by_kernel < 2; by_kernel++) {
			cl_mem in = cts_buffer(CL_MEM_READ_ONLY | kinds[kind], size, from);
			cl_mem to = cts_buffer(CL_MEM_READ_WRITE, size, NULL);

			if (by_kernel) {
				cts_mems(kernel, 2, in, to);
				cts_launch1(kernel, N, 0);
			} else {
				OK(clEnqueueCopyBuffer(cts.queue, in, to, 0, 0, size / 2, 0, NULL,
						       NULL));
				OK(clEnqueueCopyBuffer(cts.queue, in, to, size / 2, size / 2,
						       size / 2, 0, NULL, NULL));
			}
			memset(got, 0, size);
			cts_read(to, size, got);
			cts_same(got, from, sizeof(int), N, "ints");
		}
}

/* bufferreadwriterect: boxes at random between buffers and host memory with rows and slices of
 * their own. */
static void box(uint8_t *to, const size_t at[3], const uint8_t *from, const size_t begin[3],
		const size_t size[3], const size_t all[3])
{
	for (size_t z = 0; z < size[2]; z++)
		for (size_t y = 0; y < size[1]; y++)
			memcpy(to + ((at[2] + z) * all[1] + at[1] + y) * all[0] + at[0],
			       from + ((begin[2] + z) * all[1] + begin[1] + y) * all[0] + begin[0],
			       size[0]);
}

CHECK(basic, bufferreadwriterect)
{
	enum { BUFFERS = 3 };
	const size_t all[3] = {60, 34, 9}, row = all[0], slice = all[0] * all[1];
	const size_t bytes = slice * all[2];
	uint8_t *want[BUFFERS], *host = cts_host(bytes), *got = cts_host(bytes);
	uint8_t *after = cts_host(bytes);
	cl_mem buffers[BUFFERS];

	for (int i = 0; i < BUFFERS; i++) {
		want[i] = cts_host(bytes);
		cts_fill(want[i], bytes);
		buffers[i] = cts_buffer(CL_MEM_READ_WRITE, bytes, want[i]);
	}
	for (int round = 0; round < (cts.is_quick ? 30 : 300); round++) {
		const unsigned int a = cts_random() % BUFFERS;
		const unsigned int b = (a + 1 + cts_random() % (BUFFERS - 1)) % BUFFERS;
		size_t size[3], from[3], to[3];

		for (int d = 0; d < 3; d++) {
			size[d] = 1 + cts_random() % all[d];
			from[d] = cts_random() % (all[d] - size[d] + 1);
			to[d] = cts_random() % (all[d] - size[d] + 1);
		}
		switch (cts_random() % 3) {
		case 0:
			OK(clEnqueueCopyBufferRect(cts.queue, buffers[a], buffers[b], from, to,
						   size, row, slice, row, slice, 0, NULL, NULL));
			box(want[b], to, want[a], from, size, all);
			break;
		case 1:
			cts_fill(host, bytes);
			OK(clEnqueueWriteBufferRect(cts.queue, buffers[b], CL_TRUE, to, from, size,
						    row, slice, row, slice, host, 0, NULL, NULL));
			box(want[b], to, host, from, size, all);
			break;
		default:
			memcpy(after, host, bytes);
			OK(clEnqueueReadBufferRect(cts.queue, buffers[a], CL_TRUE, from, to, size,
						   row, slice, row, slice, host, 0, NULL, NULL));
			box(after, to, want[a], from, size, all);
			cts_same(host, after, 1, bytes, "host memory that a box was read to");
		}
	}
	for (int i = 0; i < BUFFERS; i++) {
		cts_read(buffers[i], bytes, got);
		cts_same(got, want[i], 1, bytes, "bytes");
	}
}

/* enqueue_map_buffer: parts are mapped, changed and unmapped, with each kind of memory. */
CHECK(basic, enqueue_map_buffer)
{
	const cl_mem_flags kinds[] = {0, CL_MEM_USE_HOST_PTR, CL_MEM_COPY_HOST_PTR,
				      CL_MEM_ALLOC_HOST_PTR};
	const size_t size = 10000;

	for (size_t kind = 0; kind < COUNT(kinds); kind++) {
		uint8_t *host = cts_host(size), *want = cts_host(size), *got = cts_host(size);
		const bool has_data = kinds[kind] & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR);
		cl_mem buffer;

		cts_fill(want, size);
		memcpy(host, want, size);
		buffer = cts_buffer(CL_MEM_READ_WRITE | kinds[kind], size, has_data ? host : NULL);
		if (!has_data)
			cts_write(buffer, size, want);
		for (int round = 0; round < (cts.is_quick ? 8 : 32); round++) {
			const size_t at = cts_random() % size, n = 1 + cts_random() % (size - at);
			cl_int status;
			uint8_t *mapped = clEnqueueMapBuffer(cts.queue, buffer, CL_TRUE,
							     CL_MAP_READ | CL_MAP_WRITE, at, n, 0,
							     NULL, NULL, &status);

			OK(status);
			EXPECT(kinds[kind] != CL_MEM_USE_HOST_PTR || mapped == host + at,
			       "mapped elsewhere than the memory that the buffer uses");
			cts_same(mapped, want + at, 1, n, "mapped bytes");
			cts_fill(want + at, n);
			memcpy(mapped, want + at, n);
			OK(clEnqueueUnmapMemObject(cts.queue, buffer, mapped, 0, NULL, NULL));
			cts_read(buffer, size, got);
			cts_same(got, want, 1, size, "bytes");
		}
	}
}
