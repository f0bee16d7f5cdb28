/* SPDX-License-Identifier: MIT */
/*
 * Plain OpenCL programs for one device, as many are: for scripts/bench_opencl_pool.ts.
 *
 *	jobs mandelbrot WIDTH ITERATIONS REPEATS
 *	jobs nbody BODIES STEPS REPEATS
 *	jobs saxpy ELEMENTS LAUNCHES REPEATS
 *	jobs sgemm ROWS LAUNCHES REPEATS
 *	jobs checksums RECORDS ROUNDS REPEATS
 *	jobs platform
 *
 * Each repeat uploads what it needs, launches, and reads the result. Prints one JSON object: the
 * seconds of each repeat, a sum over the last result's bits, 4096 of its words in hexadecimal
 * digits, and how long it took to begin.
 */
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char source[] =
    "__kernel void mandelbrot(__global uchar4 *out, int width, int height, int most)\n"
    "{ int x = get_global_id(0), y = get_global_id(1), i = 0;\n"
    "  float cx = -2.f + 3.f * x / width, cy = -1.f + 2.f * y / height, a = 0, b = 0;\n"
    "  for (; i < most && a * a + b * b < 4.f; i++)\n"
    "  { float t = a * a - b * b + cx; b = 2 * a * b + cy; a = t; }\n"
    "  out[y * width + x] = (uchar4)(i, i >> 4, i >> 8, 255); }\n"
    "__kernel void pull(__global const float4 *at, __global float4 *speed, int n,\n"
    "                   __local float4 *tile)\n"
    "{ int i = get_global_id(0), l = get_local_id(0), size = get_local_size(0);\n"
    "  float3 p = at[i].xyz, f = 0;\n"
    "  for (int from = 0; from < n; from += size)\n"
    "  { tile[l] = at[from + l]; barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    for (int j = 0; j < size; j++)\n"
    "    { float3 d = tile[j].xyz - p; float r = rsqrt(dot(d, d) + 0.01f);\n"
    "      f += d * (tile[j].w * r * r * r); }\n"
    "    barrier(CLK_LOCAL_MEM_FENCE); }\n"
    "  speed[i].xyz += f * 0.001f; }\n"
    "__kernel void move(__global float4 *at, __global const float4 *speed)\n"
    "{ int i = get_global_id(0); at[i].xyz += speed[i].xyz * 0.001f; }\n"
    "__kernel void saxpy(__global float *y, __global const float *x, float a)\n"
    "{ size_t i = get_global_id(0); y[i] = a * x[i] + y[i]; }\n"
    "__kernel void sgemm(__global const float *a, __global const float *b, __global float *c,\n"
    "                    int n)\n"
    "{ __local float ta[16][16], tb[16][16];\n"
    "  int x = get_local_id(0), y = get_local_id(1);\n"
    "  int column = get_global_id(0), row = get_global_id(1); float sum = 0;\n"
    "  for (int k = 0; k < n; k += 16)\n"
    "  { ta[y][x] = a[row * n + k + x]; tb[y][x] = b[(k + y) * n + column];\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    for (int i = 0; i < 16; i++) sum += ta[y][i] * tb[i][x];\n"
    "    barrier(CLK_LOCAL_MEM_FENCE); }\n"
    "  c[row * n + column] = sum; }\n"
    "__kernel void checksums(__global const uint *records, __global uint *out, uint rounds)\n"
    "{ uint own = get_global_id(0), sum = own;\n"
    "  for (uint round = 0; round < rounds; round++)\n"
    "  { uint seed = sum;\n"
    "    for (uint i = 0; i < 256; i++) sum += (records[own * 256 + i] ^ seed) * (2 * i + 1); }\n"
    "  out[own] = sum; }\n";

static cl_device_id device;
static cl_context context;
static cl_command_queue queue;
static cl_program program;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void check(cl_int status, const char *what)
{
	if (status == CL_SUCCESS)
		return;
	fprintf(stderr, "jobs: %s: OpenCL error %d\n", what, status);
	exit(1);
}

