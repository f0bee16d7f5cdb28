/* Programs and kernels: builds, logs, links, binaries, arguments, clones, and what is refused. */
#include "common.h"

static const char source[] =
    "#ifndef K\n#define K 1\n#endif\n"
    "struct pair { int a, b; };\n"
    "kernel void scale(global int *to, struct pair pair, local int *shared, constant int *c) {\n"
    "  int i = get_local_id(0); shared[i] = K * pair.a + pair.b + c[0];\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  to[get_global_id(0)] = shared[get_local_size(0) - 1 - i] + get_group_id(0); }\n"
    "kernel void other(global int *to) { to[0] = 1; }\n";

static int run(cl_kernel kernel, cl_command_queue queue)
{
	const int pair[2] = {10, 2}, hundred = 100;
	const size_t all = 64, group = 16;
	cl_mem to = buffer_of(context, 0, 64 * sizeof(int), NULL);
	cl_mem constant = buffer_of(context, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, 4,
				    (void *)(size_t)&hundred);
	int got[64];

	OK(clSetKernelArg(kernel, 0, sizeof(to), &to));
	OK(clSetKernelArg(kernel, 1, sizeof(pair), pair));
	OK(clSetKernelArg(kernel, 2, 16 * sizeof(int), NULL));
	OK(clSetKernelArg(kernel, 3, sizeof(constant), &constant));
	OK(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &all, &group, 0, NULL, NULL));
	OK(clEnqueueReadBuffer(queue, to, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
	for (int i = 1; i < 64; i++)
		SAME(got[i] - got[0], i / 16);
	OK(clReleaseMemObject(to));
	OK(clReleaseMemObject(constant));
	return got[0];
}

static cl_program program_of(const char *text)
{
	cl_int status;
	cl_program program = clCreateProgramWithSource(context, 1, &text, NULL, &status);

	OK(status);
	return program;
}

static void builds(cl_command_queue *queues)
{
	cl_program program = program_of(source), from_binary, bad = program_of("kernel void x(");
	cl_kernel kernel, two[2], clone;
	unsigned char *binary;
	char text[4096];
	size_t size;
	cl_uint count;
	cl_build_status built;
	cl_int status, loaded;

	SAME(clBuildProgram(bad, 0, NULL, NULL, NULL, NULL), CL_BUILD_PROGRAM_FAILURE);
	OK(clGetProgramBuildInfo(bad, device, CL_PROGRAM_BUILD_STATUS, sizeof(built), &built,
				 NULL));
	SAME(built, CL_BUILD_ERROR);
	OK(clGetProgramBuildInfo(bad, device, CL_PROGRAM_BUILD_LOG, 0, NULL, &size));
	SAME(size > 1, 1);
	OK(clReleaseProgram(bad));
	clCreateKernel(program, "scale", &status);
	SAME(status, CL_INVALID_PROGRAM_EXECUTABLE);
	OK(clBuildProgram(program, 1, &device, "-DK=3", NULL, NULL));
	OK(clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_OPTIONS, sizeof(text), text,
				 NULL));
	SAME(strcmp(text, "-DK=3"), 0);
	OK(clGetProgramInfo(program, CL_PROGRAM_SOURCE, sizeof(text), text, NULL));
	SAME(strcmp(text, source), 0);
	clCreateKernel(program, "none", &status);
	SAME(status, CL_INVALID_KERNEL_NAME);
	kernel = clCreateKernel(program, "scale", &status);
	OK(status);
	SAME(clBuildProgram(program, 0, NULL, "-DK=4", NULL, NULL), CL_INVALID_OPERATION);
	OK(clCreateKernelsInProgram(program, 2, two, &count));
	SAME(count, 2);
	for (int i = 0; i < 2; i++) {
		SAME(run(kernel, queues[i]), 132);
		clone = clCloneKernel(kernel, &status);
		/* Drivers of 2.0 and before have none. */
		if (status == CL_SUCCESS)
			OK(clReleaseKernel(clone));
		OK(clReleaseKernel(two[i]));
	}
	OK(clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, NULL));
	binary = malloc(size);
	OK(clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(binary), &binary, NULL));
	from_binary = clCreateProgramWithBinary(context, 1, &device, &size,
						(const unsigned char **)&binary, &loaded, &status);
	OK(status);
	OK(loaded);
	OK(clBuildProgram(from_binary, 0, NULL, NULL, NULL, NULL));
	OK(clReleaseKernel(kernel));
	kernel = clCreateKernel(from_binary, "scale", &status);
	OK(status);
	for (int i = 0; i < 2; i++)
		SAME(run(kernel, queues[i]), 132);
	OK(clReleaseKernel(kernel));
	OK(clReleaseProgram(from_binary));
	OK(clReleaseProgram(program));
	free(binary);
}

