/* SPDX-License-Identifier: MIT */
/* thread_dimensions: each work-item of a launch runs once, whatever the sizes, with local sizes
 * given or not. */
#include "cts.h"

/* Each item adds to its own place; what is no place of the launch is told. */
static const char source[] =
    "kernel void run(global uint *to, uint w, uint h, uint d, uint first, uint count,"
    " global uint *outside) {"
    " uint x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);"
    " if (x >= w || y >= h || z >= d) *outside = 1;"
    " uint at = x + w * (y + h * z);"
    " if (at >= first && at - first < count) to[at - first] += at + 1; }"
    "kernel void clear(global uint *to) { to[get_global_id(0)] = 0; }"
    "kernel void plain(global uint *to, uint w, uint h) {"
    " to[get_global_id(0) + w * (get_global_id(1) + h * get_global_id(2))] += 1u +"
    " get_global_id(0) + w * (get_global_id(1) + h * get_global_id(2)); }";

struct state {
	cl_kernel run, clear, plain;
	cl_mem outside, to;
	size_t room;
};

/* One launch; a buffer that is smaller than it is filled part by part, from the same launch again.
 */
static void launch(const struct state *state, cl_uint dimensions, const size_t size[3],
		   const size_t *local)
{
	const size_t all = size[0] * size[1] * size[2];
	uint32_t *got = cts_host(state->room * 4), *want = cts_host(state->room * 4), outside = 0;
	const cl_uint sizes[3] = {(cl_uint)size[0], (cl_uint)size[1], (cl_uint)size[2]};
	char what[96];

	snprintf(what, sizeof(what), "items of %zu x %zu x %zu", size[0], size[1], size[2]);
	cts_write(state->outside, 4, &outside);
	for (size_t first = 0; first < all; first += state->room) {
		const size_t count = all - first < state->room ? all - first : state->room;
		const cl_uint numbers[2] = {(cl_uint)first, (cl_uint)count};
		/* A launch that fits runs without questions too: it is one that can be cut. */
		const bool is_plain = all <= state->room;

		for (int plain = 0; plain <= is_plain; plain++) {
			cl_kernel kernel = plain ? state->plain : state->run;

			ARG(state->clear, 0, state->to);
			cts_launch1(state->clear, state->room, 0);
			ARG(kernel, 0, state->to);
			ARG(kernel, 1, sizes[0]);
			ARG(kernel, 2, sizes[1]);
			if (!plain) {
				ARG(kernel, 3, sizes[2]);
				ARG(kernel, 4, numbers[0]);
				ARG(kernel, 5, numbers[1]);
				ARG(kernel, 6, state->outside);
			}
			cts_launch(kernel, dimensions, size, local);
			cts_read(state->to, state->room * 4, got);
			for (size_t i = 0; i < state->room; i++)
				want[i] = i < count ? (uint32_t)(first + i + 1) : 0;
			cts_same(got, want, 4, state->room, what);
		}
	}
	cts_read(state->outside, 4, &outside);
	EXPECT(!outside, "%s: one is outside", what);
	cts_disown(got);
	cts_disown(want);
	free(got);
	free(want);
}

/* Sizes up to so many items; with each a few local sizes that divide it. */
static void sizes(cl_uint dimensions, bool is_full, bool is_explicit)
{
	static const size_t sides[] = {1, 2, 3, 4, 5, 7, 8, 12, 16, 31, 32, 64, 100, 250, 1000};
	cl_program program = cts_program(source, NULL);
	struct state state = {
	    .run = cts_kernel(program, "run"),
	    .clear = cts_kernel(program, "clear"),
	    .plain = cts_kernel(program, "plain"),
	    .outside = cts_buffer(CL_MEM_READ_WRITE, 4, NULL),
	    .room = 1 << 15,
	};
	const int launches = cts.is_quick ? 2 : is_full ? 40 : 10;

	state.to = cts_buffer(CL_MEM_READ_WRITE, state.room * 4, NULL);
	for (int i = 0; i < launches; i++) {
		size_t size[3] = {1, 1, 1}, local[3] = {1, 1, 1};

		for (cl_uint d = 0; d < dimensions; d++)
			size[d] = sides[cts_random() % COUNT(sides)];
		/* More than the buffer holds, now and then. */
		if (i % 8 == 7)
			size[0] *= 50;
		while (size[0] * size[1] * size[2] > state.room * 4)
			for (int d = 2; d >= 0; d--)
				size[d] = size[d] > 4 ? size[d] / 3 : size[d];
		if (is_explicit && cts.is_quick)
			for (cl_uint d = 0; d < dimensions; d++)
				local[d] = size[d] % 2 ? 1 : 2;
		else if (is_explicit)
			for (cl_uint d = 0; d < dimensions; d++) {
				local[d] = 1 + cts_random() % 8;
				while (size[d] % local[d])
					local[d]--;
			}
		launch(&state, dimensions, size, is_explicit ? local : NULL);
	}
}

#define SIZES(name, is_full)                                                                       \
	CHECK(thread_dimensions, name##_1d_explicit_local)                                         \
	{                                                                                          \
		sizes(1, is_full, true);                                                           \
	}                                                                                          \
	CHECK(thread_dimensions, name##_2d_explicit_local)                                         \
	{                                                                                          \
		sizes(2, is_full, true);                                                           \
	}                                                                                          \
	CHECK(thread_dimensions, name##_3d_explicit_local)                                         \
	{                                                                                          \
		sizes(3, is_full, true);                                                           \
	}                                                                                          \
	CHECK(thread_dimensions, name##_1d_implicit_local)                                         \
	{                                                                                          \
		sizes(1, is_full, false);                                                          \
	}                                                                                          \
	CHECK(thread_dimensions, name##_2d_implicit_local)                                         \
	{                                                                                          \
		sizes(2, is_full, false);                                                          \
	}                                                                                          \
	CHECK(thread_dimensions, name##_3d_implicit_local)                                         \
	{                                                                                          \
		sizes(3, is_full, false);                                                          \
	}

SIZES(quick, false)
SIZES(full, true)
