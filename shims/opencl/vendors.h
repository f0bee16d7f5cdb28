/* SPDX-License-Identifier: MIT */
/* The OpenCL libraries of this host's vendors, which this shim opens itself: never libOpenCL. */
#ifndef MVGAL_OPENCL_VENDORS_H
#define MVGAL_OPENCL_VENDORS_H

#include "opencl.h"

/*
 * Calls `found` with each platform of each vendor, in order of the names of their files. `where` is
 * a directory of .icd files, one such file, or a library: what OCL_ICD_VENDORS may be; NULL for
 * /etc/OpenCL/vendors.
 */
void vendors_each(const char *where, void (*found)(cl_platform_id platform, void *data),
		  void *data);

#endif
