/* SPDX-License-Identifier: MIT */
/*
 * What programs of random commands share. What they read is as the host has computed it, or else
 * "wrong at STEP". An error, where a member fails under them, ends them: "lost at STEP of STEPS".
 * COMMANDS_SHOWN prints each command to stderr.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include "common.h"

#include <stdarg.h>
#include <stdbool.h>

static int steps;
static _Thread_local int step;
static _Thread_local unsigned int seed;

/* A number below `of`. */
static inline unsigned int pick(unsigned int of)
{
	return (unsigned int)rand_r(&seed) % of;
}

__attribute__((format(printf, 1, 2))) static inline void show(const char *format, ...)
{
	va_list arguments;

	if (!getenv("COMMANDS_SHOWN"))
		return;
	fprintf(stderr, "%d: ", step);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* Other threads may be at work: nothing is tidied up. */
_Noreturn static inline void stop(int code)
{
	fflush(stdout);
	_Exit(code);
}

/* An error is the truth as well. */
static inline void check(cl_int status)
{
	if (status == CL_SUCCESS)
		return;
	printf("lost at %d of %d\n", step, steps);
	stop(0);
}

_Noreturn static inline void wrong(const char *what, unsigned int number, size_t at, cl_uint is,
				   cl_uint right)
{
	printf("wrong at %d: %s %u, %zu is %u and not %u\n", step, what, number, at, is, right);
	stop(1);
}

/* All kernels of a program. */
static inline void make_kernels(const char *source, const char *const *names, unsigned int count,
				cl_kernel *kernels)
{
	cl_int status;
	cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &status);

	OK(status);
	OK(clBuildProgram(program, 1, &device, "", NULL, NULL));
	for (unsigned int i = 0; i < count; i++) {
		kernels[i] = clCreateKernel(program, names[i], &status);
		OK(status);
	}
	OK(clReleaseProgram(program));
}

#endif
