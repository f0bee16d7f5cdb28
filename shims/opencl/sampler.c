/* SPDX-License-Identifier: MIT */
#include "sampler.h"

#include <string.h>

cl_sampler sampler_on(struct sampler *sampler, unsigned int member, cl_int *status)
{
	cl_context context = context_on(sampler->context, member, status);

	if (context && !sampler->inner[member])
		sampler->inner[member] = of(context)->clCreateSampler(
		    context, sampler->normalized, sampler->addressing, sampler->filter, status);
	return context ? sampler->inner[member] : NULL;
}

static cl_sampler create(cl_context handle, struct sampler *sampler, cl_int *errcode_ret)
{
	struct context *context = (struct context *)handle;
	cl_int status = CL_OUT_OF_HOST_MEMORY;

	sampler->context = context;
	pthread_mutex_lock(&context->lock);
	sampler_on(sampler, context->home, &status);
	pthread_mutex_unlock(&context->lock);
	status_to(errcode_ret, status);
	if (status != CL_SUCCESS) {
		object_abandon(sampler);
		return NULL;
	}
	object_hold(context);
	return object_ready(sampler);
}

void sampler_destroy(void *object)
{
	struct sampler *sampler = object;

	for (unsigned int i = 0; i < pool()->count; i++)
		if (sampler->inner[i])
			of(sampler->inner[i])->clReleaseSampler(sampler->inner[i]);
	object_unhold(sampler->context);
}

cl_sampler CL_API_CALL pool_clCreateSampler(cl_context context, cl_bool normalized,
					    cl_addressing_mode addressing, cl_filter_mode filter,
					    cl_int *errcode_ret)
{
	struct sampler *sampler;

	if (!is_context(context)) {
		status_to(errcode_ret, CL_INVALID_CONTEXT);
		return NULL;
	}
	sampler = object_new(OBJECT_SAMPLER);
	if (!sampler) {
		status_to(errcode_ret, CL_OUT_OF_HOST_MEMORY);
		return NULL;
	}
	sampler->normalized = normalized;
	sampler->addressing = addressing;
	sampler->filter = filter;
	return create(context, sampler, errcode_ret);
}

cl_sampler CL_API_CALL pool_clCreateSamplerWithProperties(cl_context context,
							  const cl_sampler_properties *properties,
							  cl_int *errcode_ret)
{
	struct sampler *sampler = NULL;
	cl_int status = is_context(context) ? CL_SUCCESS : CL_INVALID_CONTEXT;
	unsigned int count = 0;

	if (status == CL_SUCCESS) {
		sampler = object_new(OBJECT_SAMPLER);
		status = sampler ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
	}
	if (status == CL_SUCCESS) {
		sampler->normalized = CL_TRUE;
		sampler->addressing = CL_ADDRESS_CLAMP;
		sampler->filter = CL_FILTER_NEAREST;
	}
	for (; status == CL_SUCCESS && properties && properties[count]; count += 2) {
		if (count >= 6) {
			/* Each may stand there once. */
			status = CL_INVALID_VALUE;
			break;
		}
		for (unsigned int i = 0; i < count; i += 2)
			if (properties[i] == properties[count])
				status = CL_INVALID_VALUE;
		if (properties[count] == CL_SAMPLER_NORMALIZED_COORDS)
			sampler->normalized = (cl_bool)properties[count + 1];
		else if (properties[count] == CL_SAMPLER_ADDRESSING_MODE)
			sampler->addressing = (cl_addressing_mode)properties[count + 1];
		else if (properties[count] == CL_SAMPLER_FILTER_MODE)
			sampler->filter = (cl_filter_mode)properties[count + 1];
		else
			status = CL_INVALID_VALUE;
	}
	if (status != CL_SUCCESS) {
		if (sampler)
			object_abandon(sampler);
		status_to(errcode_ret, status);
		return NULL;
	}
	if (properties) {
		sampler->list_count = count + 1;
		memcpy(sampler->list, properties, sampler->list_count * sizeof(*properties));
	}
	return create(context, sampler, errcode_ret);
}

cl_int CL_API_CALL pool_clRetainSampler(cl_sampler sampler)
{
	return object_retain(sampler, OBJECT_SAMPLER) ? CL_SUCCESS : CL_INVALID_SAMPLER;
}

cl_int CL_API_CALL pool_clReleaseSampler(cl_sampler sampler)
{
	return object_release(sampler, OBJECT_SAMPLER) ? CL_SUCCESS : CL_INVALID_SAMPLER;
}

cl_int CL_API_CALL pool_clGetSamplerInfo(cl_sampler handle, cl_sampler_info name, size_t room,
					 void *out, size_t *used)
{
	const struct sampler *sampler = (struct sampler *)handle;

	if (!object_is(handle, OBJECT_SAMPLER))
		return CL_INVALID_SAMPLER;
	switch (name) {
	case CL_SAMPLER_REFERENCE_COUNT:
		ANSWER(cl_uint, object_references(sampler));
	case CL_SAMPLER_CONTEXT:
		ANSWER(cl_context, (cl_context)sampler->context);
	case CL_SAMPLER_NORMALIZED_COORDS:
		ANSWER(cl_bool, sampler->normalized);
	case CL_SAMPLER_ADDRESSING_MODE:
		ANSWER(cl_addressing_mode, sampler->addressing);
	case CL_SAMPLER_FILTER_MODE:
		ANSWER(cl_filter_mode, sampler->filter);
	case CL_SAMPLER_PROPERTIES:
		return answer(sampler->list, sampler->list_count * sizeof(*sampler->list), room,
			      out, used);
	default:
		return CL_INVALID_VALUE;
	}
}
