/* SPDX-License-Identifier: MIT */
/* buffers: structures, copies, sizes that are drawn, the flags of memory. */
#include "ask.h"

#define N 1024

struct pair {
	cl_int a;
	cl_float b;
};

static const char source[] =
    "typedef struct { int a; float b; } pair;\n"
    "kernel void put(global pair *to) { size_t i = get_global_id(0);"
    " to[i].a = (int)i * 3; to[i].b = (float)(int)i - 7.5f; }\n"
    "kernel void copy(global const pair *from, global pair *to) {"
    " size_t i = get_global_id(0); to[i] = from[i]; }\n"
    "kernel void fill(global uchar *to, uchar seed) {"
    " size_t i = get_global_id(0); to[i] = (uchar)(i * 5 + seed); }\n"
    "kernel void ones(global int *to, int add) { size_t i = get_global_id(0); to[i] += add; }\n"
    "kernel void set(global int *to) { size_t i = get_global_id(0); to[i] = (int)i; }\n"
    "kernel void plus(global const int *from, global int *to) {"
    " size_t i = get_global_id(0); to[i] = from[i] + 1; }\n";

static void pairs(struct pair *to)
{
	for (int i = 0; i < N; i++)
		to[i] = (struct pair){i * 3, (float)i - 7.5f};
}

static cl_mem put(struct pair *want)
{
	cl_kernel kernel = cts_build(source, "put");
	cl_mem buffer = cts_buffer(CL_MEM_READ_WRITE, N * sizeof(struct pair), NULL);

	pairs(want);
	cts_mems(kernel, 1, buffer);
	cts_launch1(kernel, N, 0);
	return buffer;
}

CHECK(buffers, buffer_read_struct)
{
	struct pair want[N], got[N];

	cts_read(put(want), sizeof(got), got);
	cts_same(got, want, sizeof(*got), N, "pairs");
}

CHECK(buffers, buffer_map_read_struct)
{
	struct pair want[N], *got;
	cl_mem buffer = put(want);
	cl_int status;

	got = clEnqueueMapBuffer(cts.queue, buffer, CL_TRUE, CL_MAP_READ, 0, sizeof(want), 0, NULL,
				 NULL, &status);
	OK(status);
	cts_same(got, want, sizeof(*got), N, "pairs");
	OK(clEnqueueUnmapMemObject(cts.queue, buffer, got, 0, NULL, NULL));
}

static void copied(cl_mem in, const struct pair *want)
{
	cl_kernel kernel = cts_build(source, "copy");
	cl_mem out = cts_buffer(CL_MEM_WRITE_ONLY, N * sizeof(*want), NULL);
	struct pair got[N];

	cts_mems(kernel, 2, in, out);
	cts_launch1(kernel, N, 0);
	cts_read(out, sizeof(got), got);
	cts_same(got, want, sizeof(*got), N, "pairs");
}

CHECK(buffers, buffer_write_struct)
{
	cl_mem in = cts_buffer(CL_MEM_READ_ONLY, N * sizeof(struct pair), NULL);
	struct pair want[N];

	pairs(want);
	cts_write(in, sizeof(want), want);
	copied(in, want);
}

CHECK(buffers, buffer_map_write_struct)
{
	cl_mem in = cts_buffer(CL_MEM_READ_ONLY, N * sizeof(struct pair), NULL);
	struct pair want[N], *to;
	cl_int status;

	to = clEnqueueMapBuffer(cts.queue, in, CL_TRUE, CL_MAP_WRITE, 0, sizeof(want), 0, NULL,
				NULL, &status);
	OK(status);
	pairs(want);
	pairs(to);
	OK(clEnqueueUnmapMemObject(cts.queue, in, to, 0, NULL, NULL));
	copied(in, want);
}

CHECK(buffers, buffer_fill_struct)
{
	cl_mem in = cts_buffer(CL_MEM_READ_WRITE, N * sizeof(struct pair), NULL);
	const struct pair pattern = {-5, 2.5f};
	struct pair want[N];

	pairs(want);
	cts_write(in, sizeof(want), want);
	for (int i = 100; i < 900; i++)
		want[i] = pattern;
	OK(clEnqueueFillBuffer(cts.queue, in, &pattern, sizeof(pattern), 100 * sizeof(pattern),
			       800 * sizeof(pattern), 0, NULL, NULL));
	copied(in, want);
}

CHECK(buffers, buffer_read_random_size)
{
	cl_kernel kernel = cts_build(source, "fill");
	const int rounds = cts.is_quick ? 4 : 20;

	for (int round = 0; round < rounds; round++) {
		const size_t size = 1 + cts_random() % 100000;
		const size_t from = cts_random() % size, bytes = 1 + cts_random() % (size - from);
		cl_uchar *want = cts_host(size), *got = cts_host(size);
		const cl_uchar seed = (cl_uchar)cts_random();
		cl_mem buffer = cts_buffer(CL_MEM_READ_WRITE, size, NULL);

		cts_mems(kernel, 1, buffer);
		ARG(kernel, 1, seed);
		cts_launch1(kernel, size, 0);
		for (size_t i = 0; i < size; i++)
			want[i] = (cl_uchar)(i * 5 + seed);
		OK(clEnqueueReadBuffer(cts.queue, buffer, CL_TRUE, from, bytes, got, 0, NULL,
				       NULL));
		cts_same(got, want + from, 1, bytes, "bytes");
	}
}

