/* SPDX-License-Identifier: MIT */
/* basic: vload and vstore at offsets that vectors themselves could not be at, in each kind of
 * memory. */
#include "cts.h"

#define N 512
#define GROUP 32
/* Elements a work-item has in each kind of memory, and at most stands from their begin. */
#define SPAN 64
#define WIDTHS 5

static const unsigned int widths[WIDTHS] = {2, 3, 4, 8, 16};

static bool is_tried(unsigned int t)
{
	return !cts.is_quick || t == 0 || t == 4 || t == 8;
}

/*
 * All widths in one kernel: item i reads a vector from each place, (first[i] + which * width)
 * elements behind the begin of its own span, and writes its elements one by one.
 */
static void vload(const char *space)
{
	for (unsigned int t = 0; t < cts_type_count(); t++) {
		const struct cts_type *type = &cts_types[t];
		const size_t out = 2 + 3 + 4 + 8 + 16, size = type->size;
		uint8_t *from = cts_host(N * SPAN * size), *got = cts_host(N * out * size);
		uint8_t *want = cts_host(N * out * size);
		int *first = cts_host(N * sizeof(int)), *which = cts_host(N * sizeof(int));
		const bool is_global = !strcmp(space, "global"), is_local = !strcmp(space, "local");
		const bool is_private = !strcmp(space, "private");
		char *source = NULL;
		unsigned int at = 0;
		cl_kernel kernel;
		cl_mem to;

		if (!is_tried(t))
			continue;
		cts_append(&source,
			   "kernel void k(%s const %s *from, global const int *first,"
			   " global const int *which, global %s *to%s) {"
			   " size_t i = get_global_id(0); int f = first[i], w = which[i];",
			   is_global || is_local || is_private ? "global" : "constant", type->name,
			   type->name, is_local ? ", local void *space" : "");
		if (is_local)
			cts_append(&source,
				   " local %s *p = (local %s *)space + get_local_id(0) * %d;"
				   " for (int j = 0; j < %d; j++) p[j] = from[i * %d + j];"
				   " barrier(CLK_LOCAL_MEM_FENCE);",
				   type->name, type->name, SPAN, SPAN, SPAN);
		else if (is_private)
			cts_append(
			    &source,
			    " %s p[%d]; for (int j = 0; j < %d; j++) p[j] = from[i * %d + j];",
			    type->name, SPAN, SPAN, SPAN);
		else
			cts_append(&source, " %s const %s *p = from + i * %d;", space, type->name,
				   SPAN);
		for (unsigned int w = 0; w < WIDTHS; w++) {
			cts_append(&source, " { %s v = vload%u(w, p + f);",
				   cts_vector(type, widths[w]), widths[w]);
			for (unsigned int j = 0; j < widths[w]; j++, at++)
				cts_append(&source, " to[i * %u + %u] = v.s%x;", (unsigned int)out,
					   at, j);
			cts_append(&source, " }");
		}
		cts_append(&source, " }");
		kernel = cts_build(source, NULL);
		cts_fill(from, N * SPAN * size);
		for (int i = 0; i < N; i++) {
			first[i] = (int)(cts_random() % 16);
			which[i] = (int)(cts_random() % 3);
			at = 0;
			for (unsigned int w = 0; w < WIDTHS; w++) {
				const size_t behind =
				    (size_t)first[i] + (size_t)which[i] * widths[w];

				memcpy(want + ((size_t)i * out + at) * size,
				       from + ((size_t)i * SPAN + behind) * size, widths[w] * size);
				at += widths[w];
			}
		}
		to = cts_buffer(CL_MEM_WRITE_ONLY, N * out * size, NULL);
		cts_mems(kernel, 4, cts_buffer(CL_MEM_READ_ONLY, N * SPAN * size, from),
			 cts_buffer(CL_MEM_READ_ONLY, N * sizeof(int), first),
			 cts_buffer(CL_MEM_READ_ONLY, N * sizeof(int), which), to);
		if (is_local)
			OK(clSetKernelArg(kernel, 4, GROUP * SPAN * size, NULL));
		cts_launch1(kernel, N, GROUP);
		cts_read(to, N * out * size, got);
		cts_same(got, want, size, N * out, type->name);
	}
}

