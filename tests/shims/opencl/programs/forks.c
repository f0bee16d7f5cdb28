/* SPDX-License-Identifier: MIT */
/* A program that forks after each of its launches: children end by exit, as they may. */
#include "common.h"

#include <sys/wait.h>
#include <unistd.h>

static const char source[] = "__kernel void even(__global uint *to)\n"
			     "{ uint v = get_global_id(0);\n"
			     "  for (uint n = 0; n < 300; n++) v = v * 1664525u + (v >> 7) + 1;\n"
			     "  to[get_global_id(0)] = v; }\n";

int main(int count, char **arguments)
{
	const int launches = count > 1 ? atoi(arguments[1]) : 1;
	const size_t global = 1 << 18, local = 64;
	cl_command_queue queue;
	cl_kernel kernel;
	cl_mem to;
	int status;

	start();
	queue = queue_of(context, 0);
	kernel = kernel_of(context, source, "even");
	to = buffer_of(context, CL_MEM_READ_WRITE, global * sizeof(cl_uint), NULL);
	OK(clSetKernelArg(kernel, 0, sizeof(to), &to));
	for (int i = 0; i < launches; i++) {
		pid_t child;

		OK(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL));
		/* A driver's own threads may have locks while it has work. */
		OK(clFinish(queue));
		child = fork();
		if (child == 0) {
			alarm(10);
			exit(0);
		}
		SAME(waitpid(child, &status, 0), child);
		SAME(status, 0);
	}
	puts("done");
	OK(clReleaseMemObject(to));
	OK(clReleaseKernel(kernel));
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseContext(context));
	return 0;
}
