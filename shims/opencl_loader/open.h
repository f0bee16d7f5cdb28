/* SPDX-License-Identifier: MIT */
/* The pool that this loader shows: the one platform of libmvgal_opencl.so, which lies beside it. */
#ifndef MVGAL_OPENCL_LOADER_OPEN_H
#define MVGAL_OPENCL_LOADER_OPEN_H

#include "opencl.h"

/* Opens it at the first call. NULL: it cannot be opened, or has no member. */
cl_platform_id pool_platform(void);

#endif
