/* SPDX-License-Identifier: MIT */
/*
 * A plain program for one device whose launches may be split, or only seem so. It prints a sum of
 * what each of its kernels has written: the same wherever they run.
 */
#include "common.h"

#include <stdint.h>

#define COUNT_ALL ((size_t)1 << 16)
#define GROUP ((size_t)64)
static const size_t group = GROUP;
#define WIDTH ((size_t)200)
#define HEIGHT ((size_t)150)

static const char source[] =
    "__kernel void saxpy(__global float *y, __global const float *x, float a, int n)\n"
    "{ int i = get_global_id(0); if (i < n) y[i] = a * x[i] + y[i]; }\n"
    "__kernel void mandelbrot(__global uint *o, int w, int h, int most)\n"
    "{ int x = get_global_id(0), y = get_global_id(1), i = 0;\n"
    "  float cx = -2.f + 3.f * x / w, cy = -1.f + 2.f * y / h, a = 0, b = 0;\n"
    "  for (; i < most && a * a + b * b < 4; i++)\n"
    "  { float t = a * a - b * b + cx; b = 2 * a * b + cy; a = t; }\n"
    "  o[y * w + x] = i; }\n"
    "__kernel void grid(__global uint *o)\n"
    "{ o[get_global_id(0)] = get_group_id(0) * 1000 + get_num_groups(0) +\n"
    "  get_global_size(0) * 7 + get_global_offset(0) * 3 + get_local_id(0); }\n"
    "__kernel void sums(__global const uint *in, __global uint *o, __local uint *s)\n"
    "{ int l = get_local_id(0); s[l] = in[get_global_id(0)];\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  for (int k = get_local_size(0) / 2; k > 0; k /= 2)\n"
    "  { if (l < k) s[l] += s[l + k]; barrier(CLK_LOCAL_MEM_FENCE); }\n"
    "  if (!l) o[get_group_id(0)] = s[0]; }\n"
    "__kernel void pull(__global const float4 *p, __global float4 *v, int n)\n"
    "{ int i = get_global_id(0); float3 f = 0;\n"
    "  for (int j = 0; j < n; j++) { float3 d = p[j].xyz - p[i].xyz;\n"
    "  f += d / (dot(d, d) + 1.f); } v[i].xyz += f; }\n"
    "__kernel void go(__global float4 *p, __global const float4 *v)\n"
    "{ int i = get_global_id(0); p[i].xyz += v[i].xyz * 0.01f; }\n"
    "__kernel void shift(__global uint *o, __global const uint *in, uint by)\n"
    "{ uint i = get_global_id(0); o[i] = in[(i + by) % get_global_size(0)]; }\n"
    "__kernel void count(__global uint *o) { atomic_add(o, get_global_id(0)); }\n"
    "__kernel void wave(__global uint *o)\n"
    "{ uint i = get_global_id(0); if (i) o[i] = o[i - 1] + 1; }\n"
    "__kernel void scatter(__global uint *o, __global const uint *to, uint times)\n"
    "{ uint i = get_global_id(0); o[to[i]] = i * times; }\n"
    "__kernel void meet(__global uint *o) { uint i = get_global_id(0); o[i % 64] = i; }\n"
    "__kernel void paint(__write_only image2d_t o, __read_only image2d_t in)\n"
    "{ const sampler_t s = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE;\n"
    "  int2 p = (int2)(get_global_id(0), get_global_id(1));\n"
    "  if (p.x < get_image_width(o) && p.y < get_image_height(o) && p.x % 3)\n"
    "  write_imageui(o, p, read_imageui(in, s, p + (int2)(1, 2)) + (uint4)(p.x, p.y, 1, 2)); }\n";

static cl_program program;
static cl_command_queue queue;

static cl_kernel kernel(const char *name)
{
	cl_int status;
	cl_kernel made = clCreateKernel(program, name, &status);

	OK(status);
	return made;
}

static cl_mem filled(size_t bytes)
{
	unsigned char *host = malloc(bytes);
	cl_mem made;

	for (size_t i = 0; i < bytes; i++)
		host[i] = (unsigned char)(i * 7 + i / 251) & 0x3f;
	made = buffer_of(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes, host);
	free(host);
	return made;
}

static void tell(const char *name, const void *bytes, size_t size)
{
	uint64_t sum = UINT64_C(1469598103934665603);

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
	printf("%s %llx\n", name, (unsigned long long)sum);
}

static void tell_buffer(const char *name, cl_mem buffer, size_t bytes)
{
	void *host = malloc(bytes);

	OK(clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, bytes, host, 0, NULL, NULL));
	tell(name, host, bytes);
	free(host);
}

#define SET(kernel, index, value) OK(clSetKernelArg(kernel, index, sizeof(value), &(value)))

