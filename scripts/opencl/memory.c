/* SPDX-License-Identifier: MIT */
/*
 * A plain OpenCL program with two large buffers, for scripts/check_opencl.ts.
 *
 *	memory MIB LAUNCHES SECONDS
 *
 * Fills both bit by bit, launches a kernel that reads one and writes the other, keeps what it has
 * for so many seconds, and looks at the result. Prints one JSON object: the process' memory in KiB
 * before the buffers and at its peak with them (VmRSS, VmHWM of proc(5)), and whether the result is
 * right.
 */
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 20)
#define WORDS (CHUNK / sizeof(cl_uint))

static const char *const text =
    "kernel void add(global uint *to, global const uint *from, uint by) {\n"
    "  size_t i = get_global_id(0); uint v = from[i];\n"
    "  for (uint j = 0; j < 64; j++) v = v * 1664525u + by;\n"
    "  to[i] = v; }\n";

static cl_context context;
static cl_command_queue queue;
static cl_kernel kernel;
static cl_uint words[WORDS];

static void check(cl_int status, const char *what)
{
	if (status == CL_SUCCESS)
		return;
	fprintf(stderr, "memory: %s: OpenCL error %d\n", what, status);
	exit(1);
}

static void start(void)
{
	cl_platform_id platform;
	cl_device_id device;
	cl_program program;
	cl_int status;

	check(clGetPlatformIDs(1, &platform, NULL), "platform");
	check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "device");
	context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
	check(status, "context");
	queue = clCreateCommandQueue(context, device, 0, &status);
	check(status, "queue");
	program = clCreateProgramWithSource(context, 1, (const char **)&text, NULL, &status);
	check(status, "program");
	check(clBuildProgram(program, 1, &device, "", NULL, NULL), "build");
	kernel = clCreateKernel(program, "add", &status);
	check(status, "kernel");
}

static cl_uint added(cl_uint value, cl_uint by)
{
	for (int j = 0; j < 64; j++)
		value = value * 1664525u + by;
	return value;
}

/* Whether the last launch wrote what it should. */
static int run(size_t bytes, cl_uint launches, unsigned int seconds)
{
	const size_t global = bytes / sizeof(cl_uint), local = 64;
	int is_right = 1;
	cl_int status;
	cl_mem from = clCreateBuffer(context, CL_MEM_READ_ONLY, bytes, NULL, &status);
	cl_mem to;

	check(status, "buffer");
	to = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, NULL, &status);
	check(status, "buffer");
	for (size_t at = 0; at < bytes; at += CHUNK) {
		for (size_t i = 0; i < WORDS; i++)
			words[i] = (cl_uint)(at / sizeof(cl_uint) + i);
		check(clEnqueueWriteBuffer(queue, from, CL_TRUE, at, CHUNK, words, 0, NULL, NULL),
		      "write");
	}
	check(clSetKernelArg(kernel, 0, sizeof(to), &to), "argument");
	check(clSetKernelArg(kernel, 1, sizeof(from), &from), "argument");
	for (cl_uint by = 1; by <= launches; by++) {
		check(clSetKernelArg(kernel, 2, sizeof(by), &by), "argument");
		check(
		    clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL),
		    "launch");
		check(clFinish(queue), "finish");
	}
	sleep(seconds);
	for (size_t at = 0; at < bytes; at += CHUNK) {
		check(clEnqueueReadBuffer(queue, to, CL_TRUE, at, CHUNK, words, 0, NULL, NULL),
		      "read");
		for (size_t i = 0; i < WORDS; i += 997)
			is_right &=
			    words[i] == added((cl_uint)(at / sizeof(cl_uint) + i), launches);
	}
	clReleaseMemObject(from);
	clReleaseMemObject(to);
	return is_right;
}

/* A line of /proc/self/status, in KiB. */
static long status_of(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	const size_t length = strlen(name);
	char line[256];
	long value = -1;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) && line[length] == ':')
			value = strtol(line + length + 1, NULL, 10);
	if (file)
		fclose(file);
	return value;
}

/* VmHWM begins again (proc(5)). */
static void forget_peak(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "we");

	if (!file)
		return;
	fputs("5", file);
	fclose(file);
}

int main(int count, char **args)
{
	const size_t bytes = (count > 1 ? strtoul(args[1], NULL, 10) : 64) * CHUNK;
	const cl_uint launches = count > 2 ? (cl_uint)strtoul(args[2], NULL, 10) : 6;
	const unsigned int seconds = count > 3 ? (unsigned int)strtoul(args[3], NULL, 10) : 0;
	int is_right;
	long before;

	start();
	/* Compilers and staging memory are there then. */
	is_right = run(4 * CHUNK, launches, 0);
	forget_peak();
	before = status_of("VmRSS");
	is_right &= run(bytes, launches, seconds);
	printf("{\"before_kib\":%ld,\"peak_kib\":%ld,\"buffers_kib\":%zu,\"is_right\":%s}\n",
	       before, status_of("VmHWM"), 2 * bytes / 1024, is_right ? "true" : "false");
	return !is_right;
}
