/* SPDX-License-Identifier: MIT */
/* Setting arguments, at home at once and on other members when a kernel runs there. */
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

static bool is_of(const struct kernel *kernel, enum object_kind kind, const void *object)
{
	if (kind == OBJECT_MEMORY)
		return ((const struct memory *)object)->context == kernel->context;
	return kind == OBJECT_SAMPLER &&
	       ((const struct sampler *)object)->context == kernel->context;
}

/* Where drivers say which arguments are handles, no other word gets to them as one. */
static cl_int find_object(const struct kernel *kernel, const struct argument *argument, size_t size,
			  const void *value, enum argument_kind *kind, void **object)
{
	enum object_kind what;
	bool is_ours;

	*kind = ARGUMENT_VALUE;
	*object = NULL;
	if (value && size == sizeof(*object))
		memcpy(object, value, sizeof(*object));
	what = object_kind_of(*object);
	is_ours = *object && is_of(kernel, what, *object);
	switch (argument->type) {
	case ARGUMENT_OF_LOCAL:
		*kind = ARGUMENT_LOCAL;
		*object = NULL;
		return value ? CL_INVALID_ARG_VALUE : CL_SUCCESS;
	case ARGUMENT_OF_BUFFER:
		*kind = ARGUMENT_MEMORY;
		if (*object && (!is_ours || !is_buffer(*object)))
			return CL_INVALID_MEM_OBJECT;
		return size == sizeof(*object) ? CL_SUCCESS : CL_INVALID_ARG_SIZE;
	case ARGUMENT_OF_IMAGE:
		*kind = ARGUMENT_MEMORY;
		if (size != sizeof(*object))
			return CL_INVALID_ARG_SIZE;
		if (!value)
			return CL_INVALID_ARG_VALUE;
		return is_ours && is_image(*object) ? CL_SUCCESS : CL_INVALID_MEM_OBJECT;
	case ARGUMENT_OF_SAMPLER:
		*kind = ARGUMENT_SAMPLER;
		if (size != sizeof(*object))
			return CL_INVALID_ARG_SIZE;
		if (!value)
			return CL_INVALID_ARG_VALUE;
		return is_ours && what == OBJECT_SAMPLER ? CL_SUCCESS : CL_INVALID_SAMPLER;
	default:
		break;
	}
	if (!value)
		*kind = ARGUMENT_LOCAL;
	/* A live handle of this context, bit for bit: no program has that for a number. */
	else if (is_ours)
		*kind = what == OBJECT_MEMORY ? ARGUMENT_MEMORY : ARGUMENT_SAMPLER;
	return CL_SUCCESS;
}

static void *on(enum argument_kind kind, void *object, unsigned int member, cl_int *status)
{
	if (!object)
		return NULL;
	if (kind == ARGUMENT_MEMORY)
		return memory_on(object, member, status);
	return sampler_on(object, member, status);
}

/* False: no memory. */
static bool keep_bytes(struct argument *argument, size_t size, const void *value)
{
	if (size > sizeof(argument->few) && size > argument->room) {
		unsigned char *bytes = realloc(argument->room ? argument->bytes : NULL, size);

		if (!bytes)
			return false;
		argument->bytes = bytes;
		argument->room = size;
	}
	memcpy(argument->room ? argument->bytes : argument->few, value, size);
	return true;
}

static void drop_bytes(struct argument *argument)
{
	if (argument->room)
		free(argument->bytes);
	argument->room = 0;
}

cl_int CL_API_CALL pool_clSetKernelArg(cl_kernel handle, cl_uint index, size_t size,
				       const void *value)
{
	struct kernel *kernel = (struct kernel *)handle;
	struct argument *argument;
	enum argument_kind kind;
	void *object, *inner_object;
	unsigned int home;
	cl_kernel inner;
	cl_int status;

	if (!is_kernel(handle))
		return CL_INVALID_KERNEL;
	if (index >= kernel->argument_count)
		return CL_INVALID_ARG_INDEX;
	argument = &kernel->arguments[index];
	home = kernel->context->home;
	inner = kernel->inner[home];
	status = find_object(kernel, argument, size, value, &kind, &object);
	if (status != CL_SUCCESS)
		return status;
	if (object && kind != ARGUMENT_VALUE) {
		pthread_mutex_t *lock =
		    context_is_spread(kernel->context) ? &kernel->context->lock : NULL;

		if (lock)
			pthread_mutex_lock(lock);
		inner_object = on(kind, object, home, &status);
		if (lock)
			pthread_mutex_unlock(lock);
		if (!inner_object)
			return status;
		value = &inner_object;
	}
	status = of(inner)->clSetKernelArg(inner, index, size, value);
	if (status != CL_SUCCESS)
		return status;
	if (kind == ARGUMENT_VALUE && (!value || !keep_bytes(argument, size, value)))
		return value ? CL_OUT_OF_HOST_MEMORY : CL_INVALID_ARG_VALUE;
	if (kind != ARGUMENT_VALUE) {
		drop_bytes(argument);
		argument->object = object;
		argument->serial = object ? ((struct object *)object)->serial : 0;
	}
	argument->kind = kind;
	argument->size = size;
	argument->generation = ++kernel->generation;
	return CL_SUCCESS;
}

