/* SPDX-License-Identifier: MIT */
/* api: programs, their binaries, and how they are released. */
#include "ask.h"

#define N 1024

static const char add_source[] = "kernel void add(global const float *a, global float *to) {"
				 " size_t i = get_global_id(0); to[i] = a[i] + 7.5f; }\n";
static const char two_source[] = "kernel void twice(global const float *a, global float *to) {"
				 " size_t i = get_global_id(0); to[i] = a[i] * 2.0f; }\n";

/* Runs one that adds 7.5, or takes twice as much. */
static void runs(cl_kernel kernel, bool adds)
{
	float host[N], want[N], got[N];
	cl_mem in, out = cts_buffer(CL_MEM_READ_WRITE, sizeof(host), NULL);

	for (int i = 0; i < N; i++) {
		host[i] = (float)(i % 97) / 4;
		want[i] = adds ? host[i] + 7.5f : host[i] * 2;
	}
	in = cts_buffer(CL_MEM_READ_ONLY, sizeof(host), host);
	cts_mems(kernel, 2, in, out);
	cts_launch1(kernel, N, 0);
	cts_read(out, sizeof(got), got);
	cts_same(got, want, sizeof(*got), N, "numbers");
}

CHECK(api, enqueue_task)
{
	cl_kernel kernel = cts_build("kernel void one(global int *to) { to[0] = 4711;"
				     " to[1] = (int)get_global_size(0); }",
				     NULL);
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, 8, NULL);
	int got[2], want[2] = {4711, 1};

	cts_mems(kernel, 1, to);
	OK(clEnqueueTask(cts.queue, kernel, 0, NULL, NULL));
	cts_read(to, sizeof(got), got);
	cts_same(got, want, sizeof(int), 2, "numbers");
}

static unsigned char *binary_of(cl_program program, size_t *size)
{
	unsigned char *binary;
	size_t used;

	OK(clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(*size), size, &used));
	SAME(used, sizeof(*size));
	IS(*size > 0);
	binary = cts_host(*size);
	OK(clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(binary), &binary, NULL));
	return binary;
}

CHECK(api, binary_get)
{
	size_t size;

	binary_of(cts_program(add_source, NULL), &size);
}

CHECK(api, binary_create)
{
	cl_program program = cts_program(add_source, NULL), again;
	size_t size, size_again;
	const unsigned char *binary = binary_of(program, &size);
	cl_int status, loaded;

	again = clCreateProgramWithBinary(cts.context, 1, &cts.device, &size, &binary, &loaded,
					  &status);
	OK(status);
	OK(loaded);
	cts_own(CTS_PROGRAM, again);
	OK(clBuildProgram(again, 1, &cts.device, NULL, NULL, NULL));
	runs(cts_kernel(again, "add"), true);
	runs(cts_kernel(program, "add"), true);
	binary_of(again, &size_again);
	size = 0;
	clCreateProgramWithBinary(cts.context, 1, &cts.device, &size, &binary, &loaded, &status);
	SAME(status, CL_INVALID_VALUE);
}

CHECK(api, load_single_kernel)
{
	cl_program program = cts_program(add_source, NULL);
	cl_kernel kernel = cts_kernel(program, "add"), none;
	cl_int status;

	QUERY_IS(clGetKernelInfo, kernel, CL_KERNEL_PROGRAM, cl_program, program);
	QUERY_IS(clGetKernelInfo, kernel, CL_KERNEL_CONTEXT, cl_context, cts.context);
	none = clCreateKernel(program, "none_such", &status);
	IS(!none);
	SAME(status, CL_INVALID_KERNEL_NAME);
	runs(kernel, true);
}

CHECK(api, load_two_kernels)
{
	const char *sources[] = {add_source, two_source};
	cl_program program;
	cl_int status;

	program = clCreateProgramWithSource(cts.context, 2, sources, NULL, &status);
	OK(status);
	cts_own(CTS_PROGRAM, program);
	OK(clBuildProgram(program, 1, &cts.device, NULL, NULL, NULL));
	runs(cts_kernel(program, "add"), true);
	runs(cts_kernel(program, "twice"), false);
}

CHECK(api, load_two_kernels_in_one)
{
	char *text = NULL;
	cl_program program;

	cts_append(&text, "%s%s", add_source, two_source);
	program = cts_program(text, NULL);
	runs(cts_kernel(program, "add"), true);
	runs(cts_kernel(program, "twice"), false);
}

CHECK(api, load_two_kernels_manually)
{
	cl_kernel kernels[2] = {cts_kernel(cts_program(add_source, NULL), "add"),
				cts_kernel(cts_program(two_source, NULL), "twice")};

	runs(kernels[0], true);
	runs(kernels[1], false);
}