static void launch(cl_kernel what, size_t count, cl_event *event)
{
	OK(clEnqueueNDRangeKernel(queue, what, 1, NULL, &count, &group, 0, NULL, event));
}

static int called;

static void CL_CALLBACK over(cl_event event, cl_int status, void *data)
{
	(void)event;
	(void)data;
	__atomic_store_n(&called, status == CL_COMPLETE ? 1 : -1, __ATOMIC_SEQ_CST);
}

/* A guard leaves some out, what was there stays; parts are waited for, timed and told of. */
static void lines(void)
{
	cl_mem x = filled(COUNT_ALL * 4), y = filled(COUNT_ALL * 4);
	cl_kernel saxpy = kernel("saxpy");
	const float a = 1.5f;
	const cl_int n = (cl_int)COUNT_ALL - 77;
	cl_ulong start, end;
	cl_event event;
	cl_int state;

	SET(saxpy, 0, y);
	SET(saxpy, 1, x);
	SET(saxpy, 2, a);
	SET(saxpy, 3, n);
	for (int i = 0; i < 4; i++)
		launch(saxpy, COUNT_ALL, NULL);
	launch(saxpy, COUNT_ALL, &event);
	OK(clSetEventCallback(event, CL_COMPLETE, over, NULL));
	OK(clWaitForEvents(1, &event));
	OK(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(state), &state, NULL));
	SAME(state, CL_COMPLETE);
	OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(start), &start, NULL));
	OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(end), &end, NULL));
	SAME(end >= start, 1);
	while (!__atomic_load_n(&called, __ATOMIC_SEQ_CST))
		;
	SAME(called, 1);
	/* Waited for by a command. */
	OK(clEnqueueCopyBuffer(queue, y, x, 100, 4000, 30000, 1, &event, NULL));
	OK(clReleaseEvent(event));
	tell_buffer("saxpy", y, COUNT_ALL * 4);
	tell_buffer("copied", x, COUNT_ALL * 4);
	OK(clReleaseKernel(saxpy));
	OK(clReleaseMemObject(x));
	OK(clReleaseMemObject(y));
}

/* So much that it is read by several threads. */
static void large(void)
{
	const size_t count = (size_t)6 << 20;
	cl_mem x = filled(count * 4), y = filled(count * 4);
	cl_kernel saxpy = kernel("saxpy");
	const float a = 0.5f;
	const cl_int n = (cl_int)count;

	SET(saxpy, 0, y);
	SET(saxpy, 1, x);
	SET(saxpy, 2, a);
	SET(saxpy, 3, n);
	launch(saxpy, count, NULL);
	tell_buffer("large", y, count * 4);
	OK(clReleaseKernel(saxpy));
	OK(clReleaseMemObject(x));
	OK(clReleaseMemObject(y));
}

static void planes(void)
{
	cl_mem out = buffer_of(context, CL_MEM_WRITE_ONLY, WIDTH * HEIGHT * 4, NULL);
	cl_kernel mandelbrot = kernel("mandelbrot");
	const cl_int w = (cl_int)WIDTH, h = (cl_int)HEIGHT;
	const size_t grid[] = {WIDTH, HEIGHT}, local[] = {8, 5};

	SET(mandelbrot, 0, out);
	SET(mandelbrot, 1, w);
	SET(mandelbrot, 2, h);
	for (cl_int most = 50; most < 90; most += 10) {
		SET(mandelbrot, 3, most);
		OK(clEnqueueNDRangeKernel(queue, mandelbrot, 2, NULL, grid,
					  most % 20 ? local : NULL, 0, NULL, NULL));
	}
	tell_buffer("mandelbrot", out, WIDTH * HEIGHT * 4);
	OK(clReleaseKernel(mandelbrot));
	OK(clReleaseMemObject(out));
}

/* Kernels that ask where their work-group is, and write a word of each. */
static void groups(void)
{
	const size_t bytes = COUNT_ALL * 4, offset = 128, count = COUNT_ALL - 128;
	cl_mem grid = filled(bytes), sums = filled(COUNT_ALL / GROUP * 4);
	cl_kernel where = kernel("grid"), sum = kernel("sums");
	cl_int status;
	void *mapped;

	SET(where, 0, grid);
	OK(clEnqueueNDRangeKernel(queue, where, 1, &offset, &count, &group, 0, NULL, NULL));
	tell_buffer("grid", grid, bytes);
	SET(sum, 0, grid);
	SET(sum, 1, sums);
	OK(clSetKernelArg(sum, 2, GROUP * 4, NULL));
	launch(sum, COUNT_ALL, NULL);
	mapped = clEnqueueMapBuffer(queue, sums, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0,
				    COUNT_ALL / GROUP * 4, 0, NULL, NULL, &status);
	OK(status);
	tell("sums", mapped, COUNT_ALL / GROUP * 4);
	memset(mapped, 3, 100);
	OK(clEnqueueUnmapMemObject(queue, sums, mapped, 0, NULL, NULL));
	tell_buffer("unmapped", sums, COUNT_ALL / GROUP * 4);
	OK(clReleaseKernel(where));
	OK(clReleaseKernel(sum));
	OK(clReleaseMemObject(grid));
	OK(clReleaseMemObject(sums));
}