#define VLOAD(space)                                                                               \
	CHECK(basic, vload_##space)                                                                \
	{                                                                                          \
		vload(#space);                                                                     \
	}

VLOAD(global)
VLOAD(local)
VLOAD(constant)
VLOAD(private)

/*
 * Item i writes a vector to the place that order[i] names, `shift` elements behind where one would
 * be aligned. To local and private memory first, from where elements are taken one by one.
 */
static void vstore(const char *space)
{
	for (unsigned int t = 0; t < cts_type_count(); t++)
		for (unsigned int w = 0; w < WIDTHS; w++) {
			const struct cts_type *type = &cts_types[t];
			const unsigned int width = widths[w];
			const size_t size = type->size, all = (N + 1) * (size_t)width;
			uint8_t *from = cts_host(N * width * size), *got = cts_host(all * size);
			uint8_t *want = cts_host(all * size);
			int *order = cts_host(N * sizeof(int));
			const int shift = (int)(cts_random() % width);
			char *source = NULL;
			cl_kernel kernel;
			cl_mem to;

			if (!is_tried(t) || (cts.is_quick && width != 3))
				continue;
			cts_append(&source,
				   "kernel void k(global const %s *from, global const int *order,"
				   " global %s *to, int shift) {"
				   " size_t i = get_global_id(0); %s v;",
				   type->name, type->name, cts_vector(type, width));
			for (unsigned int j = 0; j < width; j++)
				cts_append(&source, " v.s%x = from[i * %u + %u];", j, width, j);
			if (!strcmp(space, "global"))
				cts_append(&source, " vstore%u(v, order[i], to + shift); }", width);
			else
				cts_append(
				    &source,
				    " %s %s p[%u * (%d + 1)]; int l = %s;"
				    " vstore%u(v, l, p + shift); %s"
				    " for (int j = 0; j < %u; j++)"
				    " to[order[i] * %u + j + shift] = p[l * %u + j + shift]; }",
				    strcmp(space, "local") ? "" : "local", type->name, width,
				    strcmp(space, "local") ? 2 : GROUP,
				    strcmp(space, "local") ? "order[i] & 1" : "get_local_id(0)",
				    width,
				    strcmp(space, "local") ? "" : "barrier(CLK_LOCAL_MEM_FENCE);",
				    width, width, width);
			kernel = cts_build(source, NULL);
			cts_fill(from, N * width * size);
			cts_fill(want, all * size);
			to = cts_buffer(CL_MEM_READ_WRITE, all * size, want);
			for (int i = 0; i < N; i++)
				order[i] = i;
			for (int i = N - 1; i > 0; i--) {
				const int other = (int)(cts_random() % (uint32_t)(i + 1));
				const int held = order[i];

				order[i] = order[other];
				order[other] = held;
			}
			for (int i = 0; i < N; i++)
				memcpy(want + ((size_t)order[i] * width + (size_t)shift) * size,
				       from + (size_t)i * width * size, width * size);
			cts_mems(kernel, 3, cts_buffer(CL_MEM_READ_ONLY, N * width * size, from),
				 cts_buffer(CL_MEM_READ_ONLY, N * sizeof(int), order), to);
			ARG(kernel, 3, shift);
			cts_launch1(kernel, N, GROUP);
			cts_read(to, all * size, got);
			cts_same(got, want, size, all, cts_vector(type, width));
		}
}

#define VSTORE(space)                                                                              \
	CHECK(basic, vstore_##space)                                                               \
	{                                                                                          \
		vstore(#space);                                                                    \
	}

VSTORE(global)
VSTORE(local)
VSTORE(private)
