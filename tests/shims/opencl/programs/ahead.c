/* SPDX-License-Identifier: MIT */
/*
 * Enqueues all its launches before it waits for the last, as most programs do.
 *
 *     ahead LAUNCHES ITEMS
 *
 * "took S of S" are the seconds of the launches by their events, and what passed.
 */
#include "common.h"

#define LAUNCHES_MOST 1024

static const char source[] =
    "__kernel void count(__global uint *o) { o[get_global_id(0)] += get_global_id(0) + 1; }\n";

static double took(cl_event event)
{
	cl_ulong start, end;

	OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(start), &start, NULL));
	OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(end), &end, NULL));
	OK(clReleaseEvent(event));
	return (double)(end - start) * 1e-9;
}

int main(int argc, char **argv)
{
	const cl_uint launches = argc > 1 ? (cl_uint)atoi(argv[1]) : 1;
	const size_t all = argc > 2 ? strtoull(argv[2], NULL, 10) : 4096, group = 64;
	static cl_event events[LAUNCHES_MOST];
	cl_uint *counts = calloc(all, sizeof(*counts));
	double began, passed, sum = 0;
	cl_command_queue queue;
	cl_kernel count;
	cl_mem out;

	if (!counts || launches > LAUNCHES_MOST)
		return 1;
	start();
	queue = queue_of(context, CL_QUEUE_PROFILING_ENABLE);
	count = kernel_of(context, source, "count");
	out = buffer_of(context, CL_MEM_COPY_HOST_PTR, all * sizeof(*counts), counts);
	OK(clSetKernelArg(count, 0, sizeof(out), &out));
	began = clock_seconds();
	for (cl_uint i = 0; i < launches; i++)
		OK(clEnqueueNDRangeKernel(queue, count, 1, NULL, &all, &group, 0, NULL,
					  &events[i]));
	OK(clFinish(queue));
	passed = clock_seconds() - began;
	OK(clEnqueueReadBuffer(queue, out, CL_TRUE, 0, all * sizeof(*counts), counts, 0, NULL,
			       NULL));
	for (size_t i = 0; i < all; i++)
		SAME(counts[i], launches * (i + 1));
	for (cl_uint i = 0; i < launches; i++)
		sum += took(events[i]);
	OK(clReleaseMemObject(out));
	OK(clReleaseKernel(count));
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseContext(context));
	free(counts);
	printf("took %.3f of %.3f\n", sum, passed);
	puts("done");
	return 0;
}
