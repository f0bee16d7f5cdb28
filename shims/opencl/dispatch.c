/* SPDX-License-Identifier: MIT */
#include "dispatch.h"

#include <string.h>

#include "absent.h"
#include "context.h"
#include "device.h"
#include "enqueue.h"
#include "event.h"
#include "icd.h"
#include "kernel.h"
#include "launch.h"
#include "memory.h"
#include "program.h"
#include "queue.h"
#include "sampler.h"

static void *CL_API_CALL pool_clGetExtensionFunctionAddress(const char *name)
{
	return function_named(name);
}

static void *CL_API_CALL pool_clGetExtensionFunctionAddressForPlatform(cl_platform_id platform,
								       const char *name)
{
	return platform == the_platform() ? function_named(name) : NULL;
}

#define OURS(name) .name = pool_##name
/* Types of other systems: pointers to nothing here. */
#define ABSENT(name) .name = (void *)absent

const cl_icd_dispatch dispatch = {
    OURS(clGetPlatformIDs),
    OURS(clGetPlatformInfo),
    OURS(clGetDeviceIDs),
    OURS(clGetDeviceInfo),
    OURS(clCreateContext),
    OURS(clCreateContextFromType),
    OURS(clRetainContext),
    OURS(clReleaseContext),
    OURS(clGetContextInfo),
    OURS(clCreateCommandQueue),
    OURS(clRetainCommandQueue),
    OURS(clReleaseCommandQueue),
    OURS(clGetCommandQueueInfo),
    OURS(clSetCommandQueueProperty),
    OURS(clCreateBuffer),
    OURS(clCreateImage2D),
    OURS(clCreateImage3D),
    OURS(clRetainMemObject),
    OURS(clReleaseMemObject),
    OURS(clGetSupportedImageFormats),
    OURS(clGetMemObjectInfo),
    OURS(clGetImageInfo),
    OURS(clCreateSampler),
    OURS(clRetainSampler),
    OURS(clReleaseSampler),
    OURS(clGetSamplerInfo),
    OURS(clCreateProgramWithSource),
    OURS(clCreateProgramWithBinary),
    OURS(clRetainProgram),
    OURS(clReleaseProgram),
    OURS(clBuildProgram),
    OURS(clUnloadCompiler),
    OURS(clGetProgramInfo),
    OURS(clGetProgramBuildInfo),
    OURS(clCreateKernel),
    OURS(clCreateKernelsInProgram),
    OURS(clRetainKernel),
    OURS(clReleaseKernel),
    OURS(clSetKernelArg),
    OURS(clGetKernelInfo),
    OURS(clGetKernelWorkGroupInfo),
    OURS(clWaitForEvents),
    OURS(clGetEventInfo),
    OURS(clRetainEvent),
    OURS(clReleaseEvent),
    OURS(clGetEventProfilingInfo),
    OURS(clFlush),
    OURS(clFinish),
    OURS(clEnqueueReadBuffer),
    OURS(clEnqueueWriteBuffer),
    OURS(clEnqueueCopyBuffer),
    OURS(clEnqueueReadImage),
    OURS(clEnqueueWriteImage),
    OURS(clEnqueueCopyImage),
    OURS(clEnqueueCopyImageToBuffer),
    OURS(clEnqueueCopyBufferToImage),
    OURS(clEnqueueMapBuffer),
    OURS(clEnqueueMapImage),
    OURS(clEnqueueUnmapMemObject),
    OURS(clEnqueueNDRangeKernel),
    OURS(clEnqueueTask),
    OURS(clEnqueueNativeKernel),
    OURS(clEnqueueMarker),
    OURS(clEnqueueWaitForEvents),
    OURS(clEnqueueBarrier),
    OURS(clGetExtensionFunctionAddress),
    OURS(clCreateFromGLBuffer),
    OURS(clCreateFromGLTexture2D),
    OURS(clCreateFromGLTexture3D),
    OURS(clCreateFromGLRenderbuffer),
    OURS(clGetGLObjectInfo),
    OURS(clGetGLTextureInfo),
    OURS(clEnqueueAcquireGLObjects),
    OURS(clEnqueueReleaseGLObjects),
    OURS(clGetGLContextInfoKHR),
    ABSENT(clGetDeviceIDsFromD3D10KHR),
    ABSENT(clCreateFromD3D10BufferKHR),
    ABSENT(clCreateFromD3D10Texture2DKHR),
    ABSENT(clCreateFromD3D10Texture3DKHR),
    ABSENT(clEnqueueAcquireD3D10ObjectsKHR),
    ABSENT(clEnqueueReleaseD3D10ObjectsKHR),
    OURS(clSetEventCallback),
    OURS(clCreateSubBuffer),
    OURS(clSetMemObjectDestructorCallback),
    OURS(clCreateUserEvent),
    OURS(clSetUserEventStatus),
    OURS(clEnqueueReadBufferRect),
    OURS(clEnqueueWriteBufferRect),
    OURS(clEnqueueCopyBufferRect),
    OURS(clCreateSubDevicesEXT),
    OURS(clRetainDeviceEXT),
    OURS(clReleaseDeviceEXT),
    OURS(clCreateEventFromGLsyncKHR),
    OURS(clCreateSubDevices),
    OURS(clRetainDevice),
    OURS(clReleaseDevice),
    OURS(clCreateImage),
    OURS(clCreateProgramWithBuiltInKernels),
    OURS(clCompileProgram),
    OURS(clLinkProgram),
    OURS(clUnloadPlatformCompiler),
    OURS(clGetKernelArgInfo),
    OURS(clEnqueueFillBuffer),
    OURS(clEnqueueFillImage),
    OURS(clEnqueueMigrateMemObjects),
    OURS(clEnqueueMarkerWithWaitList),
    OURS(clEnqueueBarrierWithWaitList),
    OURS(clGetExtensionFunctionAddressForPlatform),
    OURS(clCreateFromGLTexture),
    ABSENT(clGetDeviceIDsFromD3D11KHR),
    ABSENT(clCreateFromD3D11BufferKHR),
    ABSENT(clCreateFromD3D11Texture2DKHR),
    ABSENT(clCreateFromD3D11Texture3DKHR),
    ABSENT(clCreateFromDX9MediaSurfaceKHR),
    ABSENT(clEnqueueAcquireD3D11ObjectsKHR),
    ABSENT(clEnqueueReleaseD3D11ObjectsKHR),
    ABSENT(clGetDeviceIDsFromDX9MediaAdapterKHR),
    ABSENT(clEnqueueAcquireDX9MediaSurfacesKHR),
    ABSENT(clEnqueueReleaseDX9MediaSurfacesKHR),
    OURS(clCreateFromEGLImageKHR),
    OURS(clEnqueueAcquireEGLObjectsKHR),
    OURS(clEnqueueReleaseEGLObjectsKHR),
    OURS(clCreateEventFromEGLSyncKHR),
    OURS(clCreateCommandQueueWithProperties),
    OURS(clCreatePipe),
    OURS(clGetPipeInfo),
    OURS(clSVMAlloc),
    OURS(clSVMFree),
    OURS(clEnqueueSVMFree),
    OURS(clEnqueueSVMMemcpy),
    OURS(clEnqueueSVMMemFill),
    OURS(clEnqueueSVMMap),
    OURS(clEnqueueSVMUnmap),
    OURS(clCreateSamplerWithProperties),
    OURS(clSetKernelArgSVMPointer),
    OURS(clSetKernelExecInfo),
    .clGetKernelSubGroupInfoKHR = pool_clGetKernelSubGroupInfo,
    OURS(clCloneKernel),
    OURS(clCreateProgramWithIL),
    OURS(clEnqueueSVMMigrateMem),
    OURS(clGetDeviceAndHostTimer),
    OURS(clGetHostTimer),
    OURS(clGetKernelSubGroupInfo),
    OURS(clSetDefaultDeviceCommandQueue),
    OURS(clSetProgramReleaseCallback),
    OURS(clSetProgramSpecializationConstant),
    OURS(clCreateBufferWithProperties),
    OURS(clCreateImageWithProperties),
    OURS(clSetContextDestructorCallback),
};

/* What is no function of the core has to be asked for by name. */
static const struct {
	const char *name;
	void *function;
} named[] = {
    {"clIcdGetPlatformIDsKHR", (void *)clIcdGetPlatformIDsKHR},
    {"clGetPlatformInfo", (void *)pool_clGetPlatformInfo},
    {"clCreateProgramWithILKHR", (void *)pool_clCreateProgramWithIL},
    {"clGetKernelSubGroupInfoKHR", (void *)pool_clGetKernelSubGroupInfo},
    {"clCreateSubDevicesEXT", (void *)pool_clCreateSubDevicesEXT},
    {"clRetainDeviceEXT", (void *)pool_clRetainDeviceEXT},
    {"clReleaseDeviceEXT", (void *)pool_clReleaseDeviceEXT},
};

void *function_named(const char *name)
{
	for (size_t i = 0; name && i < sizeof(named) / sizeof(*named); i++)
		if (!strcmp(name, named[i].name))
			return named[i].function;
	return NULL;
}
