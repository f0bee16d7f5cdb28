/* SPDX-License-Identifier: MIT */
/* Makes a kernel for each launch, and drops it at once: as libraries do. */
#include "common.h"

#define COUNT_ALL ((size_t)1 << 16)

static const char source[] =
    "__kernel void spin(__global uint *o, uint times)\n"
    "{ uint v = get_global_id(0); for (uint i = 0; i < times; i++) v = v * 1664525u + 1;\n"
    "  o[get_global_id(0)] = v; }\n";

int main(void)
{
	const char *text = source;
	const size_t all = COUNT_ALL, group = 64;
	const cl_uint times = 2000;
	cl_command_queue queue;
	cl_program program;
	cl_int status;
	cl_mem out;

	start();
	queue = queue_of(context, 0);
	program = clCreateProgramWithSource(context, 1, &text, NULL, &status);
	OK(status);
	OK(clBuildProgram(program, 1, &device, "", NULL, NULL));
	out = buffer_of(context, 0, COUNT_ALL * 4, NULL);
	for (int i = 0; i < 6; i++) {
		cl_kernel spin = clCreateKernel(program, "spin", &status);

		OK(status);
		OK(clSetKernelArg(spin, 0, sizeof(out), &out));
		OK(clSetKernelArg(spin, 1, sizeof(times), &times));
		OK(clEnqueueNDRangeKernel(queue, spin, 1, NULL, &all, &group, 0, NULL, NULL));
		OK(clReleaseKernel(spin));
		OK(clFinish(queue));
	}
	OK(clReleaseMemObject(out));
	OK(clReleaseProgram(program));
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseContext(context));
	puts("done");
	return 0;
}