static cl_int set_on(const struct argument *argument, cl_uint index, unsigned int member,
		     cl_kernel inner)
{
	void *object = NULL;
	cl_int status = CL_SUCCESS;

	switch (argument->kind) {
	case ARGUMENT_UNSET:
		return CL_INVALID_KERNEL_ARGS;
	case ARGUMENT_VALUE:
		return of(inner)->clSetKernelArg(inner, index, argument->size,
						 argument_bytes(argument));
	case ARGUMENT_LOCAL:
		return of(inner)->clSetKernelArg(inner, index, argument->size, NULL);
	case ARGUMENT_MEMORY:
	case ARGUMENT_SAMPLER:
		if (argument->object) {
			const struct object *what = argument->object;

			/* It was released since, and the program must not use it. */
			if (object_kind_of(what) == OBJECT_FREE || what->serial != argument->serial)
				return CL_INVALID_KERNEL_ARGS;
			object = on(argument->kind, argument->object, member, &status);
			if (!object)
				return status;
		}
		return of(inner)->clSetKernelArg(inner, index, sizeof(object), &object);
	}
	return CL_INVALID_KERNEL_ARGS;
}

cl_int kernel_set_on(const struct kernel *kernel, unsigned int member, cl_kernel inner,
		     uint64_t after)
{
	cl_int status = CL_SUCCESS;

	for (cl_uint i = 0; i < kernel->argument_count && status == CL_SUCCESS; i++)
		if (kernel->arguments[i].kind == ARGUMENT_UNSET ||
		    kernel->arguments[i].generation > after)
			status = set_on(&kernel->arguments[i], i, member, inner);
	return status;
}

cl_kernel kernel_on(struct kernel *kernel, unsigned int member, cl_int *status)
{
	*status = CL_SUCCESS;
	if (member == kernel->context->home)
		return kernel->inner[member];
	if (!kernel->inner[member]) {
		cl_program program = program_on(kernel->program, member, status);

		if (program)
			kernel->inner[member] =
			    of(program)->clCreateKernel(program, kernel->name, status);
		if (!kernel->inner[member])
			return NULL;
	}
	if (kernel->set[member] == kernel->generation)
		return kernel->inner[member];
	*status = kernel_set_on(kernel, member, kernel->inner[member], kernel->set[member]);
	if (*status != CL_SUCCESS)
		return NULL;
	kernel->set[member] = kernel->generation;
	return kernel->inner[member];
}

/* The member's own clone is not needed: a new kernel of the name is set as this one is. */
cl_kernel CL_API_CALL pool_clCloneKernel(cl_kernel handle, cl_int *errcode_ret)
{
	const struct kernel *kernel = (struct kernel *)handle;
	cl_kernel clone;
	cl_int status = CL_SUCCESS;

	if (!is_kernel(handle)) {
		status_to(errcode_ret, CL_INVALID_KERNEL);
		return NULL;
	}
	clone = pool_clCreateKernel((cl_program)kernel->program, kernel->name, errcode_ret);
	for (cl_uint i = 0; clone && i < kernel->argument_count; i++) {
		const struct argument *argument = &kernel->arguments[i];
		const void *value = argument->kind == ARGUMENT_VALUE   ? argument_bytes(argument)
				    : argument->kind == ARGUMENT_LOCAL ? NULL
								       : &argument->object;

		if (argument->kind == ARGUMENT_UNSET)
			continue;
		status = pool_clSetKernelArg(clone, i, argument->size, value);
		if (status == CL_SUCCESS)
			continue;
		status_to(errcode_ret, status);
		pool_clReleaseKernel(clone);
		return NULL;
	}
	return clone;
}