static void start(void)
{
	const char *text = source;
	cl_platform_id platform;
	cl_int status;

	check(clGetPlatformIDs(1, &platform, NULL), "platforms");
	check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "devices");
	context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
	check(status, "context");
	queue = clCreateCommandQueue(context, device, 0, &status);
	check(status, "queue");
	program = clCreateProgramWithSource(context, 1, &text, NULL, &status);
	check(status, "program");
	check(clBuildProgram(program, 1, &device, "", NULL, NULL), "build");
}

static cl_kernel kernel(const char *name)
{
	cl_int status;
	cl_kernel made = clCreateKernel(program, name, &status);

	check(status, name);
	return made;
}

static cl_mem buffer(size_t bytes)
{
	cl_int status;
	cl_mem made = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, NULL, &status);

	check(status, "buffer");
	return made;
}

#define SET(kernel, index, value)                                                                  \
	check(clSetKernelArg(kernel, index, sizeof(value), &(value)), "argument")

static void run(cl_kernel what, unsigned int dimensions, const size_t *global, const size_t *local)
{
	check(clEnqueueNDRangeKernel(queue, what, dimensions, NULL, global, local, 0, NULL, NULL),
	      "launch");
}

static void put(cl_mem to, const void *from, size_t bytes)
{
	check(clEnqueueWriteBuffer(queue, to, CL_FALSE, 0, bytes, from, 0, NULL, NULL), "write");
}

static void get(cl_mem from, void *to, size_t bytes)
{
	check(clEnqueueReadBuffer(queue, from, CL_TRUE, 0, bytes, to, 0, NULL, NULL), "read");
}

/* A job: memory once, then what each repeat does. */
static size_t count, times, result_bytes;
static float *input;
static void *result;
static cl_mem memory[3];
static cl_kernel kernels[2];

static void begin_mandelbrot(void)
{
	result_bytes = count * count * 4;
	memory[0] = buffer(result_bytes);
	kernels[0] = kernel("mandelbrot");
}

static void do_mandelbrot(void)
{
	const size_t grid[] = {count, count};
	const cl_int width = (cl_int)count, most = (cl_int)times;

	SET(kernels[0], 0, memory[0]);
	SET(kernels[0], 1, width);
	SET(kernels[0], 2, width);
	SET(kernels[0], 3, most);
	run(kernels[0], 2, grid, NULL);
	get(memory[0], result, result_bytes);
}

static void begin_nbody(void)
{
	result_bytes = count * 16;
	input = malloc(result_bytes);
	for (size_t i = 0; i < count * 4; i++)
		input[i] = (float)(i * 2654435761u >> 8 & 0xffff) / 65536.f;
	memory[0] = buffer(result_bytes);
	memory[1] = buffer(result_bytes);
	kernels[0] = kernel("pull");
	kernels[1] = kernel("move");
}

static void do_nbody(void)
{
	const size_t group = 256;
	const cl_int n = (cl_int)count;
	const float zero = 0;

	put(memory[0], input, result_bytes);
	check(clEnqueueFillBuffer(queue, memory[1], &zero, 4, 0, result_bytes, 0, NULL, NULL),
	      "fill");
	for (int i = 0; i < 2; i++) {
		SET(kernels[i], 0, memory[0]);
		SET(kernels[i], 1, memory[1]);
	}
	/* Of what is moved the first is written. */
	SET(kernels[0], 2, n);
	check(clSetKernelArg(kernels[0], 3, group * 16, NULL), "argument");
	for (size_t i = 0; i < times; i++) {
		run(kernels[0], 1, &count, &group);
		run(kernels[1], 1, &count, &group);
	}
	get(memory[0], result, result_bytes);
}

static void begin_lines(size_t bytes, const char *name, int buffers)
{
	result_bytes = bytes;
	input = malloc(bytes);
	for (size_t i = 0; i < bytes / 4; i++)
		input[i] = (float)(i % 1000) * 0.001f;
	for (int i = 0; i < buffers; i++)
		memory[i] = buffer(bytes);
	kernels[0] = kernel(name);
}

static void begin_saxpy(void)
{
	begin_lines(count * 4, "saxpy", 2);
}

static void do_saxpy(void)
{
	const float a = 0.5f;
	const size_t group = 256;

	put(memory[0], input, result_bytes);
	put(memory[1], input, result_bytes);
	SET(kernels[0], 0, memory[0]);
	SET(kernels[0], 1, memory[1]);
	SET(kernels[0], 2, a);
	for (size_t i = 0; i < times; i++)
		run(kernels[0], 1, &count, &group);
	get(memory[0], result, result_bytes);
}

