/* SPDX-License-Identifier: MIT */
/*
 * Runs kernels that come on stdin, as analysis/split_check.c has them, each several times on the
 * memory that the time before left, with reads in between; prints a sum of all memory for each.
 */
#include "common.h"

#include <stdint.h>

#define ARGUMENTS 16
#define TIMES 3

static struct {
	char name[64];
	size_t global[3], local[3], offset[3];
	cl_mem memory[ARGUMENTS];
	size_t bytes[ARGUMENTS];
	cl_int number[ARGUMENTS];
	int count;
} now;

static cl_command_queue queue;

static void add_buffer(size_t bytes, unsigned int seed)
{
	unsigned char *host = malloc(bytes);
	int *words = (int *)host;

	for (size_t i = 0; i < bytes / 4; i++) {
		seed = seed * 1664525u + 1013904223u;
		words[i] = (int)(seed >> 24) % 64;
	}
	now.bytes[now.count] = bytes;
	now.memory[now.count++] =
	    buffer_of(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes, host);
	free(host);
}

static uint64_t sum_of(uint64_t sum, int argument)
{
	unsigned char *host = malloc(now.bytes[argument]);

	OK(clEnqueueReadBuffer(queue, now.memory[argument], CL_TRUE, 0, now.bytes[argument], host,
			       0, NULL, NULL));
	for (size_t i = 0; i < now.bytes[argument]; i++)
		sum = (sum ^ host[i]) * UINT64_C(1099511628211);
	free(host);
	return sum;
}

static void run_case(const char *source)
{
	const cl_uint dimensions = now.global[2] > 1 ? 3 : now.global[1] > 1 ? 2 : 1;
	uint64_t sum = UINT64_C(1469598103934665603);
	cl_int status;
	cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &status);
	cl_kernel kernel;

	OK(status);
	OK(clBuildProgram(program, 1, &device, "", NULL, NULL));
	kernel = clCreateKernel(program, "k", &status);
	OK(status);
	for (int i = 0; i < now.count; i++)
		if (now.bytes[i])
			OK(clSetKernelArg(kernel, (cl_uint)i, sizeof(cl_mem), &now.memory[i]));
		else
			OK(clSetKernelArg(kernel, (cl_uint)i, sizeof(cl_int), &now.number[i]));
	for (int time = 0; time < TIMES; time++) {
		OK(clEnqueueNDRangeKernel(queue, kernel, dimensions, now.offset, now.global,
					  now.local[0] ? now.local : NULL, 0, NULL, NULL));
		/* What is read is gathered; what is not stays where it is. */
		if (time == 1)
			sum = sum_of(sum, 0);
	}
	for (int i = 0; i < now.count; i++)
		if (now.bytes[i])
			sum = sum_of(sum, i);
	printf("%s %llx\n", now.name, (unsigned long long)sum);
	for (int i = 0; i < now.count; i++)
		if (now.bytes[i])
			OK(clReleaseMemObject(now.memory[i]));
	OK(clReleaseKernel(kernel));
	OK(clReleaseProgram(program));
}

static void take(size_t to[3], const char *text)
{
	SAME(sscanf(text, "%zu %zu %zu", &to[0], &to[1], &to[2]), 3);
}

int main(void)
{
	char line[4096], word[32];

	start();
	queue = queue_of(context, 0);
	while (fgets(line, sizeof(line), stdin)) {
		size_t one = 0;
		long long number = 0;
		int used = 0;

		if (sscanf(line, "%31s %n", word, &used) != 1)
			continue;
		sscanf(line + used, "%zu", &one);
		sscanf(line + used, "%lld", &number);
		if (!strcmp(word, "case")) {
			memset(&now, 0, sizeof(now));
			sscanf(line + used, "%63s", now.name);
		} else if (!strcmp(word, "global")) {
			take(now.global, line + used);
		} else if (!strcmp(word, "local")) {
			take(now.local, line + used);
		} else if (!strcmp(word, "offset")) {
			take(now.offset, line + used);
		} else if (!strcmp(word, "buffer")) {
			unsigned int seed = 0;

			SAME(sscanf(line + used, "%zu %u", &one, &seed), 2);
			add_buffer(one, seed);
		} else if (!strcmp(word, "int")) {
			now.number[now.count++] = (cl_int)number;
		} else if (!strcmp(word, "source")) {
			char *source = calloc(1, one + 1);

			SAME(fread(source, 1, one, stdin), one);
			run_case(source);
			free(source);
		}
	}
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseContext(context));
	puts("done");
	return 0;
}
