/* SPDX-License-Identifier: MIT */
/*
 * Random commands on a few buffers, which a member may fail under: `losses SEED STEPS`. What is
 * read is as the host has computed it, or an error; that ends the program: "lost at STEP of STEPS",
 * else "done". Anything else is a wrong result.
 */
#include "common.h"

enum { BUFFERS = 4, GROUP = 64, GROUPS = 24, N = GROUP * GROUPS };

static const char source[] =
    "__kernel void scale(__global const int *a, __global int *b, __global int *c, int k)\n"
    "{ size_t i = get_global_id(0); b[i] = a[i] * 2 + k; }\n"
    "__kernel void grow(__global int *a, __global int *b, __global int *c, int k)\n"
    "{ size_t i = get_global_id(0); b[i] = b[i] * 3 + k; }\n"
    "__kernel void around(__global const int *a, __global int *b, __global int *c, int k)\n"
    "{ size_t i = get_global_id(0);\n"
    "  b[i] = a[i == 0 ? 0 : i - 1] + a[i == 1535 ? i : i + 1]; }\n"
    "__kernel void some(__global const int *a, __global int *b, __global int *c, int k)\n"
    "{ size_t i = get_global_id(0); if (a[i] & 1) b[i] = a[i] + k; }\n"
    "__kernel void both(__global const int *a, __global int *b, __global int *c, int k)\n"
    "{ size_t i = get_global_id(0); b[i] = a[i] + k; c[i] = a[i] ^ k; }\n"
    "__kernel void shift(__global const int *a, __global int *b, __global int *c, int k)\n"
    "{ size_t i = get_global_id(0); if (i + k < 1536) b[i + k] = a[i]; }\n";

static const char *const names[] = {"scale", "grow", "around", "some", "both", "shift"};

static unsigned int seed;
static int step, steps;
static cl_command_queue queue;
static cl_kernel kernels[6];
static cl_mem buffers[BUFFERS];
static int expected[BUFFERS][N], seen[N];

static unsigned int pick(unsigned int of)
{
	return (unsigned int)rand_r(&seed) % of;
}

/* An error is the truth as well. */
static void check(cl_int status)
{
	if (status == CL_SUCCESS)
		return;
	printf("lost at %d of %d\n", step, steps);
	exit(0);
}

static void compute(unsigned int which, const int *a, int *b, int *c, int k, int i)
{
	switch (which) {
	case 0:
		b[i] = a[i] * 2 + k;
		break;
	case 1:
		b[i] = b[i] * 3 + k;
		break;
	case 2:
		b[i] = a[i == 0 ? 0 : i - 1] + a[i == N - 1 ? i : i + 1];
		break;
	case 3:
		if (a[i] & 1)
			b[i] = a[i] + k;
		break;
	case 4:
		b[i] = a[i] + k;
		c[i] = a[i] ^ k;
		break;
	default:
		if (i + k < N)
			b[i + k] = a[i];
	}
}

static void launch(void)
{
	const unsigned int which = pick(6), a = pick(BUFFERS), b = (a + 1 + pick(2)) % BUFFERS;
	const unsigned int c = (a + 3) % BUFFERS;
	const size_t from = pick(4) ? 0 : GROUP * pick(GROUPS / 2);
	const size_t all = N - from, local = GROUP;
	const size_t global = pick(2) ? all : GROUP * (1 + pick((unsigned int)(all / GROUP)));
	const int k = (int)pick(which == 5 ? 200 : 1000);

	OK(clSetKernelArg(kernels[which], 0, sizeof(cl_mem), &buffers[a]));
	OK(clSetKernelArg(kernels[which], 1, sizeof(cl_mem), &buffers[b]));
	OK(clSetKernelArg(kernels[which], 2, sizeof(cl_mem), &buffers[c]));
	OK(clSetKernelArg(kernels[which], 3, sizeof(k), &k));
	check(clEnqueueNDRangeKernel(queue, kernels[which], 1, &from, &global, &local, 0, NULL,
				     NULL));
	for (size_t i = from; i < from + global; i++)
		compute(which, expected[a], expected[b], expected[c], k, (int)i);
}

static void range(size_t *from, size_t *count)
{
	*from = pick(2) ? 0 : pick(N);
	*count = 1 + pick((unsigned int)(N - *from));
}

static void read_back(unsigned int buffer, size_t from, size_t count)
{
	memset(seen, 0xee, sizeof(seen));
	check(clEnqueueReadBuffer(queue, buffers[buffer], CL_TRUE, from * 4, count * 4, seen, 0,
				  NULL, NULL));
	for (size_t i = 0; i < count; i++)
		if (seen[i] != expected[buffer][from + i]) {
			printf("wrong at %d: buffer %u, %zu is %d and not %d\n", step, buffer,
			       from + i, seen[i], expected[buffer][from + i]);
			exit(1);
		}
}

static void write_some(void)
{
	const unsigned int buffer = pick(BUFFERS);
	size_t from, count;

	range(&from, &count);
	for (size_t i = 0; i < count; i++)
		expected[buffer][from + i] = (int)pick(1 << 20);
	check(clEnqueueWriteBuffer(queue, buffers[buffer], CL_TRUE, from * 4, count * 4,
				   &expected[buffer][from], 0, NULL, NULL));
}

static void copy_some(void)
{
	const unsigned int from = pick(BUFFERS), to = (from + 1 + pick(BUFFERS - 1)) % BUFFERS;
	size_t at, count, there;

	range(&at, &count);
	there = pick((unsigned int)(N - count + 1));
	check(clEnqueueCopyBuffer(queue, buffers[from], buffers[to], at * 4, there * 4, count * 4,
				  0, NULL, NULL));
	memmove(&expected[to][there], &expected[from][at], count * 4);
}

static void fill_some(void)
{
	const unsigned int buffer = pick(BUFFERS);
	const int what = (int)pick(1000);
	size_t from, count;

	range(&from, &count);
	check(clEnqueueFillBuffer(queue, buffers[buffer], &what, sizeof(what), from * 4, count * 4,
				  0, NULL, NULL));
	for (size_t i = 0; i < count; i++)
		expected[buffer][from + i] = what;
}

static void read_some(void)
{
	size_t from, count;

	range(&from, &count);
	read_back(pick(BUFFERS), from, count);
}

int main(int count, char **arguments)
{
	const char *text = source;
	cl_program program;
	cl_int status;

	if (count < 3)
		return 2;
	seed = (unsigned int)atoi(arguments[1]);
	steps = atoi(arguments[2]);
	start();
	queue = queue_of(context, 0);
	program = clCreateProgramWithSource(context, 1, &text, NULL, &status);
	OK(status);
	OK(clBuildProgram(program, 1, &device, "", NULL, NULL));
	for (unsigned int i = 0; i < 6; i++) {
		kernels[i] = clCreateKernel(program, names[i], &status);
		OK(status);
	}
	for (unsigned int i = 0; i < BUFFERS; i++) {
		for (int j = 0; j < N; j++)
			expected[i][j] = (int)pick(1 << 20);
		buffers[i] = buffer_of(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
				       sizeof(seen), expected[i]);
	}
	for (step = 0; step < steps; step++) {
		switch (pick(16)) {
		case 0:
			read_some();
			break;
		case 1:
			write_some();
			break;
		case 2:
			copy_some();
			break;
		case 3:
			fill_some();
			break;
		default:
			launch();
		}
	}
	for (unsigned int i = 0; i < BUFFERS; i++)
		read_back(i, 0, N);
	puts("done");
	return 0;
}
