/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "split.h"

struct memory *argument_memory(const struct argument *argument)
{
	struct memory *memory = argument->object;

	if (argument->kind != ARGUMENT_MEMORY || !is_memory((cl_mem)memory) ||
	    memory->object.serial != argument->serial)
		return NULL;
	return memory;
}

static enum argument_type type_of(cl_kernel inner, cl_uint index)
{
	cl_kernel_arg_address_qualifier where;
	char name[128] = "";

	if (of(inner)->clGetKernelArgInfo(inner, index, CL_KERNEL_ARG_ADDRESS_QUALIFIER,
					  sizeof(where), &where, NULL) != CL_SUCCESS)
		return ARGUMENT_OF_ANY;
	if (where == CL_KERNEL_ARG_ADDRESS_LOCAL)
		return ARGUMENT_OF_LOCAL;
	/* Names that do not fit are none of these. */
	if (of(inner)->clGetKernelArgInfo(inner, index, CL_KERNEL_ARG_TYPE_NAME, sizeof(name), name,
					  NULL) == CL_SUCCESS) {
		if (!strncmp(name, "image", 5) && strstr(name, "_t"))
			return ARGUMENT_OF_IMAGE;
		if (!strcmp(name, "sampler_t"))
			return ARGUMENT_OF_SAMPLER;
	}
	if (where == CL_KERNEL_ARG_ADDRESS_GLOBAL || where == CL_KERNEL_ARG_ADDRESS_CONSTANT)
		return ARGUMENT_OF_BUFFER;
	return ARGUMENT_OF_ANY;
}

/* Takes the kernel of the context's home. */
static struct kernel *take(struct program *program, const char *name, cl_kernel inner)
{
	struct kernel *kernel = object_new(OBJECT_KERNEL);

	if (!kernel)
		return NULL;
	kernel->program = program;
	kernel->context = program->context;
	kernel->name = strdup(name);
	of(inner)->clGetKernelInfo(inner, CL_KERNEL_NUM_ARGS, sizeof(kernel->argument_count),
				   &kernel->argument_count, NULL);
	kernel->arguments = calloc(kernel->argument_count + 1, sizeof(*kernel->arguments));
	if (!kernel->name || !kernel->arguments) {
		free(kernel->name);
		free(kernel->arguments);
		object_abandon(kernel);
		return NULL;
	}
	for (cl_uint i = 0; i < kernel->argument_count; i++)
		kernel->arguments[i].type = type_of(inner, i);
	kernel->inner[program->context->home] = inner;
	atomic_fetch_add(&program->kernels, 1);
	object_hold(program);
	return object_ready(kernel);
}

void kernel_destroy(void *object)
{
	struct kernel *kernel = object;

	split_forget_kernel(kernel);
	for (unsigned int i = 0; i < pool()->count; i++)
		if (kernel->inner[i])
			of(kernel->inner[i])->clReleaseKernel(kernel->inner[i]);
	for (cl_uint i = 0; i < kernel->argument_count; i++)
		if (kernel->arguments[i].room)
			free(kernel->arguments[i].bytes);
	free(kernel->arguments);
	free(kernel->name);
	atomic_fetch_sub(&kernel->program->kernels, 1);
	object_unhold(kernel->program);
}

cl_kernel CL_API_CALL pool_clCreateKernel(cl_program handle, const char *name, cl_int *errcode_ret)
{
	struct program *program = (struct program *)handle;
	struct kernel *kernel;
	cl_program home;
	cl_kernel inner;
	cl_int status;

	if (!is_program(handle) || !name) {
		status_to(errcode_ret, name ? CL_INVALID_PROGRAM : CL_INVALID_VALUE);
		return NULL;
	}
	home = program_home(program);
	inner = of(home)->clCreateKernel(home, name, &status);
	if (!inner) {
		status_to(errcode_ret, status);
		return NULL;
	}
	kernel = take(program, name, inner);
	if (!kernel)
		of(inner)->clReleaseKernel(inner);
	status_to(errcode_ret, kernel ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY);
	return (cl_kernel)kernel;
}

static struct kernel *take_named(struct program *program, cl_kernel inner)
{
	struct kernel *kernel = NULL;
	size_t size = 0;
	char *name = NULL;

	if (of(inner)->clGetKernelInfo(inner, CL_KERNEL_FUNCTION_NAME, 0, NULL, &size) ==
	    CL_SUCCESS)
		name = calloc(1, size + 1);
	if (name && of(inner)->clGetKernelInfo(inner, CL_KERNEL_FUNCTION_NAME, size, name, NULL) ==
			CL_SUCCESS)
		kernel = take(program, name, inner);
	free(name);
	return kernel;
}

