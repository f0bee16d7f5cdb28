/* SPDX-License-Identifier: MIT */
/* The table that a loader calls through: the first word of each of our objects points to it. */
#ifndef MVGAL_OPENCL_DISPATCH_H
#define MVGAL_OPENCL_DISPATCH_H

#include "opencl.h"

extern const cl_icd_dispatch dispatch;

/* A function of OpenCL or of the extensions that we have; NULL: none. */
void *function_named(const char *name);

#endif
