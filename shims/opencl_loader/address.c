/* SPDX-License-Identifier: MIT */
/* Functions that are asked for by name. */
#include <string.h>

#include "call.h"
#include "device.h"
#include "open.h"

/* cl_loader_info, ICD_VERSION 2.0 of ocl-icd: clinfo shows it. */
#define LOADER_OCL_VERSION 1
#define LOADER_VERSION 2
#define LOADER_NAME 3
#define LOADER_VENDOR 4

static cl_int CL_API_CALL loader_info(cl_uint name, size_t room, void *out, size_t *used)
{
	static const char *const texts[] = {
	    [LOADER_OCL_VERSION] = "OpenCL 3.0",
	    [LOADER_VERSION] = MVGAL_VERSION,
	    [LOADER_NAME] = MVGAL_NAME " OpenCL loader",
	    [LOADER_VENDOR] = MVGAL_NAME,
	};

	if (name < LOADER_OCL_VERSION || name > LOADER_VENDOR)
		return CL_INVALID_VALUE;
	if (out && room < strlen(texts[name]) + 1)
		return CL_INVALID_VALUE;
	if (out)
		strcpy(out, texts[name]);
	if (used)
		*used = strlen(texts[name]) + 1;
	return CL_SUCCESS;
}

/* Headers before 2022 have it in the dispatch table alone. */
cl_event CL_API_CALL clCreateEventFromGLsyncKHR(cl_context, cl_GLsync, cl_int *);

/* clang-format off */
#define OWN(name) {#name, (void *)name}
/* clang-format on */

/* The extensions that are exported here go by the object, as the others do. */
static void *own(const char *name)
{
	static const struct {
		const char *name;
		void *function;
	} owns[] = {
	    {"clGetICDLoaderInfoOCLICD", (void *)loader_info},
	    OWN(clGetGLContextInfoKHR),
	    OWN(clCreateEventFromGLsyncKHR),
	    OWN(clCreateFromEGLImageKHR),
	    OWN(clEnqueueAcquireEGLObjectsKHR),
	    OWN(clEnqueueReleaseEGLObjectsKHR),
	    OWN(clCreateEventFromEGLSyncKHR),
	    OWN(clCreateSubDevicesEXT),
	    OWN(clRetainDeviceEXT),
	    OWN(clReleaseDeviceEXT),
	    OWN(clGetKernelSubGroupInfoKHR),
	};

	for (size_t i = 0; i < sizeof(owns) / sizeof(*owns); i++)
		if (!strcmp(name, owns[i].name))
			return owns[i].function;
	return NULL;
}

EXPORT void *CL_API_CALL clGetExtensionFunctionAddress(const char *name)
{
	void *function = name ? own(name) : NULL;

	if (!name || function || !pool_platform())
		return function;
	return of(pool_platform())->clGetExtensionFunctionAddress(name);
}

EXPORT void *CL_API_CALL clGetExtensionFunctionAddressForPlatform(cl_platform_id platform,
								  const char *name)
{
	void *function;

	if (!platform || !name)
		return NULL;
	function = own(name);
	if (function)
		return function;
	return of(platform)->clGetExtensionFunctionAddressForPlatform(platform, name);
}
