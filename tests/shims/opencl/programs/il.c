/* SPDX-License-Identifier: MIT */
/*
 * Runs the kernels of a module of SPIR-V (spirv/kernels.cl), each several times, and prints a sum
 * of what they leave.
 *
 *     il FILE [extension]
 */
#include "common.h"

#include <stdint.h>

#define NUMBERS 1024
#define TIMES 3

static cl_command_queue queue;
static cl_program program;

static cl_program program_of(const char *path, int is_extension)
{
	cl_program(CL_API_CALL * create)(cl_context, const void *, size_t, cl_int *) =
	    clCreateProgramWithIL;
	cl_platform_id platform;

	static unsigned char words[1 << 20];
	FILE *file = fopen(path, "rb");
	cl_program made;
	cl_int status;
	size_t size;

	if (!file)
		exit(2);
	size = fread(words, 1, sizeof(words), file);
	fclose(file);
	OK(clGetDeviceInfo(device, CL_DEVICE_PLATFORM, sizeof(platform), &platform, NULL));
	if (is_extension)
		*(void **)&create =
		    clGetExtensionFunctionAddressForPlatform(platform, "clCreateProgramWithILKHR");
	if (!create)
		exit(3);
	made = create(context, words, size, &status);
	OK(status);
	OK(clBuildProgram(made, 1, &device, "", NULL, NULL));
	return made;
}

static cl_mem numbers(unsigned int seed)
{
	static int words[4 * NUMBERS];

	for (size_t i = 0; i < COUNT(words); i++) {
		seed = seed * 1664525u + 1013904223u;
		words[i] = (int)(seed >> 24);
	}
	return buffer_of(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof(words), words);
}

static void run(const char *name, cl_uint dimensions, size_t size, size_t local, size_t offset)
{
	const size_t global[] = {size, size}, locals[] = {local, local}, offsets[] = {offset, 0};
	static unsigned char bytes[16 * NUMBERS];
	uint64_t sum = UINT64_C(1469598103934665603);
	cl_mem out = numbers(1), in = numbers(2);
	const cl_int count = dimensions == 2 ? (cl_int)size : 1000;
	cl_int status;
	cl_kernel kernel = clCreateKernel(program, name, &status);

	OK(status);
	OK(clSetKernelArg(kernel, 0, sizeof(out), &out));
	OK(clSetKernelArg(kernel, 1, sizeof(in), &in));
	if (!strcmp(name, "sums"))
		OK(clSetKernelArg(kernel, 2, local * sizeof(int), NULL));
	else
		OK(clSetKernelArg(kernel, 2, sizeof(count), &count));
	for (int i = 0; i < TIMES; i++) {
		OK(clEnqueueNDRangeKernel(queue, kernel, dimensions, offsets, global,
					  local ? locals : NULL, 0, NULL, NULL));
		OK(clEnqueueReadBuffer(queue, out, CL_TRUE, 0, sizeof(bytes), bytes, 0, NULL,
				       NULL));
		for (size_t j = 0; j < sizeof(bytes); j++)
			sum = (sum ^ bytes[j]) * UINT64_C(1099511628211);
	}
	printf("%s %016llx\n", name, (unsigned long long)sum);
	OK(clReleaseKernel(kernel));
	OK(clReleaseMemObject(out));
	OK(clReleaseMemObject(in));
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	start();
	queue = queue_of(context, 0);
	program = program_of(argv[1], argc > 2);
	run("saxpy", 1, NUMBERS, 0, 0);
	run("saxpy", 1, NUMBERS - 16, 16, 16);
	run("product", 2, 32, 0, 0);
	run("product", 2, 32, 8, 0);
	run("grid", 1, NUMBERS, 32, 0);
	run("grid", 1, NUMBERS - 64, 32, 32);
	run("sums", 1, NUMBERS, 64, 0);
	run("quad", 1, NUMBERS / 2, 0, 0);
	/* Not in order. */
	run("histogram", 1, NUMBERS, 0, 0);
	run("scatter", 1, NUMBERS, 0, 0);
	OK(clReleaseProgram(program));
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseContext(context));
	printf("done\n");
	return 0;
}
