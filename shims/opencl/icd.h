/* SPDX-License-Identifier: MIT */
/* What a loader finds in this library. */
#ifndef MVGAL_OPENCL_ICD_H
#define MVGAL_OPENCL_ICD_H

#include "opencl.h"

/* A name that this library alone exports. */
#define ICD_MARK "mvgal_opencl_version"

typedef cl_int(CL_API_CALL *clIcdGetPlatformIDsKHR_fn)(cl_uint, cl_platform_id *, cl_uint *);

#endif
