/* SPDX-License-Identifier: MIT */
/* The platform and its one device. */
#ifndef MVGAL_OPENCL_DEVICE_H
#define MVGAL_OPENCL_DEVICE_H

#include "opencl.h"

#define MVGAL_NAME "MVGAL"
#define MVGAL_VERSION "0.1.0"

cl_platform_id the_platform(void);
cl_device_id the_device(void);

/* Whether a list of devices names ours alone: CL_SUCCESS, or the error for it. */
cl_int check_devices(cl_uint count, const cl_device_id *devices);
cl_int check_device(cl_device_id device);

/*
 * What all members list, of a text of words with blanks between them, as they stand with the first;
 * and what a pool can keep. Free it. NULL: no memory.
 */
char *shared_extensions(void);
/* The same as an array of cl_name_version, with the first member's versions. */
cl_int answer_versions(cl_device_info name, bool (*wanted)(const char *name), size_t room,
		       void *out, size_t *used);
bool keeps_extension(const char *name);

cl_int CL_API_CALL pool_clGetPlatformIDs(cl_uint, cl_platform_id *, cl_uint *);
cl_int CL_API_CALL pool_clGetPlatformInfo(cl_platform_id, cl_platform_info, size_t, void *,
					  size_t *);
cl_int CL_API_CALL pool_clGetDeviceIDs(cl_platform_id, cl_device_type, cl_uint, cl_device_id *,
				       cl_uint *);
cl_int CL_API_CALL pool_clGetDeviceInfo(cl_device_id, cl_device_info, size_t, void *, size_t *);
cl_int CL_API_CALL pool_clCreateSubDevices(cl_device_id, const cl_device_partition_property *,
					   cl_uint, cl_device_id *, cl_uint *);
cl_int CL_API_CALL pool_clRetainDevice(cl_device_id);
cl_int CL_API_CALL pool_clReleaseDevice(cl_device_id);
cl_int CL_API_CALL pool_clGetDeviceAndHostTimer(cl_device_id, cl_ulong *, cl_ulong *);
cl_int CL_API_CALL pool_clGetHostTimer(cl_device_id, cl_ulong *);

#endif
