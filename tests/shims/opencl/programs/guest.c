/* SPDX-License-Identifier: MIT */
/*
 * A picture whose lines take different times, again and again: `NAME LAUNCHES [others]`. The lines
 * of `mandelbrot` at its end are done at once, all of `even` take the same. Each line's steps, and
 * a sum of where they are, go to stdout. `grown` is even, and goes on from what is there. With
 * `others` no launch has the numbers of another.
 */
#include "common.h"

enum { WIDTH = 128, HEIGHT = 1024, STEPS = 300 };

static const char source[] =
    "__kernel void mandelbrot(__global uint *to, uint most, uint which)\n"
    "{ size_t i = get_global_id(1) * get_global_size(0) + get_global_id(0);\n"
    "  float a = get_global_id(0) / 128.0f * 2.5f - 1.75f, b = get_global_id(1) / 1024.0f * 3 - "
    "1;\n"
    "  float x = 0, y = 0; uint n = 0;\n"
    "  for (; n < most && x * x + y * y < 4; n++) { float t = x * x - y * y + a;\n"
    "    y = 2 * x * y + b; x = t; }\n"
    "  to[i] = n; }\n"
    "__kernel void even(__global uint *to, uint most, uint which)\n"
    "{ size_t i = get_global_id(1) * get_global_size(0) + get_global_id(0);\n"
    "  uint v = i; for (uint n = 0; n < most / 2; n++) v = v * 1664525u + (v >> 7) + 1;\n"
    "  to[i] = v; }\n"
    "__kernel void grown(__global uint *to, uint most, uint which)\n"
    "{ size_t i = get_global_id(1) * get_global_size(0) + get_global_id(0);\n"
    "  uint v = to[i] + i; for (uint n = 0; n < most / 2; n++) v = v * 1664525u + (v >> 7) + 1;\n"
    "  to[i] = v; }\n";

static cl_uint first[WIDTH * HEIGHT], seen[WIDTH * HEIGHT];

int main(int count, char **arguments)
{
	const size_t global[] = {WIDTH, HEIGHT}, local[] = {64, 1};
	const int launches = count > 2 ? atoi(arguments[2]) : 1;
	const cl_uint steps = STEPS;
	cl_command_queue queue;
	cl_kernel kernel;
	cl_mem to;

	start();
	queue = queue_of(context, 0);
	kernel = kernel_of(context, source, arguments[1]);
	to = buffer_of(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof(seen), seen);
	OK(clSetKernelArg(kernel, 0, sizeof(to), &to));
	OK(clSetKernelArg(kernel, 1, sizeof(steps), &steps));
	for (int i = 0; i < launches; i++) {
		const cl_uint which = count > 3 ? (cl_uint)i : 0;

		OK(clSetKernelArg(kernel, 2, sizeof(which), &which));
		OK(clEnqueueNDRangeKernel(queue, kernel, 2, NULL, global, local, 0, NULL, NULL));
		OK(clFinish(queue));
		/* Reading has its time too: it is done now and then. */
		if (i % 10 && i != launches - 1)
			continue;
		memset(seen, 0xee, sizeof(seen));
		OK(clEnqueueReadBuffer(queue, to, CL_TRUE, 0, sizeof(seen), seen, 0, NULL, NULL));
		if (i == 0)
			memcpy(first, seen, sizeof(seen));
		if (strcmp(arguments[1], "grown") && memcmp(first, seen, sizeof(seen))) {
			printf("launch %d is another\n", i);
			return 1;
		}
	}
	for (int y = 0; y < HEIGHT; y++) {
		unsigned long long all = 0, where = 0;

		for (int x = 0; x < WIDTH; x++) {
			all += seen[y * WIDTH + x];
			where = where * 31 + seen[y * WIDTH + x];
		}
		printf("%llu %llu\n", all, where);
	}
	OK(clReleaseMemObject(to));
	OK(clReleaseKernel(kernel));
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseContext(context));
	return 0;
}
