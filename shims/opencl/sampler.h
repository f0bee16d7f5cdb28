/* SPDX-License-Identifier: MIT */
/* Samplers, which each member has for itself. */
#ifndef MVGAL_OPENCL_SAMPLER_H
#define MVGAL_OPENCL_SAMPLER_H

#include "context.h"

struct sampler {
	struct object object;
	struct context *context;
	cl_bool normalized;
	cl_addressing_mode addressing;
	cl_filter_mode filter;
	cl_sampler_properties list[8];
	unsigned int list_count;
	cl_sampler inner[POOL_MEMBERS];
};
_Static_assert(sizeof(struct sampler) <= OBJECT_SLOT, "a sampler fits a slot");

/* With the lock of a spread context. */
cl_sampler sampler_on(struct sampler *sampler, unsigned int member, cl_int *status);

cl_sampler CL_API_CALL pool_clCreateSampler(cl_context, cl_bool, cl_addressing_mode, cl_filter_mode,
					    cl_int *);
cl_sampler CL_API_CALL pool_clCreateSamplerWithProperties(cl_context, const cl_sampler_properties *,
							  cl_int *);
cl_int CL_API_CALL pool_clRetainSampler(cl_sampler);
cl_int CL_API_CALL pool_clReleaseSampler(cl_sampler);
cl_int CL_API_CALL pool_clGetSamplerInfo(cl_sampler, cl_sampler_info, size_t, void *, size_t *);

#endif
