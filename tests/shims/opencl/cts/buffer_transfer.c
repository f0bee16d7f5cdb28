/* SPDX-License-Identifier: MIT */
/* buffers: what kernels write of each type and width is read and mapped, what the host writes is
 * read by kernels. */
#include "ask.h"

#define N 1024
#define SIZE(type, width) (N * (size_t)(type)->size * (width))

static const cl_mem_flags host_flags[] = {CL_MEM_ALLOC_HOST_PTR,
					  CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR,
					  CL_MEM_USE_HOST_PTR, CL_MEM_COPY_HOST_PTR, 0};
static const unsigned int widths[] = {1, 2, 4, 8, 16};

/* The type at the end of a check's name: buffer_read_async_int. */
static const struct cts_type *type_of(const char *name)
{
	const char *last = strrchr(name, '_') + 1;

	for (unsigned int i = 0; i < cts_type_count(); i++)
		if (!strcmp(cts_types[i].name, last))
			return &cts_types[i];
	cts_fail("no type %s", last);
}

/* put_W writes numbers of its own, copy_W what it reads, for each width W. */
static cl_program program_of(const struct cts_type *type)
{
	char *text = NULL;

	for (size_t w = 0; w < COUNT(widths); w++) {
		const char *vector = cts_vector(type, widths[w]);

		cts_append(&text,
			   "kernel void put_%u(global %s *to) { size_t i = get_global_id(0);"
			   " to[i] = (%s)((%s)(i %% 113)); }\n",
			   widths[w], vector, vector, type->name);
		cts_append(&text,
			   "kernel void copy_%u(global const %s *from, global %s *to) {"
			   " size_t i = get_global_id(0); to[i] = from[i]; }\n",
			   widths[w], vector, vector);
	}
	return cts_program(text, NULL);
}

static cl_kernel kernel_of(cl_program program, const char *name, unsigned int width)
{
	char full[32];

	snprintf(full, sizeof(full), "%s_%u", name, width);
	return cts_kernel(program, full);
}

/* What put_W writes. */
static void *put_on_host(const struct cts_type *type, unsigned int width)
{
	char *to = cts_host(SIZE(type, width));

	for (size_t i = 0; i < N * width; i++) {
		const long value = (long)(i / width % 113);
		const float single = (float)value;
		const double twice = (double)value;
		const void *from = &value;

		if (type->kind == CTS_FLOAT)
			from = type->size == 8 ? (const void *)&twice : &single;
		memcpy(to + i * type->size, from, type->size);
	}
	return to;
}

static cl_mem buffer_for(size_t flag, size_t size, void *host)
{
	const bool takes = host_flags[flag] & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR);

	return cts_buffer(CL_MEM_READ_WRITE | host_flags[flag], size, takes ? host : NULL);
}

enum how { BLOCKING, ASYNC, BARRIER, MAPPED };

static void take(enum how how, cl_mem buffer, size_t size, void *to)
{
	cl_event read;
	cl_int status;
	void *mapped;

	switch (how) {
	case BLOCKING:
		cts_read(buffer, size, to);
		return;
	case ASYNC:
		OK(clEnqueueReadBuffer(cts.queue, buffer, CL_FALSE, 0, size, to, 0, NULL, &read));
		OWN_EVENT(read);
		OK(clFlush(cts.queue));
		OK(clWaitForEvents(1, &read));
		return;
	case BARRIER:
		OK(clEnqueueReadBuffer(cts.queue, buffer, CL_FALSE, 0, size, to, 0, NULL, &read));
		OWN_EVENT(read);
		OK(clEnqueueBarrierWithWaitList(cts.queue, 0, NULL, NULL));
		OK(clWaitForEvents(1, &read));
		return;
	case MAPPED:
		mapped = clEnqueueMapBuffer(cts.queue, buffer, CL_TRUE, CL_MAP_READ, 0, size, 0,
					    NULL, NULL, &status);
		OK(status);
		memcpy(to, mapped, size);
		OK(clEnqueueUnmapMemObject(cts.queue, buffer, mapped, 0, NULL, NULL));
		OK(clFinish(cts.queue));
	}
}

static void reads(const char *name, enum how how)
{
	const struct cts_type *type = type_of(name);
	cl_program program = program_of(type);

	for (size_t w = 0; w < COUNT(widths); w++) {
		cl_kernel kernel = kernel_of(program, "put", widths[w]);
		const size_t size = SIZE(type, widths[w]);
		void *want = put_on_host(type, widths[w]);

		for (size_t flag = 0; flag < COUNT(host_flags); flag++) {
			void *host = ask_host(size), *got = cts_host(size);
			cl_mem buffer = buffer_for(flag, size, host);

			cts_mems(kernel, 1, buffer);
			cts_launch1(kernel, N, 0);
			take(how, buffer, size, got);
			cts_same(got, want, type->size * widths[w], N, type->name);
		}
	}
}

