/* SPDX-License-Identifier: MIT */
/*
 * Makes a kernel for each launch, and drops it at once: as libraries do. Until a line on stderr
 * says that one was split, for what parts run is built beside; or for long enough.
 *
 *     moments [KERNELS]    takes so many by turns, each for a fifth of the time that their
 *                          program took to build, after its first launch
 */
#include "common.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#define COUNT_ALL ((size_t)1 << 16)

#define KERNELS_MOST 64

static const char pattern[] =
    "__kernel void spin%d(__global uint *o, uint times)\n"
    "{ uint v = get_global_id(0); for (uint i = 0; i < times; i++) v = v * 1664525u + 1;\n"
    "  o[get_global_id(0)] = v; }\n";

/* What the launches have put on stderr goes on to `to`. */
static int was_split(int from, int to)
{
	char text[512];
	const ssize_t length = read(from, text, sizeof(text) - 1);

	if (length <= 0)
		return 0;
	text[length] = '\0';
	dprintf(to, "%s", text);
	return strstr(text, "split") != NULL;
}

int main(int count, char **words)
{
	static char source[KERNELS_MOST * (sizeof(pattern) + 8)];
	const int kernels = count > 1 ? atoi(words[1]) : 1;
	const cl_uint times = 2000;
	const char *text = source;
	const size_t all = COUNT_ALL, group = 64;
	size_t used = 0;
	double began, each, end = INFINITY;
	cl_command_queue queue;
	cl_program program;
	int pipes[2], errors = dup(2), left = 3;
	cl_int status;
	cl_mem out;

	for (int i = 0; i < kernels && i < KERNELS_MOST; i++)
		used += (size_t)snprintf(source + used, sizeof(source) - used, pattern, i);
	if (pipe(pipes) || fcntl(pipes[0], F_SETFL, O_NONBLOCK))
		return 1;
	start();
	dup2(pipes[1], 2);
	queue = queue_of(context, 0);
	program = clCreateProgramWithSource(context, 1, &text, NULL, &status);
	OK(status);
	began = clock_seconds();
	OK(clBuildProgram(program, 1, &device, "", NULL, NULL));
	each = (clock_seconds() - began) / 5;
	out = buffer_of(context, 0, COUNT_ALL * 4, NULL);
	/* And a few more. */
	for (int i = 0; i < 3000 && left && clock_seconds() < end; i++) {
		char name[16];
		cl_kernel spin;

		if (i == kernels && kernels > 1)
			end = clock_seconds() + each * kernels;
		snprintf(name, sizeof(name), "spin%d", i % kernels);
		spin = clCreateKernel(program, name, &status);
		OK(status);
		OK(clSetKernelArg(spin, 0, sizeof(out), &out));
		OK(clSetKernelArg(spin, 1, sizeof(times), &times));
		OK(clEnqueueNDRangeKernel(queue, spin, 1, NULL, &all, &group, 0, NULL, NULL));
		OK(clReleaseKernel(spin));
		OK(clFinish(queue));
		left -= left < 3 || was_split(pipes[0], errors);
	}
	OK(clReleaseMemObject(out));
	OK(clReleaseProgram(program));
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseContext(context));
	was_split(pipes[0], errors);
	puts("done");
	return 0;
}
