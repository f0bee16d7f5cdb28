/*
 * Calls each function of a loader without objects, and all else 0: nulls LOADER [empty]. Where it
 * is empty, the loader has no pool to show.
 */
#include "opencl.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No argument of OpenCL's is other than a pointer or an integer; none has more than 14. */
typedef uintptr_t any(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t,
		      uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

/* Where the status is: in what is returned, in the last of so many arguments, or nowhere. */
enum { RETURNED = 0, POINTER_ALONE = -1, NOTHING = -2 };

/* clang-format off */
#define STATUS(name, status) {#name, RETURNED, status, status}
#define MADE(name, arguments, status) {#name, arguments, status, status}
#define POINTER(name) {#name, POINTER_ALONE, 0, 0}
/* Those that have no object: with a pool, and without. */
#define POOLED(name, status) {#name, RETURNED, status, CL_INVALID_PLATFORM}
/* clang-format on */

static const struct {
	const char *name;
	int arguments;
	cl_int status;
	cl_int empty;
} functions[] = {
    {"clGetPlatformIDs", RETURNED, CL_INVALID_VALUE, CL_INVALID_VALUE},
    POOLED(clGetPlatformInfo, CL_INVALID_VALUE),
    POOLED(clGetDeviceIDs, CL_INVALID_DEVICE_TYPE),
    {"clCreateContext", 6, CL_INVALID_VALUE, CL_INVALID_PLATFORM},
    {"clCreateContextFromType", 5, CL_INVALID_DEVICE_TYPE, CL_INVALID_PLATFORM},
    {"clUnloadCompiler", RETURNED, CL_SUCCESS, CL_SUCCESS},
    STATUS(clUnloadPlatformCompiler, CL_INVALID_PLATFORM),
    STATUS(clWaitForEvents, CL_INVALID_VALUE),
    POOLED(clGetGLContextInfoKHR, CL_INVALID_OPERATION),
    POINTER(clGetExtensionFunctionAddress),
    POINTER(clGetExtensionFunctionAddressForPlatform),
    POINTER(clSVMAlloc),
    {"clSVMFree", NOTHING, 0, 0},
    STATUS(clGetDeviceInfo, CL_INVALID_DEVICE),
    STATUS(clRetainContext, CL_INVALID_CONTEXT),
    STATUS(clReleaseContext, CL_INVALID_CONTEXT),
    STATUS(clGetContextInfo, CL_INVALID_CONTEXT),
    MADE(clCreateCommandQueue, 4, CL_INVALID_CONTEXT),
    STATUS(clRetainCommandQueue, CL_INVALID_COMMAND_QUEUE),
    STATUS(clReleaseCommandQueue, CL_INVALID_COMMAND_QUEUE),
    STATUS(clGetCommandQueueInfo, CL_INVALID_COMMAND_QUEUE),
    STATUS(clSetCommandQueueProperty, CL_INVALID_COMMAND_QUEUE),
    MADE(clCreateBuffer, 5, CL_INVALID_CONTEXT),
    MADE(clCreateImage2D, 8, CL_INVALID_CONTEXT),
    MADE(clCreateImage3D, 10, CL_INVALID_CONTEXT),
    STATUS(clRetainMemObject, CL_INVALID_MEM_OBJECT),
    STATUS(clReleaseMemObject, CL_INVALID_MEM_OBJECT),
    STATUS(clGetSupportedImageFormats, CL_INVALID_CONTEXT),
    STATUS(clGetMemObjectInfo, CL_INVALID_MEM_OBJECT),
    STATUS(clGetImageInfo, CL_INVALID_MEM_OBJECT),
    MADE(clCreateSampler, 5, CL_INVALID_CONTEXT),
    STATUS(clRetainSampler, CL_INVALID_SAMPLER),
    STATUS(clReleaseSampler, CL_INVALID_SAMPLER),
    STATUS(clGetSamplerInfo, CL_INVALID_SAMPLER),
    MADE(clCreateProgramWithSource, 5, CL_INVALID_CONTEXT),
    MADE(clCreateProgramWithBinary, 7, CL_INVALID_CONTEXT),
    STATUS(clRetainProgram, CL_INVALID_PROGRAM),
    STATUS(clReleaseProgram, CL_INVALID_PROGRAM),
    STATUS(clBuildProgram, CL_INVALID_PROGRAM),
    STATUS(clGetProgramInfo, CL_INVALID_PROGRAM),
    STATUS(clGetProgramBuildInfo, CL_INVALID_PROGRAM),
    MADE(clCreateKernel, 3, CL_INVALID_PROGRAM),
    STATUS(clCreateKernelsInProgram, CL_INVALID_PROGRAM),
    STATUS(clRetainKernel, CL_INVALID_KERNEL),
    STATUS(clReleaseKernel, CL_INVALID_KERNEL),
    STATUS(clSetKernelArg, CL_INVALID_KERNEL),
    STATUS(clGetKernelInfo, CL_INVALID_KERNEL),
    STATUS(clGetKernelWorkGroupInfo, CL_INVALID_KERNEL),
    STATUS(clGetEventInfo, CL_INVALID_EVENT),
    STATUS(clRetainEvent, CL_INVALID_EVENT),
    STATUS(clReleaseEvent, CL_INVALID_EVENT),
    STATUS(clGetEventProfilingInfo, CL_INVALID_EVENT),
    STATUS(clFlush, CL_INVALID_COMMAND_QUEUE),
    STATUS(clFinish, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueReadBuffer, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueWriteBuffer, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueCopyBuffer, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueReadImage, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueWriteImage, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueCopyImage, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueCopyImageToBuffer, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueCopyBufferToImage, CL_INVALID_COMMAND_QUEUE),
    MADE(clEnqueueMapBuffer, 10, CL_INVALID_COMMAND_QUEUE),
    MADE(clEnqueueMapImage, 12, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueUnmapMemObject, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueNDRangeKernel, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueTask, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueNativeKernel, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueMarker, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueWaitForEvents, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueBarrier, CL_INVALID_COMMAND_QUEUE),
    MADE(clCreateFromGLBuffer, 4, CL_INVALID_CONTEXT),
    MADE(clCreateFromGLTexture2D, 6, CL_INVALID_CONTEXT),
    MADE(clCreateFromGLTexture3D, 6, CL_INVALID_CONTEXT),
    MADE(clCreateFromGLRenderbuffer, 4, CL_INVALID_CONTEXT),
    STATUS(clGetGLObjectInfo, CL_INVALID_MEM_OBJECT),
    STATUS(clGetGLTextureInfo, CL_INVALID_MEM_OBJECT),
    STATUS(clEnqueueAcquireGLObjects, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueReleaseGLObjects, CL_INVALID_COMMAND_QUEUE),
    MADE(clCreateFromEGLImageKHR, 6, CL_INVALID_CONTEXT),
    STATUS(clEnqueueAcquireEGLObjectsKHR, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueReleaseEGLObjectsKHR, CL_INVALID_COMMAND_QUEUE),
    MADE(clCreateEventFromEGLSyncKHR, 4, CL_INVALID_CONTEXT),
    STATUS(clSetEventCallback, CL_INVALID_EVENT),
    MADE(clCreateSubBuffer, 5, CL_INVALID_MEM_OBJECT),
    STATUS(clSetMemObjectDestructorCallback, CL_INVALID_MEM_OBJECT),
    MADE(clCreateUserEvent, 2, CL_INVALID_CONTEXT),
    STATUS(clSetUserEventStatus, CL_INVALID_EVENT),
    STATUS(clEnqueueReadBufferRect, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueWriteBufferRect, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueCopyBufferRect, CL_INVALID_COMMAND_QUEUE),
    STATUS(clCreateSubDevicesEXT, CL_INVALID_DEVICE),
    STATUS(clRetainDeviceEXT, CL_INVALID_DEVICE),
    STATUS(clReleaseDeviceEXT, CL_INVALID_DEVICE),
    MADE(clCreateEventFromGLsyncKHR, 3, CL_INVALID_CONTEXT),
    STATUS(clCreateSubDevices, CL_INVALID_DEVICE),
    STATUS(clRetainDevice, CL_INVALID_DEVICE),
    STATUS(clReleaseDevice, CL_INVALID_DEVICE),
    MADE(clCreateImage, 6, CL_INVALID_CONTEXT),
    MADE(clCreateProgramWithBuiltInKernels, 5, CL_INVALID_CONTEXT),
    STATUS(clCompileProgram, CL_INVALID_PROGRAM),
    MADE(clLinkProgram, 9, CL_INVALID_CONTEXT),
    STATUS(clGetKernelArgInfo, CL_INVALID_KERNEL),
    STATUS(clEnqueueFillBuffer, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueFillImage, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueMigrateMemObjects, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueMarkerWithWaitList, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueBarrierWithWaitList, CL_INVALID_COMMAND_QUEUE),
    MADE(clCreateFromGLTexture, 6, CL_INVALID_CONTEXT),
    MADE(clCreateCommandQueueWithProperties, 4, CL_INVALID_CONTEXT),
    MADE(clCreatePipe, 6, CL_INVALID_CONTEXT),
    STATUS(clGetPipeInfo, CL_INVALID_MEM_OBJECT),
    STATUS(clEnqueueSVMFree, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueSVMMemcpy, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueSVMMemFill, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueSVMMap, CL_INVALID_COMMAND_QUEUE),
    STATUS(clEnqueueSVMUnmap, CL_INVALID_COMMAND_QUEUE),
    MADE(clCreateSamplerWithProperties, 3, CL_INVALID_CONTEXT),
    STATUS(clSetKernelArgSVMPointer, CL_INVALID_KERNEL),
    STATUS(clSetKernelExecInfo, CL_INVALID_KERNEL),
    STATUS(clGetKernelSubGroupInfoKHR, CL_INVALID_KERNEL),
    MADE(clCloneKernel, 2, CL_INVALID_KERNEL),
    MADE(clCreateProgramWithIL, 4, CL_INVALID_CONTEXT),
    STATUS(clEnqueueSVMMigrateMem, CL_INVALID_COMMAND_QUEUE),
    STATUS(clGetDeviceAndHostTimer, CL_INVALID_DEVICE),
    STATUS(clGetHostTimer, CL_INVALID_DEVICE),
    STATUS(clGetKernelSubGroupInfo, CL_INVALID_KERNEL),
    STATUS(clSetDefaultDeviceCommandQueue, CL_INVALID_CONTEXT),
    STATUS(clSetProgramReleaseCallback, CL_INVALID_PROGRAM),
    STATUS(clSetProgramSpecializationConstant, CL_INVALID_PROGRAM),
    MADE(clCreateBufferWithProperties, 6, CL_INVALID_CONTEXT),
    MADE(clCreateImageWithProperties, 7, CL_INVALID_CONTEXT),
    STATUS(clSetContextDestructorCallback, CL_INVALID_CONTEXT),
};

static void *library;
static int failures;

static any *look_up(const char *name)
{
	any *function = (any *)dlsym(library, name);

	if (!function) {
		fprintf(stderr, "%s is not there\n", name);
		exit(1);
	}
	return function;
}

static uintptr_t call(const char *name, int at, cl_int *status)
{
	uintptr_t a[14] = {0};

	if (at > 0)
		a[at - 1] = (uintptr_t)status;
	return look_up(name)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10],
			     a[11], a[12], a[13]);
}

