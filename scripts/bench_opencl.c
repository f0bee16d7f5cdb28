/*
 * What the pooled device costs beside the device that it runs on: both platforms in one process, by
 * turns (pool, member, member, pool). For scripts/bench_opencl.ts.
 *
 *	bench_opencl ROUNDS
 *
 * Prints one JSON object a line: the figure, and the medians of both, in nanoseconds.
 */
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LAUNCHES 500
#define BODIES 1024
#define STEPS 8

static const char source[] =
    "kernel void nothing(global float *a, global float *b, int n) { }\n"
    "kernel void bodies(global const float4 *at, global float4 *to, int n) {\n"
    "  int i = get_global_id(0); float4 p = at[i]; float3 f = (float3)(0.f);\n"
    "  for (int j = 0; j < n; j++) { float3 d = at[j].xyz - p.xyz;\n"
    "    float r = rsqrt(dot(d, d) + 0.01f); f += d * (r * r * r); }\n"
    "  to[i] = (float4)(p.xyz + 0.001f * f, 1.f); }\n";

struct side {
	cl_context context;
	cl_command_queue queue;
	cl_kernel nothing, bodies;
	cl_mem a, b;
	float result[4 * BODIES];
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

static void check(cl_int status, const char *what)
{
	if (status == CL_SUCCESS)
		return;
	fprintf(stderr, "bench_opencl: %s: %d\n", what, status);
	exit(1);
}

static void set(cl_kernel kernel, cl_mem a, cl_mem b, cl_int n)
{
	check(clSetKernelArg(kernel, 0, sizeof(a), &a), "argument");
	check(clSetKernelArg(kernel, 1, sizeof(b), &b), "argument");
	check(clSetKernelArg(kernel, 2, sizeof(n), &n), "argument");
}

static void open_side(struct side *side, cl_platform_id platform)
{
	const char *text = source;
	float start[4 * BODIES];
	cl_program program;
	cl_device_id device;
	cl_int status;

	check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "device");
	side->context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
	check(status, "context");
	side->queue = clCreateCommandQueue(side->context, device, 0, &status);
	check(status, "queue");
	program = clCreateProgramWithSource(side->context, 1, &text, NULL, &status);
	check(status, "program");
	check(clBuildProgram(program, 0, NULL, "", NULL, NULL), "build");
	side->nothing = clCreateKernel(program, "nothing", &status);
	side->bodies = clCreateKernel(program, "bodies", &status);
	check(status, "kernel");
	for (int i = 0; i < 4 * BODIES; i++)
		start[i] = (float)(i * 7919 % 1000) / 1000.f;
	side->a =
	    clCreateBuffer(side->context, CL_MEM_COPY_HOST_PTR, sizeof(start), start, &status);
	side->b = clCreateBuffer(side->context, 0, sizeof(start), NULL, &status);
	check(status, "buffer");
	set(side->nothing, side->a, side->b, 1);
}

/* The call alone: what the device does of it meanwhile is the same on both sides. */
static double launch(struct side *side)
{
	const size_t one = 1;
	double best = 0, start = now();

	for (int i = 0; i < LAUNCHES; i++)
		clEnqueueNDRangeKernel(side->queue, side->nothing, 1, NULL, &one, &one, 0, NULL,
				       NULL);
	best = (now() - start) / LAUNCHES;
	check(clFinish(side->queue), "finish");
	return best;
}

static double launch_event(struct side *side)
{
	const size_t one = 1;
	cl_event events[LAUNCHES];
	double start = now(), time;

	for (int i = 0; i < LAUNCHES; i++) {
		set(side->nothing, side->a, side->b, i);
		clEnqueueNDRangeKernel(side->queue, side->nothing, 1, NULL, &one, &one, i ? 1 : 0,
				       i ? &events[i - 1] : NULL, &events[i]);
	}
	time = (now() - start) / LAUNCHES;
	check(clFinish(side->queue), "finish");
	for (int i = 0; i < LAUNCHES; i++)
		clReleaseEvent(events[i]);
	return time;
}

static double program(struct side *side)
{
	const size_t all = BODIES, group = 64;
	double start = now();

	for (int i = 0; i < STEPS; i++) {
		set(side->bodies, i % 2 ? side->b : side->a, i % 2 ? side->a : side->b, BODIES);
		check(clEnqueueNDRangeKernel(side->queue, side->bodies, 1, NULL, &all, &group, 0,
					     NULL, NULL),
		      "launch");
	}
	check(clEnqueueReadBuffer(side->queue, side->a, CL_TRUE, 0, sizeof(side->result),
				  side->result, 0, NULL, NULL),
	      "read");
	return now() - start;
}

static int by_value(const void *left, const void *right)
{
	const double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), by_value);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static void measure(const char *name, double (*run)(struct side *), struct side *sides, int rounds)
{
	double *times[2];

	for (int i = 0; i < 2; i++) {
		times[i] = calloc((size_t)rounds * 2, sizeof(double));
		run(&sides[i]);
	}
	for (int i = 0; i < rounds; i++) {
		times[0][2 * i] = run(&sides[0]);
		times[1][2 * i] = run(&sides[1]);
		times[1][2 * i + 1] = run(&sides[1]);
		times[0][2 * i + 1] = run(&sides[0]);
	}
	printf("{\"name\": \"%s\", \"pool_ns\": %.1f, \"member_ns\": %.1f}\n", name,
	       median(times[0], 2 * rounds), median(times[1], 2 * rounds));
}

int main(int count, char **arguments)
{
	const int rounds = count > 1 ? atoi(arguments[1]) : 10;
	static struct side sides[2];
	cl_platform_id platforms[16];
	cl_uint platform_count;

	check(clGetPlatformIDs(16, platforms, &platform_count), "platforms");
	for (cl_uint i = 0; i < platform_count; i++) {
		char name[128] = "";

		clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof(name), name, NULL);
		if (!sides[!!strcmp(name, "MVGAL")].context)
			open_side(&sides[!!strcmp(name, "MVGAL")], platforms[i]);
	}
	if (!sides[0].context || !sides[1].context) {
		fprintf(stderr, "bench_opencl: it needs the platform MVGAL and another one\n");
		return 1;
	}
	measure("launch", launch, sides, rounds);
	measure("launch with arguments and events", launch_event, sides, rounds);
	measure("n-body", program, sides, rounds);
	if (memcmp(sides[0].result, sides[1].result, sizeof(sides[0].result))) {
		fprintf(stderr, "bench_opencl: the results differ\n");
		return 1;
	}
	return 0;
}
