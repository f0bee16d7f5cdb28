/*
 * Lists the platforms, and runs a kernel on the first. With -DBY_NAME="..." it opens that library
 * and looks the functions up there, else it is linked with them.
 */
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define FUNCTIONS(X)                                                                               \
	X(clGetPlatformIDs)                                                                        \
	X(clGetPlatformInfo)                                                                       \
	X(clGetDeviceIDs)                                                                          \
	X(clCreateContext)                                                                         \
	X(clCreateCommandQueue)                                                                    \
	X(clCreateBuffer)                                                                          \
	X(clCreateProgramWithSource)                                                               \
	X(clBuildProgram)                                                                          \
	X(clCreateKernel)                                                                          \
	X(clSetKernelArg)                                                                          \
	X(clEnqueueNDRangeKernel)                                                                  \
	X(clEnqueueReadBuffer)

#define FIELD(name) __typeof__(&name) name;
static struct {
	FUNCTIONS(FIELD)
} cl;

static void find(void)
{
#ifdef BY_NAME
	void *library = dlopen(BY_NAME, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		printf("%s\n", dlerror());
		exit(1);
	}
#define LOOK_UP(name) cl.name = (__typeof__(cl.name))dlsym(library, #name);
#else
#define LOOK_UP(name) cl.name = name;
#endif
	FUNCTIONS(LOOK_UP)
}

static void ok(cl_int status, int line)
{
	if (status == CL_SUCCESS)
		return;
	printf("line %d: %d\n", line, status);
	exit(1);
}
#define OK(status) ok(status, __LINE__)

int main(void)
{
	const char *source = "kernel void twice(global int *a) {"
			     " a[get_global_id(0)] = 2 * (int)get_global_id(0); }";
	const size_t size = 1024;
	static int numbers[1024];
	cl_platform_id platforms[8];
	cl_uint count = 0;
	char name[64] = "";
	cl_device_id device;
	cl_context context;
	cl_command_queue queue;
	cl_program program;
	cl_kernel kernel;
	cl_mem buffer;
	cl_int status;
	long sum = 0;

	find();
	status = cl.clGetPlatformIDs(8, platforms, &count);
	if (status != CL_SUCCESS) {
		printf("no platform: %d\n", status);
		return 0;
	}
	OK(cl.clGetPlatformInfo(platforms[0], CL_PLATFORM_NAME, sizeof(name), name, NULL));
	OK(cl.clGetDeviceIDs(platforms[0], CL_DEVICE_TYPE_ALL, 1, &device, NULL));
	context = cl.clCreateContext(NULL, 1, &device, NULL, NULL, &status);
	OK(status);
	queue = cl.clCreateCommandQueue(context, device, 0, &status);
	OK(status);
	buffer = cl.clCreateBuffer(context, CL_MEM_READ_WRITE, sizeof(numbers), NULL, &status);
	OK(status);
	program = cl.clCreateProgramWithSource(context, 1, &source, NULL, &status);
	OK(status);
	OK(cl.clBuildProgram(program, 1, &device, "", NULL, NULL));
	kernel = cl.clCreateKernel(program, "twice", &status);
	OK(status);
	OK(cl.clSetKernelArg(kernel, 0, sizeof(buffer), &buffer));
	OK(cl.clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &size, NULL, 0, NULL, NULL));
	OK(cl.clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, sizeof(numbers), numbers, 0, NULL,
				  NULL));
	for (size_t i = 0; i < size; i++)
		sum += numbers[i];
	printf("%u %s %ld\n", count, name, sum);
	return 0;
}
