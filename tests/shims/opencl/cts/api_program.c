/* SPDX-License-Identifier: MIT */
/* api: programs, their binaries, and what is told of their kernels. */
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

struct told {
	const char *type, *name;
	cl_kernel_arg_address_qualifier address;
	cl_kernel_arg_access_qualifier access;
	cl_kernel_arg_type_qualifier qualifier;
};

/* What programs built with -cl-kernel-arg-info say of each argument. */
static void arguments(void)
{
	static const char source[] =
	    "typedef struct { int a; } thing;\n"
	    "kernel void many(global const float4 *restrict a, local int *b, constant uchar *c,"
	    " int d, const float2 e, read_only image2d_t f, write_only image2d_t g, sampler_t h,"
	    " global volatile uint *i, global thing *j) {}\n";
	static const struct told want[] = {
	    {"float4*", "a", CL_KERNEL_ARG_ADDRESS_GLOBAL, CL_KERNEL_ARG_ACCESS_NONE,
	     CL_KERNEL_ARG_TYPE_CONST | CL_KERNEL_ARG_TYPE_RESTRICT},
	    {"int*", "b", CL_KERNEL_ARG_ADDRESS_LOCAL, CL_KERNEL_ARG_ACCESS_NONE, 0},
	    {"uchar*", "c", CL_KERNEL_ARG_ADDRESS_CONSTANT, CL_KERNEL_ARG_ACCESS_NONE,
	     CL_KERNEL_ARG_TYPE_CONST},
	    {"int", "d", CL_KERNEL_ARG_ADDRESS_PRIVATE, CL_KERNEL_ARG_ACCESS_NONE, 0},
	    {"float2", "e", CL_KERNEL_ARG_ADDRESS_PRIVATE, CL_KERNEL_ARG_ACCESS_NONE, 0},
	    {"image2d_t", "f", CL_KERNEL_ARG_ADDRESS_GLOBAL, CL_KERNEL_ARG_ACCESS_READ_ONLY, 0},
	    {"image2d_t", "g", CL_KERNEL_ARG_ADDRESS_GLOBAL, CL_KERNEL_ARG_ACCESS_WRITE_ONLY, 0},
	    {"sampler_t", "h", CL_KERNEL_ARG_ADDRESS_PRIVATE, CL_KERNEL_ARG_ACCESS_NONE, 0},
	    {"uint*", "i", CL_KERNEL_ARG_ADDRESS_GLOBAL, CL_KERNEL_ARG_ACCESS_NONE,
	     CL_KERNEL_ARG_TYPE_VOLATILE},
	    {"thing*", "j", CL_KERNEL_ARG_ADDRESS_GLOBAL, CL_KERNEL_ARG_ACCESS_NONE, 0},
	};
	cl_kernel kernel = cts_kernel(cts_program(source, "-cl-kernel-arg-info"), "many");

	for (cl_uint i = 0; i < COUNT(want); i++) {
		cl_kernel_arg_address_qualifier address;
		cl_kernel_arg_access_qualifier access;
		cl_kernel_arg_type_qualifier qualifier;
		char type[32], name[32];

		OK(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_ADDRESS_QUALIFIER, sizeof(address),
				      &address, NULL));
		OK(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_ACCESS_QUALIFIER, sizeof(access),
				      &access, NULL));
		OK(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_TYPE_QUALIFIER, sizeof(qualifier),
				      &qualifier, NULL));
		OK(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_TYPE_NAME, sizeof(type), type,
				      NULL));
		OK(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_NAME, sizeof(name), name, NULL));
		EXPECT(!strcmp(type, want[i].type) && !strcmp(name, want[i].name),
		       "argument %u is '%s' '%s'", i, type, name);
		EXPECT(address == want[i].address && access == want[i].access &&
			   qualifier == want[i].qualifier,
		       "argument %u: address %#x, access %#x, qualifiers %#llx", i, address, access,
		       (unsigned long long)qualifier);
	}
	REFUSED(clGetKernelArgInfo(kernel, COUNT(want), CL_KERNEL_ARG_NAME, 0, NULL, NULL),
		CL_INVALID_ARG_INDEX);
}

CHECK(api, get_kernel_arg_info)
{
	arguments();
}

/* As the one above, for a device of OpenCL C 1.2 too. */
CHECK(api, get_kernel_arg_info_compatibility)
{
	arguments();
}

CHECK(api, kernel_attributes)
{
	cl_kernel kernel =
	    cts_build("kernel __attribute__((reqd_work_group_size(16, 2, 1)))"
		      " __attribute__((vec_type_hint(float4))) void hint(global float *to) {}",
		      NULL);
	char text[256];
	size_t used;

	OK(clGetKernelInfo(kernel, CL_KERNEL_ATTRIBUTES, sizeof(text), text, &used));
	SAME(used, strlen(text) + 1);
	for (char *from = text, *to = text;; from++)
		if (*from != ' ' && !(*to++ = *from))
			break;
	EXPECT(strstr(text, "reqd_work_group_size(16,2,1)") && strstr(text, "vec_type_hint("),
	       "attributes: %s", text);
}

static cl_ulong group_info(const char *source, cl_kernel_work_group_info name)
{
	cl_kernel kernel = cts_build(source, NULL);
	cl_ulong value;

	OK(clGetKernelWorkGroupInfo(kernel, cts.device, name, sizeof(value), &value, NULL));
	return value;
}

CHECK(api, kernel_private_memory_size)
{
	group_info("kernel void big(global int *to) { int a[64];"
		   " for (int i = 0; i < 64; i++) a[i] = to[i] * i;"
		   " to[0] = a[to[1] & 63]; }",
		   CL_KERNEL_PRIVATE_MEM_SIZE);
}

CHECK(api, kernel_local_memory_size)
{
	const cl_ulong has = group_info("kernel void big(global int *to) { local int a[512];"
					" a[get_local_id(0)] = to[0];"
					" barrier(CLK_LOCAL_MEM_FENCE); to[get_local_id(0)] ="
					" a[511 - get_local_id(0)]; }",
					CL_KERNEL_LOCAL_MEM_SIZE);

	EXPECT(has >= 512 * sizeof(cl_int), "%llu bytes", (unsigned long long)has);
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