static void links(cl_command_queue *queues)
{
	cl_program header = program_of("int twice(int x);\n");
	cl_program library = program_of("int twice(int x) { return 2 * x; }\n");
	cl_program main_part =
	    program_of("#include <twice.h>\n"
		       "kernel void run(global int *a) { a[0] = twice(a[0]); }\n");
	const char *name = "twice.h";
	cl_program parts[2] = {main_part, library}, whole;
	cl_kernel kernel;
	int value = 21;
	cl_mem a = buffer_of(context, CL_MEM_COPY_HOST_PTR, sizeof(value), &value);
	const size_t one = 1;
	cl_int status;

	OK(clCompileProgram(library, 0, NULL, "", 0, NULL, NULL, NULL, NULL));
	OK(clCompileProgram(main_part, 1, &device, "", 1, &header, &name, NULL, NULL));
	whole = clLinkProgram(context, 1, &device, "", 2, parts, NULL, NULL, &status);
	OK(status);
	kernel = clCreateKernel(whole, "run", &status);
	OK(status);
	OK(clReleaseProgram(header));
	OK(clReleaseProgram(library));
	OK(clReleaseProgram(main_part));
	OK(clSetKernelArg(kernel, 0, sizeof(a), &a));
	for (int i = 0; i < 2; i++) {
		OK(clEnqueueNDRangeKernel(queues[i], kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
		OK(clEnqueueReadBuffer(queues[i], a, CL_TRUE, 0, sizeof(value), &value, 0, NULL,
				       NULL));
		SAME(value, i ? 84 : 42);
	}
	OK(clReleaseKernel(kernel));
	OK(clReleaseProgram(whole));
	OK(clReleaseMemObject(a));
}

static void refusals(cl_command_queue queue)
{
	cl_kernel kernel = kernel_of(context, source, "scale");
	cl_mem a = buffer_of(context, 0, 64, NULL);
	cl_context other = clCreateContext(NULL, 1, &device, NULL, NULL, NULL);
	cl_command_queue elsewhere = queue_of(other, 0);
	const size_t all = 64, none[3] = {0};
	int word = 0;
	size_t group;

	SAME(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &all, NULL, 0, NULL, NULL),
	     CL_INVALID_KERNEL_ARGS);
	SAME(clSetKernelArg(kernel, 9, 4, &word), CL_INVALID_ARG_INDEX);
	SAME(clSetKernelArg(kernel, 2, 0, NULL), CL_INVALID_ARG_SIZE);
	OK(clSetKernelArg(kernel, 0, sizeof(a), &a));
	OK(clGetKernelWorkGroupInfo(kernel, device, CL_KERNEL_WORK_GROUP_SIZE, sizeof(group),
				    &group, NULL));
	SAME(group > 0, 1);
	SAME(clEnqueueNDRangeKernel(elsewhere, kernel, 1, NULL, &all, NULL, 0, NULL, NULL),
	     CL_INVALID_CONTEXT);
	SAME(clEnqueueNDRangeKernel(NULL, kernel, 1, NULL, &all, NULL, 0, NULL, NULL),
	     CL_INVALID_COMMAND_QUEUE);
	SAME(clEnqueueReadBuffer(elsewhere, a, CL_TRUE, 0, 4, &word, 0, NULL, NULL),
	     CL_INVALID_CONTEXT);
	if (is_pooled) {
		SAME(clSetKernelArg(kernel, 0, sizeof(queue), &queue), CL_INVALID_MEM_OBJECT);
		OK(clReleaseMemObject(a));
		SAME(clSetKernelArg(kernel, 0, sizeof(a), &a), CL_INVALID_MEM_OBJECT);
		SAME(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, none, NULL, 0, NULL, NULL),
		     CL_INVALID_KERNEL_ARGS);
		a = NULL;
	}
	if (a)
		OK(clReleaseMemObject(a));
	OK(clReleaseCommandQueue(elsewhere));
	OK(clReleaseContext(other));
	OK(clReleaseKernel(kernel));
}

int main(void)
{
	cl_command_queue queues[2];

	start();
	for (int i = 0; i < 2; i++)
		queues[i] = queue_of(context, 0);
	builds(queues);
	links(queues);
	refusals(queues[0]);
	for (int i = 0; i < 2; i++)
		OK(clReleaseCommandQueue(queues[i]));
	OK(clReleaseContext(context));
	puts("done");
	return 0;
}