static void copies(bool is_partial)
{
	const size_t sizes[] = {1, 17, 4096, 65536 + 3};
	const cl_mem_flags flags[] = {0, CL_MEM_USE_HOST_PTR, CL_MEM_COPY_HOST_PTR,
				      CL_MEM_ALLOC_HOST_PTR};

	for (size_t s = 0; s < COUNT(sizes); s++)
		for (size_t f = 0; f < COUNT(flags) * COUNT(flags); f++) {
			const size_t size = sizes[s];
			const size_t from = is_partial ? cts_random() % size : 0;
			const size_t to = is_partial ? cts_random() % size : 0;
			const size_t most = size - (from > to ? from : to);
			const size_t bytes = is_partial ? 1 + cts_random() % most : size;
			const cl_mem_flags how[2] = {flags[f % COUNT(flags)],
						     flags[f / COUNT(flags)]};
			char *host[2] = {ask_host(size), ask_host(size)};
			char *want = cts_host(size), *got = cts_host(size);
			cl_event copied;
			cl_mem buffers[2];

			cts_fill(host[0], size);
			cts_fill(host[1], size);
			memcpy(want, host[1], size);
			memcpy(want + to, host[0] + from, bytes);
			for (int i = 0; i < 2; i++) {
				const bool takes =
				    how[i] & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR);

				buffers[i] = cts_buffer(how[i], size, takes ? host[i] : NULL);
				if (!takes)
					cts_write(buffers[i], size, host[i]);
			}
			OK(clEnqueueCopyBuffer(cts.queue, buffers[0], buffers[1], from, to, bytes,
					       0, NULL, &copied));
			OWN_EVENT(copied);
			OK(clWaitForEvents(1, &copied));
			cts_read(buffers[1], size, got);
			cts_same(got, want, 1, size, "bytes");
		}
}

CHECK(buffers, buffer_copy)
{
	copies(false);
}

CHECK(buffers, buffer_partial_copy)
{
	copies(true);
}

/* A kernel may read and write it. */
CHECK(buffers, mem_read_write_flags)
{
	int host[N] = {0}, got[N], want[N];
	cl_mem buffer = cts_buffer(CL_MEM_READ_WRITE, sizeof(host), NULL);
	cl_kernel kernel = cts_build(source, "ones");
	const int add = 3;

	for (int i = 0; i < N; i++)
		want[i] = (host[i] = i * 11) + 2 * add;
	cts_write(buffer, sizeof(host), host);
	cts_mems(kernel, 1, buffer);
	ARG(kernel, 1, add);
	cts_launch1(kernel, N, 0);
	cts_launch1(kernel, N, 0);
	cts_read(buffer, sizeof(got), got);
	cts_same(got, want, sizeof(*got), N, "sums");
}

/* A kernel writes it, the host reads it, with and without the host's own memory. */
CHECK(buffers, mem_write_only_flags)
{
	cl_kernel kernel = cts_build(source, "set");
	int got[N], want[N];

	for (int i = 0; i < N; i++)
		want[i] = i;
	for (int uses = 0; uses < 2; uses++) {
		cl_mem buffer = cts_buffer(CL_MEM_WRITE_ONLY | (uses ? CL_MEM_USE_HOST_PTR : 0),
					   sizeof(got), uses ? ask_host(sizeof(got)) : NULL);

		cts_mems(kernel, 1, buffer);
		cts_launch1(kernel, N, 0);
		cts_read(buffer, sizeof(got), got);
		cts_same(got, want, sizeof(*got), N, "numbers");
	}
}

static void plus_one(cl_mem_flags flags)
{
	int *host = ask_host(N * sizeof(int)), got[N], want[N];
	cl_kernel kernel = cts_build(source, "plus");
	cl_mem in, out = cts_buffer(CL_MEM_WRITE_ONLY, sizeof(got), NULL);

	for (int i = 0; i < N; i++)
		want[i] = (host[i] = 5 * i) + 1;
	in = cts_buffer(flags, sizeof(got), host);
	if (!(flags & CL_MEM_USE_HOST_PTR))
		memset(host, 0, sizeof(got));
	cts_mems(kernel, 2, in, out);
	cts_launch1(kernel, N, 0);
	cts_read(out, sizeof(got), got);
	cts_same(got, want, sizeof(*got), N, "numbers");
}

CHECK(buffers, mem_read_only_flags)
{
	plus_one(CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR);
}

CHECK(buffers, mem_copy_host_flags)
{
	plus_one(CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR);
}

CHECK(buffers, array_info_size)
{
	cl_mem buffer = cts_buffer(CL_MEM_READ_WRITE, 4711, NULL);

	QUERY_IS(clGetMemObjectInfo, buffer, CL_MEM_SIZE, size_t, 4711);
}
