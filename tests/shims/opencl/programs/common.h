/* What the test programs share: plain OpenCL programs for one device. */
#ifndef COMMON_H
#define COMMON_H

#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OK(call) ok((call), #call, __LINE__)
#define SAME(a, b) same((long long)(a), (long long)(b), #a " and " #b, __LINE__)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static cl_device_id device;
static cl_context context;
/* Released handles are checked there alone: drivers follow them. */
static int is_pooled;

static inline void ok(cl_int status, const char *call, int line)
{
	if (status == CL_SUCCESS)
		return;
	fprintf(stderr, "line %d: %s: %d\n", line, call, status);
	exit(1);
}

static inline void same(long long a, long long b, const char *what, int line)
{
	if (a == b)
		return;
	fprintf(stderr, "line %d: %s: %lld and %lld\n", line, what, a, b);
	exit(1);
}

/* Seconds since some moment. */
static inline double clock_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static inline void start(void)
{
	cl_platform_id platform;
	char name[64] = "";
	cl_int status;

	OK(clGetPlatformIDs(1, &platform, NULL));
	OK(clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof(name), name, NULL));
	is_pooled = !strcmp(name, "MVGAL");
	OK(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL));
	context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
	OK(status);
}

static inline cl_command_queue queue_of(cl_context of, cl_command_queue_properties properties)
{
	const cl_queue_properties list[] = {CL_QUEUE_PROPERTIES, properties, 0};
	cl_int status;
	cl_command_queue queue = clCreateCommandQueueWithProperties(of, device, list, &status);

	OK(status);
	return queue;
}

static inline cl_kernel kernel_of(cl_context of, const char *source, const char *name)
{
	cl_int status;
	cl_program program = clCreateProgramWithSource(of, 1, &source, NULL, &status);
	cl_kernel kernel;

	OK(status);
	OK(clBuildProgram(program, 1, &device, "", NULL, NULL));
	kernel = clCreateKernel(program, name, &status);
	OK(status);
	OK(clReleaseProgram(program));
	return kernel;
}

static inline cl_mem buffer_of(cl_context of, cl_mem_flags flags, size_t size, void *host)
{
	cl_int status;
	cl_mem buffer = clCreateBuffer(of, flags, size, host, &status);

	OK(status);
	return buffer;
}

#endif