cl_int CL_API_CALL pool_clCreateKernelsInProgram(cl_program handle, cl_uint room,
						 cl_kernel *kernels, cl_uint *count)
{
	struct program *program = (struct program *)handle;
	cl_program home;
	cl_uint made = 0, all = 0;
	cl_int status;

	if (!is_program(handle))
		return CL_INVALID_PROGRAM;
	home = program_home(program);
	if (!kernels)
		return of(home)->clCreateKernelsInProgram(home, 0, NULL, count);
	status = of(home)->clCreateKernelsInProgram(home, room, kernels, &all);
	if (status != CL_SUCCESS)
		return status;
	for (; made < all && status == CL_SUCCESS; made++) {
		struct kernel *kernel = take_named(program, kernels[made]);

		if (!kernel) {
			status = CL_OUT_OF_HOST_MEMORY;
			break;
		}
		kernels[made] = (cl_kernel)kernel;
	}
	if (status == CL_SUCCESS) {
		if (count)
			*count = all;
		return CL_SUCCESS;
	}
	for (cl_uint i = 0; i < all; i++)
		if (i < made)
			pool_clReleaseKernel(kernels[i]);
		else
			of(kernels[i])->clReleaseKernel(kernels[i]);
	return status;
}

cl_int CL_API_CALL pool_clRetainKernel(cl_kernel kernel)
{
	return object_retain(kernel, OBJECT_KERNEL) ? CL_SUCCESS : CL_INVALID_KERNEL;
}

cl_int CL_API_CALL pool_clReleaseKernel(cl_kernel kernel)
{
	return object_release(kernel, OBJECT_KERNEL) ? CL_SUCCESS : CL_INVALID_KERNEL;
}

cl_int CL_API_CALL pool_clGetKernelInfo(cl_kernel handle, cl_kernel_info name, size_t room,
					void *out, size_t *used)
{
	const struct kernel *kernel = (struct kernel *)handle;
	cl_kernel inner;

	if (!is_kernel(handle))
		return CL_INVALID_KERNEL;
	inner = kernel->inner[kernel->context->home];
	switch (name) {
	case CL_KERNEL_REFERENCE_COUNT:
		ANSWER(cl_uint, object_references(kernel));
	case CL_KERNEL_CONTEXT:
		ANSWER(cl_context, (cl_context)kernel->context);
	case CL_KERNEL_PROGRAM:
		ANSWER(cl_program, (cl_program)kernel->program);
	case CL_KERNEL_FUNCTION_NAME:
	case CL_KERNEL_NUM_ARGS:
	case CL_KERNEL_ATTRIBUTES:
		return of(inner)->clGetKernelInfo(inner, name, room, out, used);
	default:
		return CL_INVALID_VALUE;
	}
}

cl_int CL_API_CALL pool_clGetKernelArgInfo(cl_kernel handle, cl_uint index, cl_kernel_arg_info name,
					   size_t room, void *out, size_t *used)
{
	const struct kernel *kernel = (struct kernel *)handle;
	cl_kernel inner;

	if (!is_kernel(handle))
		return CL_INVALID_KERNEL;
	if (index >= kernel->argument_count)
		return CL_INVALID_ARG_INDEX;
	inner = kernel->inner[kernel->context->home];
	return of(inner)->clGetKernelArgInfo(inner, index, name, room, out, used);
}

cl_int CL_API_CALL pool_clGetKernelWorkGroupInfo(cl_kernel handle, cl_device_id device,
						 cl_kernel_work_group_info name, size_t room,
						 void *out, size_t *used)
{
	const struct kernel *kernel = (struct kernel *)handle;
	cl_kernel inner;

	if (!is_kernel(handle))
		return CL_INVALID_KERNEL;
	if (device && check_device(device) != CL_SUCCESS)
		return CL_INVALID_DEVICE;
	inner = kernel->inner[kernel->context->home];
	return of(inner)->clGetKernelWorkGroupInfo(
	    inner, pool()->members[kernel->context->home].device, name, room, out, used);
}

cl_int CL_API_CALL pool_clGetKernelSubGroupInfo(cl_kernel handle, cl_device_id device,
						cl_kernel_sub_group_info name, size_t given,
						const void *input, size_t room, void *out,
						size_t *used)
{
	const struct kernel *kernel = (struct kernel *)handle;
	const struct member *home;
	cl_kernel inner;

	if (!is_kernel(handle))
		return CL_INVALID_KERNEL;
	if (device && check_device(device) != CL_SUCCESS)
		return CL_INVALID_DEVICE;
	home = &pool()->members[kernel->context->home];
	inner = kernel->inner[kernel->context->home];
	if (home->version < 210 || !of(inner)->clGetKernelSubGroupInfo)
		return CL_INVALID_OPERATION;
	return of(inner)->clGetKernelSubGroupInfo(inner, home->device, name, given, input, room,
						  out, used);
}