/* Each step needs what all parts of the step before have written. */
static void bodies(void)
{
	const size_t count = 1024;
	const cl_int n = (cl_int)count;
	const float zero = 0;
	cl_mem p = filled(count * 16), v = buffer_of(context, CL_MEM_READ_WRITE, count * 16, NULL);
	cl_kernel pull = kernel("pull"), go = kernel("go");
	float *host = malloc(count * 16);

	for (size_t i = 0; i < count * 4; i++)
		host[i] = (float)(i * 37 % 1000) * 0.01f;
	OK(clEnqueueWriteBuffer(queue, p, CL_FALSE, 0, count * 16, host, 0, NULL, NULL));
	OK(clEnqueueFillBuffer(queue, v, &zero, 4, 0, count * 16, 0, NULL, NULL));
	SET(pull, 0, p);
	SET(pull, 1, v);
	SET(pull, 2, n);
	SET(go, 0, p);
	SET(go, 1, v);
	for (int i = 0; i < 5; i++) {
		launch(pull, count, NULL);
		launch(go, count, NULL);
	}
	OK(clFinish(queue));
	tell_buffer("bodies", p, count * 16);
	free(host);
	OK(clReleaseKernel(pull));
	OK(clReleaseKernel(go));
	OK(clReleaseMemObject(p));
	OK(clReleaseMemObject(v));
}

/* To and fro, by a distance that no part holds; and parts of one buffer. */
static void turns(void)
{
	const size_t bytes = COUNT_ALL * 4;
	cl_mem one = filled(bytes), other = buffer_of(context, CL_MEM_READ_WRITE, bytes, NULL);
	const cl_buffer_region low = {0, bytes / 2}, high = {bytes / 2, bytes / 2};
	const size_t all = COUNT_ALL;
	const cl_uint by = 12345;
	cl_event before = NULL, event;
	cl_kernel shift = kernel("shift");
	cl_mem halves[2];
	cl_int status;

	for (int i = 0; i < 6; i++) {
		SET(shift, i % 2, one);
		SET(shift, 1 - i % 2, other);
		SET(shift, 2, by);
		/* Each waits for the one before. */
		OK(clEnqueueNDRangeKernel(queue, shift, 1, NULL, &all, &group, i ? 1 : 0,
					  i ? &before : NULL, &event));
		if (i)
			OK(clReleaseEvent(before));
		before = event;
	}
	OK(clReleaseEvent(before));
	tell_buffer("shift", one, bytes);
	halves[0] =
	    clCreateSubBuffer(one, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &low, &status);
	OK(status);
	halves[1] =
	    clCreateSubBuffer(one, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &high, &status);
	OK(status);
	SET(shift, 0, halves[0]);
	SET(shift, 1, halves[1]);
	launch(shift, COUNT_ALL / 2, NULL);
	tell_buffer("halves", one, bytes);
	/* The same memory twice. */
	SET(shift, 1, one);
	SET(shift, 0, halves[1]);
	for (int i = 0; i < 2; i++)
		OK(clReleaseMemObject(halves[i]));
	OK(clReleaseKernel(shift));
	OK(clReleaseMemObject(one));
	OK(clReleaseMemObject(other));
}

/* These cannot be split. */
static void wholes(void)
{
	cl_mem out = filled(COUNT_ALL * 4);
	cl_kernel count = kernel("count"), wave = kernel("wave");
	const size_t one_group = GROUP;

	SET(count, 0, out);
	launch(count, COUNT_ALL, NULL);
	tell_buffer("count", out, COUNT_ALL * 4);
	SET(wave, 0, out);
	for (size_t i = 0; i < 3; i++)
		launch(wave, one_group, NULL);
	OK(clReleaseKernel(count));
	OK(clReleaseKernel(wave));
	OK(clReleaseMemObject(out));
}