static void begin_sgemm(void)
{
	begin_lines(count * count * 4, "sgemm", 3);
}

static void do_sgemm(void)
{
	const size_t grid[] = {count, count}, group[] = {16, 16};
	const cl_int n = (cl_int)count;

	put(memory[0], input, result_bytes);
	put(memory[1], input, result_bytes);
	for (int i = 0; i < 3; i++)
		SET(kernels[0], (cl_uint)i, memory[i]);
	SET(kernels[0], 3, n);
	for (size_t i = 0; i < times; i++)
		run(kernels[0], 2, grid, group);
	get(memory[2], result, result_bytes);
}

/* A work-group of one work-item for each record, as programs for processors have it: most of a GPU
 * lies idle. */
static void begin_checksums(void)
{
	const size_t words = count * 256;

	result_bytes = count * 4;
	input = malloc(words * 4);
	for (size_t i = 0; i < words; i++)
		((cl_uint *)input)[i] = (cl_uint)(i * 2654435761u);
	memory[0] = buffer(words * 4);
	memory[1] = buffer(result_bytes);
	kernels[0] = kernel("checksums");
}

static void do_checksums(void)
{
	const cl_uint rounds = (cl_uint)times;
	const size_t group = 1;

	put(memory[0], input, count * 256 * 4);
	SET(kernels[0], 0, memory[0]);
	SET(kernels[0], 1, memory[1]);
	SET(kernels[0], 2, rounds);
	for (int i = 0; i < 4; i++)
		run(kernels[0], 1, &count, &group);
	get(memory[1], result, result_bytes);
}

static const struct {
	const char *name;
	void (*begin)(void), (*job)(void);
} jobs[] = {
    {"mandelbrot", begin_mandelbrot, do_mandelbrot},
    {"nbody", begin_nbody, do_nbody},
    {"saxpy", begin_saxpy, do_saxpy},
    {"sgemm", begin_sgemm, do_sgemm},
    {"checksums", begin_checksums, do_checksums},
};

static uint64_t sum_of(const unsigned char *bytes, size_t size)
{
	uint64_t sum = UINT64_C(1469598103934665603), word;

	for (size_t i = 0; i + 8 <= size; i += 8) {
		memcpy(&word, bytes + i, 8);
		sum = (sum ^ word) * UINT64_C(1099511628211);
		sum ^= sum >> 31;
	}
	return sum;
}

/* Words from all over the result: vendors round as they like. */
static void print_sample(const unsigned char *bytes, size_t size)
{
	const size_t words = size / 4, many = words < 4096 ? words : 4096;
	uint32_t word;

	for (size_t i = 0; i < many; i++) {
		memcpy(&word, bytes + (i * 7919 + i * (words / many)) % words * 4, 4);
		printf("%08x", word);
	}
}

/* The name of the platform that a program gets. */
static int tell_platform(void)
{
	cl_platform_id platform;
	char name[256];

	check(clGetPlatformIDs(1, &platform, NULL), "platforms");
	check(clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof(name), name, NULL), "name");
	puts(name);
	return 0;
}

int main(int argc, char **argv)
{
	const double began = now();
	const int repeats = argc == 5 ? atoi(argv[4]) : 0;

	if (argc == 2 && !strcmp(argv[1], "platform"))
		return tell_platform();
	if (repeats < 1)
		return 2;
	count = strtoull(argv[2], NULL, 10);
	times = strtoull(argv[3], NULL, 10);
	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++) {
		double ready, at;

		if (strcmp(jobs[i].name, argv[1]))
			continue;
		start();
		jobs[i].begin();
		result = malloc(result_bytes);
		memset(result, 0, result_bytes);
		ready = now();
		printf("{\"begin_s\": %.6f, \"seconds\": [", ready - began);
		for (int repeat = 0; repeat < repeats; repeat++) {
			at = now();
			jobs[i].job();
			printf("%s%.6f", repeat ? ", " : "", now() - at);
		}
		printf("], \"sum\": \"%016llx\", \"sample\": \"",
		       (unsigned long long)sum_of(result, result_bytes));
		print_sample(result, result_bytes);
		printf("\"}\n");
		return 0;
	}
	return 2;
}
