/* SPDX-License-Identifier: MIT */
/* The functions that may have no object: the pool is meant then. */
#include "call.h"
#include "open.h"

static cl_platform_id or_pool(cl_platform_id platform)
{
	return platform ? platform : pool_platform();
}

EXPORT cl_int CL_API_CALL clGetPlatformIDs(cl_uint room, cl_platform_id *platforms, cl_uint *count)
{
	if ((platforms && !room) || (!platforms && !count))
		return CL_INVALID_VALUE;
	if (count)
		*count = pool_platform() ? 1 : 0;
	if (!pool_platform())
		return CL_PLATFORM_NOT_FOUND_KHR;
	if (platforms)
		platforms[0] = pool_platform();
	return CL_SUCCESS;
}

EXPORT cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id asked, cl_platform_info name,
					    size_t room, void *out, size_t *used)
{
	const cl_platform_id platform = or_pool(asked);

	if (!platform)
		return CL_INVALID_PLATFORM;
	return of(platform)->clGetPlatformInfo(platform, name, room, out, used);
}

EXPORT cl_int CL_API_CALL clGetDeviceIDs(cl_platform_id asked, cl_device_type type, cl_uint room,
					 cl_device_id *devices, cl_uint *count)
{
	const cl_platform_id platform = or_pool(asked);

	if (!platform)
		return CL_INVALID_PLATFORM;
	return of(platform)->clGetDeviceIDs(platform, type, room, devices, count);
}

EXPORT cl_int CL_API_CALL clUnloadPlatformCompiler(cl_platform_id platform)
{
	if (!platform)
		return CL_INVALID_PLATFORM;
	return of(platform)->clUnloadPlatformCompiler(platform);
}

EXPORT cl_int CL_API_CALL clUnloadCompiler(void)
{
	const cl_platform_id platform = pool_platform();

	return platform ? of(platform)->clUnloadCompiler() : CL_SUCCESS;
}

/* The platform that is named, or the pool. */
static cl_platform_id platform_in(const cl_context_properties *properties)
{
	for (; properties && properties[0]; properties += 2)
		if (properties[0] == CL_CONTEXT_PLATFORM && properties[1])
			return (cl_platform_id)properties[1];
	return pool_platform();
}

EXPORT cl_context CL_API_CALL clCreateContext(const cl_context_properties *properties,
					      cl_uint count, const cl_device_id *devices,
					      void(CL_CALLBACK *notify)(const char *, const void *,
									size_t, void *),
					      void *data, cl_int *status)
{
	const cl_device_id device = count && devices ? devices[0] : NULL;
	const void *object = device;

	if (!object)
		object = platform_in(properties);
	if (object)
		return of(object)->clCreateContext(properties, count, devices, notify, data,
						   status);
	status_to(status, CL_INVALID_PLATFORM);
	return NULL;
}

EXPORT cl_context CL_API_CALL
clCreateContextFromType(const cl_context_properties *properties, cl_device_type type,
			void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *),
			void *data, cl_int *status)
{
	const cl_platform_id platform = platform_in(properties);

	if (platform)
		return of(platform)->clCreateContextFromType(properties, type, notify, data,
							     status);
	status_to(status, CL_INVALID_PLATFORM);
	return NULL;
}

EXPORT cl_int CL_API_CALL clGetGLContextInfoKHR(const cl_context_properties *properties,
						cl_gl_context_info name, size_t room, void *out,
						size_t *used)
{
	const cl_platform_id platform = platform_in(properties);

	if (!platform)
		return CL_INVALID_PLATFORM;
	return of(platform)->clGetGLContextInfoKHR(properties, name, room, out, used);
}

EXPORT cl_int CL_API_CALL clWaitForEvents(cl_uint count, const cl_event *events)
{
	if (!count || !events)
		return CL_INVALID_VALUE;
	if (!events[0])
		return CL_INVALID_EVENT;
	return of(events[0])->clWaitForEvents(count, events);
}

EXPORT void *CL_API_CALL clSVMAlloc(cl_context context, cl_svm_mem_flags flags, size_t size,
				    cl_uint alignment)
{
	return context ? of(context)->clSVMAlloc(context, flags, size, alignment) : NULL;
}

EXPORT void CL_API_CALL clSVMFree(cl_context context, void *memory)
{
	if (context)
		of(context)->clSVMFree(context, memory);
}
