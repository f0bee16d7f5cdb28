/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "dispatch.h"
#include "pool.h"
#include "settings.h"

#ifndef CL_PLATFORM_ICD_SUFFIX_KHR
#define CL_PLATFORM_ICD_SUFFIX_KHR 0x0920
#endif

static struct {
	const cl_icd_dispatch *dispatch;
} platform = {.dispatch = &dispatch}, device = {.dispatch = &dispatch};

cl_platform_id the_platform(void)
{
	return (cl_platform_id)&platform;
}

cl_device_id the_device(void)
{
	return (cl_device_id)&device;
}

cl_int answer(const void *data, size_t size, size_t room, void *out, size_t *used)
{
	if (out && room < size)
		return CL_INVALID_VALUE;
	if (used)
		*used = size;
	if (out && size)
		memcpy(out, data, size);
	return CL_SUCCESS;
}

cl_int answer_text(const char *text, size_t room, void *out, size_t *used)
{
	return answer(text, strlen(text) + 1, room, out, used);
}

cl_int check_device(cl_device_id asked)
{
	return asked == the_device() ? CL_SUCCESS : CL_INVALID_DEVICE;
}

cl_int check_devices(cl_uint count, const cl_device_id *devices)
{
	if (!count || !devices)
		return CL_INVALID_VALUE;
	for (cl_uint i = 0; i < count; i++)
		if (devices[i] != the_device())
			return CL_INVALID_DEVICE;
	return CL_SUCCESS;
}

cl_int CL_API_CALL pool_clGetPlatformIDs(cl_uint room, cl_platform_id *platforms, cl_uint *count)
{
	if ((platforms && !room) || (!platforms && !count))
		return CL_INVALID_VALUE;
	if (!pool()->count) {
		if (count)
			*count = 0;
		return CL_PLATFORM_NOT_FOUND_KHR;
	}
	if (platforms)
		platforms[0] = the_platform();
	if (count)
		*count = 1;
	return CL_SUCCESS;
}

cl_int CL_API_CALL pool_clGetPlatformInfo(cl_platform_id asked, cl_platform_info name, size_t room,
					  void *out, size_t *used)
{
	const bool three = pool()->version >= 300;

	/* NULL is for the implementation to say: there is one platform here. */
	if (asked && asked != the_platform())
		return CL_INVALID_PLATFORM;
	switch (name) {
	case CL_PLATFORM_PROFILE:
		return answer_text("FULL_PROFILE", room, out, used);
	case CL_PLATFORM_VERSION:
		return answer_text(three ? "OpenCL 3.0 " MVGAL_NAME " " MVGAL_VERSION
					 : "OpenCL 1.2 " MVGAL_NAME " " MVGAL_VERSION,
				   room, out, used);
	case CL_PLATFORM_NAME:
	case CL_PLATFORM_VENDOR:
	case CL_PLATFORM_ICD_SUFFIX_KHR:
		return answer_text(MVGAL_NAME, room, out, used);
	case CL_PLATFORM_EXTENSIONS: {
		char *shared = shared_extensions();
		cl_int status;

		if (!shared)
			return CL_OUT_OF_HOST_MEMORY;
		status = answer_text(shared, room, out, used);
		free(shared);
		return status;
	}
	case CL_PLATFORM_HOST_TIMER_RESOLUTION:
		if (!three)
			return CL_INVALID_VALUE;
		ANSWER(cl_ulong, 0);
	case CL_PLATFORM_NUMERIC_VERSION:
		if (!three)
			return CL_INVALID_VALUE;
		ANSWER(cl_version, CL_MAKE_VERSION(3, 0, 0));
	case CL_PLATFORM_EXTENSIONS_WITH_VERSION:
		if (!three)
			return CL_INVALID_VALUE;
		return answer_versions(CL_DEVICE_EXTENSIONS_WITH_VERSION, keeps_extension, room,
				       out, used);
	default:
		return CL_INVALID_VALUE;
	}
}

static bool is_asked(cl_device_type type)
{
	if (type & (CL_DEVICE_TYPE_DEFAULT | CL_DEVICE_TYPE_GPU))
		return true;
	return type & CL_DEVICE_TYPE_CPU && pool()->all_cpu;
}

cl_int CL_API_CALL pool_clGetDeviceIDs(cl_platform_id asked, cl_device_type type, cl_uint room,
				       cl_device_id *devices, cl_uint *count)
{
	const cl_device_type known = CL_DEVICE_TYPE_DEFAULT | CL_DEVICE_TYPE_CPU |
				     CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_ACCELERATOR |
				     CL_DEVICE_TYPE_CUSTOM;

	if (asked && asked != the_platform())
		return CL_INVALID_PLATFORM;
	if (type != CL_DEVICE_TYPE_ALL && (!type || type & ~known))
		return CL_INVALID_DEVICE_TYPE;
	if ((devices && !room) || (!devices && !count))
		return CL_INVALID_VALUE;
	if (!pool()->count || (type != CL_DEVICE_TYPE_ALL && !is_asked(type))) {
		if (count)
			*count = 0;
		return CL_DEVICE_NOT_FOUND;
	}
	if (devices)
		devices[0] = the_device();
	if (count)
		*count = 1;
	return CL_SUCCESS;
}

/* The pool is the whole: it has no parts to be asked for. */
cl_int CL_API_CALL pool_clCreateSubDevices(cl_device_id asked,
					   const cl_device_partition_property *properties,
					   cl_uint room, cl_device_id *devices, cl_uint *count)
{
	(void)room;
	(void)devices;
	if (check_device(asked) != CL_SUCCESS)
		return CL_INVALID_DEVICE;
	if (!properties)
		return CL_INVALID_VALUE;
	if (count)
		*count = 0;
	return CL_INVALID_VALUE;
}

cl_int CL_API_CALL pool_clRetainDevice(cl_device_id asked)
{
	return check_device(asked);
}

cl_int CL_API_CALL pool_clReleaseDevice(cl_device_id asked)
{
	return check_device(asked);
}

/* No timer is common to devices of several vendors: as with a host timer resolution of 0. */
cl_int CL_API_CALL pool_clGetDeviceAndHostTimer(cl_device_id asked, cl_ulong *of_device,
						cl_ulong *of_host)
{
	if (check_device(asked) != CL_SUCCESS)
		return CL_INVALID_DEVICE;
	return of_device && of_host ? CL_INVALID_OPERATION : CL_INVALID_VALUE;
}

cl_int CL_API_CALL pool_clGetHostTimer(cl_device_id asked, cl_ulong *of_host)
{
	if (check_device(asked) != CL_SUCCESS)
		return CL_INVALID_DEVICE;
	return of_host ? CL_INVALID_OPERATION : CL_INVALID_VALUE;
}
