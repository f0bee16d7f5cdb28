/* SPDX-License-Identifier: MIT */
/*
 * Checks after those of the Khronos OpenCL conformance tests (CTS), each under the name that its
 * test has there. The code is this project's own: what a test checks, not how. Each is a plain
 * program of one device.
 */
#ifndef CTS_H
#define CTS_H

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_0_APIS
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#define CL_USE_DEPRECATED_OPENCL_2_0_APIS
#define CL_USE_DEPRECATED_OPENCL_2_1_APIS
#define CL_USE_DEPRECATED_OPENCL_2_2_APIS
#include <CL/cl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cts_check {
	const char *category, *name;
	void (*run)(void);
};

/* Defines a check: it is over when it returns, calls cts_fail or cts_skip, or a macro below fails.
 */
#define CHECK(category, name)                                                                      \
	static void category##_##name(void);                                                       \
	static const struct cts_check category##_##name##_check = {#category, #name,               \
								   category##_##name};             \
	__attribute__((used, section("cts_checks"))) static const struct cts_check                 \
	    *const category##_##name##_entry = &category##_##name##_check;                         \
	static void category##_##name(void)

/* Many checks of one function: `static void add(const char *name)`, then CHECK_OF(basic,
 * intmath_add, add). */
#define CHECK_OF(category, name, function)                                                         \
	CHECK(category, name)                                                                      \
	{                                                                                          \
		function(#name);                                                                   \
	}

/* What the check that runs has: a context and a queue in order of its own. */
extern struct cts {
	cl_platform_id platform;
	cl_device_id device;
	cl_context context;
	cl_command_queue queue;
	/* Fewer sizes and types, for short runs. */
	bool is_quick;
} cts;

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The call succeeds. */
#define OK(call) cts_status((call), CL_SUCCESS, #call, __FILE__, __LINE__)
/* The call is refused with this very error. */
#define REFUSED(call, error) cts_status((call), (error), #call, __FILE__, __LINE__)
/* What is said where it does not hold: a format and its values. */
#define EXPECT(condition, ...)                                                                     \
	do {                                                                                       \
		if (!(condition))                                                                  \
			cts_fail(__VA_ARGS__);                                                     \
	} while (0)

void cts_status(cl_int got, cl_int want, const char *call, const char *file, int line);
_Noreturn void cts_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void cts_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Objects and host memory are released when the check is over, whatever its outcome. */
enum cts_kind {
	CTS_HOST,
	CTS_MEM,
	CTS_PROGRAM,
	CTS_KERNEL,
	CTS_EVENT,
	CTS_QUEUE,
	CTS_SAMPLER,
	CTS_CONTEXT
};
void *cts_own(enum cts_kind kind, void *object);
/* The check releases it itself. */
void cts_disown(const void *object);
#define OWN_EVENT(event) ((cl_event)cts_own(CTS_EVENT, (event)))

/* Zeroed host memory. */
void *cts_host(size_t size);
/* Text that grows: `char *text = NULL; cts_append(&text, "%d", 1);`. */
void cts_append(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));

cl_mem cts_buffer(cl_mem_flags flags, size_t size, void *data);
cl_mem cts_image(cl_mem_flags flags, const cl_image_format *format, const cl_image_desc *desc,
		 void *data);
cl_command_queue cts_queue(cl_command_queue_properties properties);
/* Built; fails with the log. Options may be NULL. */
cl_program cts_program(const char *source, const char *options);
/* The same in OpenCL C 2.0; skips the check where the device takes no such source. */
cl_program cts_program_20(const char *source);
cl_kernel cts_kernel(cl_program program, const char *name);
/* The only kernel, or the one of that name, of a source. */
cl_kernel cts_build(const char *source, const char *name);

#define ARG(kernel, index, value) OK(clSetKernelArg((kernel), (index), sizeof(value), &(value)))
/* Sets arguments 0 to count - 1 to memory objects. */
void cts_mems(cl_kernel kernel, unsigned int count, ...);
/* Enqueues, with local sizes NULL for the driver's choice. */
void cts_launch(cl_kernel kernel, cl_uint dimensions, const size_t *global, const size_t *local);
/* One dimension; local 0 for the driver's choice. */
void cts_launch1(cl_kernel kernel, size_t global, size_t local);
/* Blocking. */
void cts_read(cl_mem buffer, size_t size, void *to);
void cts_write(cl_mem buffer, size_t size, const void *from);
/* The largest local size in one dimension, at most `most`, that divides `global` and the kernel
 * takes. */
size_t cts_local(cl_kernel kernel, size_t global, size_t most);

bool cts_has(const char *extension);
cl_ulong cts_number(cl_device_info name);
/* Skips the check where the device has no images. */
void cts_needs_images(void);

/* Types of OpenCL C, with double only where the device has it. */
struct cts_type {
	const char *name;
	size_t size;
	enum { CTS_SIGNED, CTS_UNSIGNED, CTS_FLOAT } kind;
};
extern const struct cts_type cts_types[];
unsigned int cts_type_count(void);
/* 1, 2, 3, 4, 8, 16; and what the host has for a vector of 3. */
extern const unsigned int cts_widths[6];
#define SLOTS(width) ((width) == 3 ? 4U : (width))
/* The name of a vector type: int, int2, ... */
const char *cts_vector(const struct cts_type *type, unsigned int width);

/* Always the same numbers for one check. */
void cts_seed(uint32_t seed);
uint32_t cts_random(void);
void cts_fill(void *to, size_t size);
float cts_random_float(float least, float most);

/* Fails at the first of `count` things of `size` bytes that differ. */
void cts_same(const void *got, const void *want, size_t size, size_t count, const char *what);
/* The same with floats that may be off by so many units in the last place; NaN equals NaN. */
void cts_close(const float *got, const float *want, size_t count, float ulps, const char *what);

#endif
