/* SPDX-License-Identifier: MIT */
/*
 * Enqueues all its launches before it waits for the last, as most programs do.
 *
 *     ahead LAUNCHES
 */
#include "common.h"

#define ITEMS ((size_t)1 << 12)

static const char source[] =
    "__kernel void count(__global uint *o) { o[get_global_id(0)] += get_global_id(0) + 1; }\n";

int main(int argc, char **argv)
{
	const cl_uint launches = argc > 1 ? (cl_uint)atoi(argv[1]) : 1;
	const size_t all = ITEMS, group = 64;
	static cl_uint counts[ITEMS];
	cl_command_queue queue;
	cl_kernel count;
	cl_mem out;

	start();
	queue = queue_of(context, 0);
	count = kernel_of(context, source, "count");
	out = buffer_of(context, CL_MEM_COPY_HOST_PTR, sizeof(counts), counts);
	OK(clSetKernelArg(count, 0, sizeof(out), &out));
	for (cl_uint i = 0; i < launches; i++)
		OK(clEnqueueNDRangeKernel(queue, count, 1, NULL, &all, &group, 0, NULL, NULL));
	OK(clEnqueueReadBuffer(queue, out, CL_TRUE, 0, sizeof(counts), counts, 0, NULL, NULL));
	for (size_t i = 0; i < ITEMS; i++)
		SAME(counts[i], launches * (i + 1));
	OK(clReleaseMemObject(out));
	OK(clReleaseKernel(count));
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseContext(context));
	puts("done");
	return 0;
}