static void blocking(const char *name)
{
	reads(name, BLOCKING);
}

static void async(const char *name)
{
	reads(name, ASYNC);
}

static void barrier(const char *name)
{
	reads(name, BARRIER);
}

static void mapped(const char *name)
{
	reads(name, MAPPED);
}

static void give(enum how how, cl_mem buffer, size_t size, const void *from)
{
	cl_event written;
	cl_int status;
	void *at;

	switch (how) {
	case MAPPED:
		at = clEnqueueMapBuffer(cts.queue, buffer, CL_TRUE, CL_MAP_WRITE, 0, size, 0, NULL,
					NULL, &status);
		OK(status);
		memcpy(at, from, size);
		OK(clEnqueueUnmapMemObject(cts.queue, buffer, at, 0, NULL, NULL));
		return;
	case ASYNC:
		OK(clEnqueueWriteBuffer(cts.queue, buffer, CL_FALSE, 0, size, from, 0, NULL,
					&written));
		OWN_EVENT(written);
		OK(clWaitForEvents(1, &written));
		return;
	default:
		cts_write(buffer, size, from);
	}
}

static void writes_with(const char *name, enum how how)
{
	const struct cts_type *type = type_of(name);
	cl_program program = program_of(type);

	for (size_t w = 0; w < COUNT(widths); w++) {
		cl_kernel kernel = kernel_of(program, "copy", widths[w]);
		const size_t size = SIZE(type, widths[w]);

		for (size_t flag = 0; flag < COUNT(host_flags); flag++) {
			void *host[2] = {ask_host(size), ask_host(size)};
			void *from = cts_host(size), *got = cts_host(size);
			cl_mem in = buffer_for(flag, size, host[0]);
			cl_mem out = buffer_for(flag, size, host[1]);

			cts_fill(from, size);
			give(how, in, size, from);
			cts_mems(kernel, 2, in, out);
			cts_launch1(kernel, N, 0);
			cts_read(out, size, got);
			cts_same(got, from, type->size * widths[w], N, type->name);
		}
	}
}

static void writes(const char *name)
{
	writes_with(name, BLOCKING);
}

static void writes_async(const char *name)
{
	writes_with(name, ASYNC);
}

static void writes_mapped(const char *name)
{
	writes_with(name, MAPPED);
}

/* Filled with one pattern at several places, what is beside them stays. */
static void fills(const char *name)
{
	const struct cts_type *type = type_of(name);
	cl_program program = program_of(type);

	for (size_t w = 0; w < COUNT(widths); w++) {
		cl_kernel kernel = kernel_of(program, "copy", widths[w]);
		const size_t size = SIZE(type, widths[w]), one = type->size * widths[w];
		const size_t places[][2] = {{0, N}, {0, 64}, {N - 64, 64}, {300, 500}};
		char pattern[128];

		cts_fill(pattern, one);
		for (size_t flag = 0; flag < COUNT(host_flags); flag++)
			for (size_t p = 0; p < COUNT(places); p++) {
				char *host = ask_host(size), *got = cts_host(size);
				char *want = cts_host(size);
				cl_mem in = buffer_for(flag, size, host);
				cl_mem out = cts_buffer(CL_MEM_READ_WRITE, size, NULL);

				cts_write(in, size, want);
				for (size_t i = 0; i < places[p][1]; i++)
					memcpy(want + (places[p][0] + i) * one, pattern, one);
				OK(clEnqueueFillBuffer(cts.queue, in, pattern, one,
						       places[p][0] * one, places[p][1] * one, 0,
						       NULL, NULL));
				cts_mems(kernel, 2, in, out);
				cts_launch1(kernel, N, 0);
				cts_read(out, size, got);
				cts_same(got, want, one, N, type->name);
			}
	}
}

#define TYPES(each, category, name, function)                                                      \
	each(category, name##_int, function) each(category, name##_uint, function)                 \
	    each(category, name##_long, function) each(category, name##_ulong, function)           \
		each(category, name##_short, function) each(category, name##_ushort, function)     \
		    each(category, name##_char, function) each(category, name##_uchar, function)   \
			each(category, name##_float, function)

TYPES(CHECK_OF, buffers, buffer_read, blocking)
TYPES(CHECK_OF, buffers, buffer_read_async, async)
TYPES(CHECK_OF, buffers, buffer_read_array_barrier, barrier)
TYPES(CHECK_OF, buffers, buffer_map_read, mapped)
TYPES(CHECK_OF, buffers, buffer_map_write, writes_mapped)
TYPES(CHECK_OF, buffers, buffer_write, writes)
TYPES(CHECK_OF, buffers, buffer_write_async, writes_async)
TYPES(CHECK_OF, buffers, buffer_fill, fills)