/* Nobody can tell from the text that these do not write the same words; the second one does. */
static void scattered(void)
{
	cl_mem out = filled(COUNT_ALL * 4), to = buffer_of(context, 0, COUNT_ALL * 4, NULL);
	cl_kernel scatter = kernel("scatter"), meet = kernel("meet");
	cl_uint *host = malloc(COUNT_ALL * 4);
	cl_event event;

	for (size_t i = 0; i < COUNT_ALL; i++)
		host[i] = (cl_uint)(i * 40503 % COUNT_ALL);
	OK(clEnqueueWriteBuffer(queue, to, CL_FALSE, 0, COUNT_ALL * 4, host, 0, NULL, NULL));
	SET(scatter, 0, out);
	SET(scatter, 1, to);
	for (cl_uint times = 2; times < 5; times++) {
		SET(scatter, 2, times);
		launch(scatter, COUNT_ALL - 128, &event);
		OK(clWaitForEvents(1, &event));
		OK(clReleaseEvent(event));
	}
	tell_buffer("scatter", out, COUNT_ALL * 4);
	SET(meet, 0, out);
	launch(meet, COUNT_ALL, NULL);
	OK(clEnqueueReadBuffer(queue, out, CL_TRUE, 0, COUNT_ALL * 4, host, 0, NULL, NULL));
	for (cl_uint i = 0; i < 64; i++)
		SAME(host[i] % 64, i);
	tell("beside", host + 64, (COUNT_ALL - 64) * 4);
	free(host);
	OK(clReleaseKernel(scatter));
	OK(clReleaseKernel(meet));
	OK(clReleaseMemObject(out));
	OK(clReleaseMemObject(to));
}

#define FEW 1024

/* What nobody has written may be anything, and another thing on each member: of the round before.
 */
static void fresh(void)
{
	cl_mem to = buffer_of(context, 0, FEW * 4, NULL);
	cl_kernel scatter = kernel("scatter");
	cl_uint *host = malloc(FEW * 4);
	const cl_uint times = 3;

	for (size_t i = 0; i < FEW; i++)
		host[i] = (cl_uint)(FEW - 1 - i);
	OK(clEnqueueWriteBuffer(queue, to, CL_TRUE, 0, FEW * 4, host, 0, NULL, NULL));
	SET(scatter, 1, to);
	SET(scatter, 2, times);
	for (int round = 0; round < 6; round++) {
		cl_mem out = buffer_of(context, 0, FEW * 4, NULL);

		SET(scatter, 0, out);
		launch(scatter, FEW, NULL);
		OK(clEnqueueReadBuffer(queue, out, CL_TRUE, 0, FEW * 4, host, 0, NULL, NULL));
		for (cl_uint i = 0; i < FEW; i++)
			SAME(host[FEW - 1 - i], i * times);
		OK(clReleaseMemObject(out));
	}
	free(host);
	OK(clReleaseKernel(scatter));
	OK(clReleaseMemObject(to));
}

static void images(void)
{
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const cl_image_desc shape = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = WIDTH, .image_height = HEIGHT};
	const size_t grid[] = {WIDTH + 8, HEIGHT + 2}, local[] = {16, 8}, origin[3] = {0, 0, 0},
		     region[3] = {WIDTH, HEIGHT, 1};
	unsigned char *host = malloc(WIDTH * HEIGHT * 4);
	cl_kernel paint = kernel("paint");
	cl_mem each[2];
	cl_int status;

	for (size_t i = 0; i < WIDTH * HEIGHT * 4; i++)
		host[i] = (unsigned char)(i * 5);
	for (int i = 0; i < 2; i++) {
		each[i] = clCreateImage(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, &format,
					&shape, host, &status);
		OK(status);
	}
	for (int i = 0; i < 4; i++) {
		const size_t rounded[] = {208, 152};

		SET(paint, 0, each[i % 2]);
		SET(paint, 1, each[1 - i % 2]);
		OK(clEnqueueNDRangeKernel(queue, paint, 2, NULL, i < 2 ? grid : rounded,
					  i < 2 ? NULL : local, 0, NULL, NULL));
	}
	OK(clEnqueueReadImage(queue, each[1], CL_TRUE, origin, region, 0, 0, host, 0, NULL, NULL));
	tell("paint", host, WIDTH * HEIGHT * 4);
	free(host);
	OK(clReleaseKernel(paint));
	for (int i = 0; i < 2; i++)
		OK(clReleaseMemObject(each[i]));
}

static void all(void)
{
	lines();
	large();
	planes();
	groups();
	bodies();
	turns();
	wholes();
	scattered();
	images();
}

int main(int count, char **words)
{
	const char *text = source;
	cl_int status;

	start();
	queue = queue_of(context, CL_QUEUE_PROFILING_ENABLE);
	program = clCreateProgramWithSource(context, 1, &text, NULL, &status);
	OK(status);
	OK(clBuildProgram(program, 1, &device, "", NULL, NULL));
	if (count > 1 && !strcmp(words[1], "fresh"))
		fresh();
	else
		all();
	OK(clReleaseProgram(program));
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseContext(context));
	puts("done");
	return 0;
}
