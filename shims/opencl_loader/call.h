/* SPDX-License-Identifier: MIT */
/*
 * A function of OpenCL's is its name and the types of its arguments: it calls what the object in
 * the first of these has under that name in its dispatch table. None is the error for its kind.
 */
#ifndef MVGAL_OPENCL_LOADER_CALL_H
#define MVGAL_OPENCL_LOADER_CALL_H

#include "opencl.h"

#define EXPORT __attribute__((visibility("default")))

/* Arguments are named backwards: the last is a1, wherever it is a place for a status. */
/* clang-format off */
#define PARAMS_1(type) __typeof__(type) a1
#define PARAMS_2(type, ...) __typeof__(type) a2, PARAMS_1(__VA_ARGS__)
#define PARAMS_3(type, ...) __typeof__(type) a3, PARAMS_2(__VA_ARGS__)
#define PARAMS_4(type, ...) __typeof__(type) a4, PARAMS_3(__VA_ARGS__)
#define PARAMS_5(type, ...) __typeof__(type) a5, PARAMS_4(__VA_ARGS__)
#define PARAMS_6(type, ...) __typeof__(type) a6, PARAMS_5(__VA_ARGS__)
#define PARAMS_7(type, ...) __typeof__(type) a7, PARAMS_6(__VA_ARGS__)
#define PARAMS_8(type, ...) __typeof__(type) a8, PARAMS_7(__VA_ARGS__)
#define PARAMS_9(type, ...) __typeof__(type) a9, PARAMS_8(__VA_ARGS__)
#define PARAMS_10(type, ...) __typeof__(type) a10, PARAMS_9(__VA_ARGS__)
#define PARAMS_11(type, ...) __typeof__(type) a11, PARAMS_10(__VA_ARGS__)
#define PARAMS_12(type, ...) __typeof__(type) a12, PARAMS_11(__VA_ARGS__)
#define PARAMS_13(type, ...) __typeof__(type) a13, PARAMS_12(__VA_ARGS__)
#define PARAMS_14(type, ...) __typeof__(type) a14, PARAMS_13(__VA_ARGS__)

#define NAMES_1 a1
#define NAMES_2 a2, NAMES_1
#define NAMES_3 a3, NAMES_2
#define NAMES_4 a4, NAMES_3
#define NAMES_5 a5, NAMES_4
#define NAMES_6 a6, NAMES_5
#define NAMES_7 a7, NAMES_6
#define NAMES_8 a8, NAMES_7
#define NAMES_9 a9, NAMES_8
#define NAMES_10 a10, NAMES_9
#define NAMES_11 a11, NAMES_10
#define NAMES_12 a12, NAMES_11
#define NAMES_13 a13, NAMES_12
#define NAMES_14 a14, NAMES_13
/* clang-format on */

#define TAKE_15TH(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, ...) o
#define COUNT(...) TAKE_15TH(__VA_ARGS__, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define JOIN(a, b) a##b
#define WITH(stem, count) JOIN(stem, count)

#define PARAMS(...) WITH(PARAMS_, COUNT(__VA_ARGS__))(__VA_ARGS__)
#define NAMES(...) WITH(NAMES_, COUNT(__VA_ARGS__))
#define OBJECT(...) WITH(a, COUNT(__VA_ARGS__))

/* clang-format off */
#define INVALID(object)                               \
	_Generic((object),                            \
		cl_device_id: CL_INVALID_DEVICE,      \
		cl_context: CL_INVALID_CONTEXT,       \
		cl_command_queue: CL_INVALID_COMMAND_QUEUE, \
		cl_mem: CL_INVALID_MEM_OBJECT,        \
		cl_program: CL_INVALID_PROGRAM,       \
		cl_kernel: CL_INVALID_KERNEL,         \
		cl_event: CL_INVALID_EVENT,           \
		cl_sampler: CL_INVALID_SAMPLER)
/* clang-format on */

/* One that returns a status. */
#define CALL(name, ...)                                                                            \
	EXPORT cl_int CL_API_CALL name(PARAMS(__VA_ARGS__))                                        \
	{                                                                                          \
		if (!OBJECT(__VA_ARGS__))                                                          \
			return INVALID(OBJECT(__VA_ARGS__));                                       \
		return of(OBJECT(__VA_ARGS__))->name(NAMES(__VA_ARGS__));                          \
	}

/* One that returns what it makes, and a status by its last argument. */
#define MAKE(type, name, ...)                                                                      \
	EXPORT type CL_API_CALL name(PARAMS(__VA_ARGS__))                                          \
	{                                                                                          \
		if (OBJECT(__VA_ARGS__))                                                           \
			return of(OBJECT(__VA_ARGS__))->name(NAMES(__VA_ARGS__));                  \
		status_to(a1, INVALID(OBJECT(__VA_ARGS__)));                                       \
		return NULL;                                                                       \
	}

#endif
