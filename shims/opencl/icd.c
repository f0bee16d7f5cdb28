/* SPDX-License-Identifier: MIT */
/* What loaders find: ocl-icd by name, Khronos' by clGetExtensionFunctionAddress too. */
#include "icd.h"

#include "device.h"
#include "dispatch.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT const char mvgal_opencl_version[] = MVGAL_VERSION;

EXPORT cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *platforms,
						 cl_uint *count)
{
	return pool_clGetPlatformIDs(room, platforms, count);
}

EXPORT void *CL_API_CALL clGetExtensionFunctionAddress(const char *name)
{
	return function_named(name);
}

EXPORT cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id platform, cl_platform_info name,
					    size_t room, void *out, size_t *used)
{
	return pool_clGetPlatformInfo(platform, name, room, out, used);
}
