/* SPDX-License-Identifier: MIT */
/* Running kernels: every one goes through launch. */
#ifndef MVGAL_OPENCL_LAUNCH_H
#define MVGAL_OPENCL_LAUNCH_H

#include "command.h"
#include "kernel.h"

struct ndrange {
	cl_uint dimensions;
	const size_t *offset; /* NULL: zeros */
	const size_t *global;
	const size_t *local;  /* NULL: as the member likes */
	cl_command_type type; /* an NDRange, or a task */
};

cl_int launch(cl_command_queue queue, cl_kernel kernel, const struct ndrange *range, cl_uint count,
	      const cl_event *waits, cl_event *event);

cl_int CL_API_CALL pool_clEnqueueNDRangeKernel(cl_command_queue, cl_kernel, cl_uint, const size_t *,
					       const size_t *, const size_t *, cl_uint,
					       const cl_event *, cl_event *);
cl_int CL_API_CALL pool_clEnqueueTask(cl_command_queue, cl_kernel, cl_uint, const cl_event *,
				      cl_event *);

#endif