CHECK(api, get_program_info_kernel_names)
{
	char *text = NULL, names[64];
	cl_program program;
	size_t used;

	cts_append(&text, "%s%s", add_source, two_source);
	program = cts_program(text, NULL);
	QUERY_IS(clGetProgramInfo, program, CL_PROGRAM_NUM_KERNELS, size_t, 2);
	OK(clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, sizeof(names), names, &used));
	SAME(used, strlen(names) + 1);
	EXPECT(!strcmp(names, "add;twice") || !strcmp(names, "twice;add"), "names: %s", names);
	QUERY_IS(clGetProgramInfo, program, CL_PROGRAM_NUM_DEVICES, cl_uint, 1);
	QUERY_IS(clGetProgramInfo, program, CL_PROGRAM_DEVICES, cl_device_id, cts.device);
	QUERY_IS(clGetProgramInfo, program, CL_PROGRAM_CONTEXT, cl_context, cts.context);
	OK(clGetProgramInfo(program, CL_PROGRAM_SOURCE, 0, NULL, &used));
	SAME(used, strlen(text) + 1);
	QUERY_IS(clGetProgramInfo, program, CL_PROGRAM_REFERENCE_COUNT, cl_uint, 1);
}

CHECK(api, create_kernels_in_program)
{
	cl_kernel kernels[2];
	cl_uint count;
	char *text = NULL, name[16];
	cl_program program;

	cts_append(&text, "%s%s", add_source, two_source);
	program = cts_program(text, NULL);
	OK(clCreateKernelsInProgram(program, 0, NULL, &count));
	SAME(count, 2);
	REFUSED(clCreateKernelsInProgram(program, 1, kernels, NULL), CL_INVALID_VALUE);
	OK(clCreateKernelsInProgram(program, 2, kernels, NULL));
	for (int i = 0; i < 2; i++) {
		cts_own(CTS_KERNEL, kernels[i]);
		OK(clGetKernelInfo(kernels[i], CL_KERNEL_FUNCTION_NAME, sizeof(name), name, NULL));
		runs(kernels[i], !strcmp(name, "add"));
	}
}

CHECK(api, get_kernel_info)
{
	cl_kernel kernel = cts_build(add_source, "add");
	char name[16];
	size_t used;

	OK(clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, 0, NULL, &used));
	SAME(used, 4);
	OK(clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof(name), name, NULL));
	IS(!strcmp(name, "add"));
	QUERY_IS(clGetKernelInfo, kernel, CL_KERNEL_NUM_ARGS, cl_uint, 2);
	QUERY_IS(clGetKernelInfo, kernel, CL_KERNEL_REFERENCE_COUNT, cl_uint, 1);
	OK(clRetainKernel(kernel));
	QUERY_IS(clGetKernelInfo, kernel, CL_KERNEL_REFERENCE_COUNT, cl_uint, 2);
	OK(clReleaseKernel(kernel));
	REFUSED(clGetKernelInfo(kernel, 0x1234, sizeof(name), name, NULL), CL_INVALID_VALUE);
}

/* Kernels go before and after their program. */
CHECK(api, release_kernel_order)
{
	for (int first = 0; first < 2; first++) {
		const char *source = add_source;
		cl_int status;
		cl_program program =
		    clCreateProgramWithSource(cts.context, 1, &source, NULL, &status);
		cl_kernel kernel;

		OK(status);
		OK(clBuildProgram(program, 1, &cts.device, NULL, NULL, NULL));
		kernel = clCreateKernel(program, "add", &status);
		OK(status);
		if (first)
			OK(clReleaseProgram(program));
		if (first)
			runs(kernel, true);
		OK(clReleaseKernel(kernel));
		if (!first)
			OK(clReleaseProgram(program));
	}
}

/* All that a launch uses is released while it runs. */
CHECK(api, release_during_execute)
{
	const char *source = "kernel void slow(global float *to) { size_t i = get_global_id(0);"
			     " float x = i; for (int k = 0; k < 2000; k++) x = x * 0.5f + 1.0f;"
			     " to[i] = x; }";
	const size_t all = N;
	cl_int status;
	cl_program program = clCreateProgramWithSource(cts.context, 1, &source, NULL, &status);
	cl_kernel kernel;
	cl_mem buffer;

	OK(status);
	OK(clBuildProgram(program, 1, &cts.device, NULL, NULL, NULL));
	kernel = clCreateKernel(program, "slow", &status);
	OK(status);
	OK(clReleaseProgram(program));
	buffer = clCreateBuffer(cts.context, CL_MEM_READ_WRITE, N * sizeof(float), NULL, &status);
	OK(status);
	cts_mems(kernel, 1, buffer);
	OK(clEnqueueNDRangeKernel(cts.queue, kernel, 1, NULL, &all, NULL, 0, NULL, NULL));
	OK(clReleaseMemObject(buffer));
	OK(clReleaseKernel(kernel));
	OK(clFinish(cts.queue));
}

CHECK(api, repeated_setup_cleanup)
{
	const int rounds = cts.is_quick ? 5 : 100;

	for (int i = 0; i < rounds; i++) {
		cl_int status;
		cl_context context = clCreateContext(NULL, 1, &cts.device, NULL, NULL, &status);
		cl_command_queue queue;
		cl_mem buffer;

		OK(status);
		queue = clCreateCommandQueue(context, cts.device, 0, &status);
		OK(status);
		buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, 4096, NULL, &status);
		OK(status);
		OK(clEnqueueFillBuffer(queue, buffer, &i, sizeof(i), 0, 4096, 0, NULL, NULL));
		OK(clFinish(queue));
		OK(clReleaseMemObject(buffer));
		OK(clReleaseCommandQueue(queue));
		OK(clReleaseContext(context));
	}
}