static void expect(const char *name, long got, long expected)
{
	if (got == expected)
		return;
	fprintf(stderr, "%s: %ld, not %ld\n", name, got, expected);
	failures++;
}

/* Of those that say how many there are. */
static void count_platforms(bool is_empty)
{
	cl_uint count = 7;
	const cl_int status = (cl_int)look_up("clGetPlatformIDs")(0, 0, (uintptr_t)&count, 0, 0, 0,
								  0, 0, 0, 0, 0, 0, 0, 0);

	expect("clGetPlatformIDs", status, is_empty ? CL_PLATFORM_NOT_FOUND_KHR : CL_SUCCESS);
	expect("number of platforms", count, is_empty ? 0 : 1);
}

/* A list whose first event is none. */
static void wait_for_none(void)
{
	const cl_event none[] = {NULL};
	const uintptr_t status =
	    look_up("clWaitForEvents")(1, (uintptr_t)none, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

	expect("clWaitForEvents", (cl_int)status, CL_INVALID_EVENT);
}

int main(int count, char **arguments)
{
	const bool is_empty = count > 2;

	library = count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		const char *name = functions[i].name;
		const cl_int expected = is_empty ? functions[i].empty : functions[i].status;
		cl_int status = 1;
		uintptr_t got;

		/* Twice: with a place for the status, and without. */
		got = call(name, 0, NULL);
		if (functions[i].arguments == RETURNED)
			expect(name, (cl_int)got, expected);
		else if (functions[i].arguments != NOTHING)
			expect(name, got != 0, false);
		if (functions[i].arguments > 0) {
			expect(name, call(name, functions[i].arguments, &status) != 0, false);
			expect(name, status, expected);
		}
		printf("%s\n", name);
	}
	count_platforms(is_empty);
	wait_for_none();
	return failures != 0;
}
