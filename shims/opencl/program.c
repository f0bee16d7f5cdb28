/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "split.h"

cl_program program_home(const struct program *program)
{
	return program->inner[program->context->home];
}

struct program *program_new(struct context *context, enum program_origin origin,
			    cl_int *errcode_ret)
{
	struct program *program = object_new(OBJECT_PROGRAM);

	if (!program) {
		status_to(errcode_ret, CL_OUT_OF_HOST_MEMORY);
		return NULL;
	}
	program->context = context;
	program->origin = origin;
	return program;
}

void program_drop_inputs(struct program *program)
{
	for (cl_uint i = 0; i < program->input_count; i++) {
		object_unhold(program->inputs[i]);
		if (program->input_names)
			free(program->input_names[i]);
	}
	free(program->inputs);
	free(program->input_names);
	program->inputs = NULL;
	program->input_names = NULL;
	program->input_count = 0;
}

static void clear(struct program *program)
{
	program_drop_inputs(program);
	while (program->constants) {
		struct constant *constant = program->constants;

		program->constants = constant->next;
		free(constant);
	}
	free(program->source);
	free(program->bytes);
	free(program->options);
}

cl_program program_keep(struct program *program, cl_int status, cl_int *errcode_ret)
{
	status_to(errcode_ret, status);
	if (!program_home(program)) {
		clear(program);
		object_abandon(program);
		return NULL;
	}
	object_hold(program->context);
	return object_ready(program);
}

void program_destroy(void *object)
{
	struct program *program = object;

	for (unsigned int i = 0; i < pool()->count; i++)
		if (program->inner[i])
			of(program->inner[i])->clReleaseProgram(program->inner[i]);
	split_forget_program(program);
	clear(program);
	object_unhold(program->context);
}

void program_changed(struct program *program)
{
	/* Kernels are of what was built before, and so is what is known of them. */
	if (!atomic_load(&program->kernels))
		split_forget_program(program);
	for (unsigned int i = 0; i < pool()->count; i++) {
		if (i == program->context->home)
			continue;
		if (program->inner[i])
			of(program->inner[i])->clReleaseProgram(program->inner[i]);
		program->inner[i] = NULL;
		program->is_ready[i] = false;
	}
}

cl_program program_of_il(cl_context context, unsigned int member, const void *il, size_t size,
			 cl_int *status)
{
	const struct member *on = &pool()->members[member];
	clCreateProgramWithILKHR_fn create = of(context)->clCreateProgramWithIL;

	/* Before OpenCL 2.1 it is an extension's. */
	if (on->version < 210)
		*(void **)&create = of(on->platform)
					->clGetExtensionFunctionAddressForPlatform(
					    on->platform, "clCreateProgramWithILKHR");
	if (!create) {
		*status = CL_INVALID_OPERATION;
		return NULL;
	}
	return create(context, il, size, status);
}

/* As it came from the program, not built. */
static cl_program make_on(struct program *program, unsigned int member, cl_int *status)
{
	const cl_device_id device = pool()->members[member].device;
	cl_context context = context_on(program->context, member, status);
	const char *source = program->source;
	const unsigned char *part;
	cl_program made = NULL;
	size_t size;

	if (!context)
		return NULL;
	switch (program->origin) {
	case PROGRAM_SOURCE:
		made = of(context)->clCreateProgramWithSource(context, 1, &source, NULL, status);
		break;
	case PROGRAM_IL:
		made = program_of_il(context, member, program->bytes, program->size, status);
		for (const struct constant *constant = program->constants; made && constant;
		     constant = constant->next)
			of(made)->clSetProgramSpecializationConstant(
			    made, constant->id, constant->size, constant->value);
		break;
	case PROGRAM_BINARY:
		part = binary_for(program->bytes, program->size, member, &size);
		if (!part) {
			*status = CL_INVALID_BINARY;
			return NULL;
		}
		made = of(context)->clCreateProgramWithBinary(context, 1, &device, &size, &part,
							      NULL, status);
		break;
	case PROGRAM_LINKED:
		made = program_link_on(program, member, status);
		break;
	}
	return made;
}

cl_program program_on(struct program *program, unsigned int member, cl_int *status)
{
	const cl_device_id device = pool()->members[member].device;
	cl_program inner;

	*status = CL_SUCCESS;
	if (member == program->context->home || program->is_ready[member])
		return program->inner[member];
	if (!program->inner[member])
		program->inner[member] = make_on(program, member, status);
	inner = program->inner[member];
	if (!inner)
		return NULL;
	if (program->origin != PROGRAM_LINKED && program->is_compiled)
		*status = program_compile_on(program, member);
	else if (program->origin != PROGRAM_LINKED && program->is_built)
		*status =
		    of(inner)->clBuildProgram(inner, 1, &device, program->options, NULL, NULL);
	program->is_ready[member] = *status == CL_SUCCESS;
	return *status == CL_SUCCESS ? inner : NULL;
}

static cl_program create(struct program *program, cl_int *errcode_ret)
{
	struct context *context = program->context;
	cl_int status = CL_SUCCESS;

	pthread_mutex_lock(&context->lock);
	program->inner[context->home] = make_on(program, context->home, &status);
	pthread_mutex_unlock(&context->lock);
	return program_keep(program, status, errcode_ret);
}

static cl_program failed(cl_int *errcode_ret, cl_int status)
{
	status_to(errcode_ret, status);
	return NULL;
}

/* One text of all; those without a length end at a 0. */
static char *joined(cl_uint count, const char **strings, const size_t *lengths)
{
	size_t size = 0, at = 0;
	char *text;

	for (cl_uint i = 0; i < count; i++)
		size += lengths && lengths[i] ? lengths[i] : strlen(strings[i]);
	text = malloc(size + 1);
	if (!text)
		return NULL;
	for (cl_uint i = 0; i < count; i++) {
		const size_t length = lengths && lengths[i] ? lengths[i] : strlen(strings[i]);

		memcpy(text + at, strings[i], length);
		at += length;
	}
	text[at] = '\0';
	return text;
}

cl_program CL_API_CALL pool_clCreateProgramWithSource(cl_context context, cl_uint count,
						      const char **strings, const size_t *lengths,
						      cl_int *errcode_ret)
{
	struct program *program;

	if (!is_context(context))
		return failed(errcode_ret, CL_INVALID_CONTEXT);
	if (!count || !strings)
		return failed(errcode_ret, CL_INVALID_VALUE);
	for (cl_uint i = 0; i < count; i++)
		if (!strings[i])
			return failed(errcode_ret, CL_INVALID_VALUE);
	program = program_new((struct context *)context, PROGRAM_SOURCE, errcode_ret);
	if (!program)
		return NULL;
	program->source = joined(count, strings, lengths);
	if (!program->source)
		return program_keep(program, CL_OUT_OF_HOST_MEMORY, errcode_ret);
	return create(program, errcode_ret);
}

static cl_program create_of_bytes(cl_context context, enum program_origin origin, const void *bytes,
				  size_t size, cl_int *errcode_ret)
{
	struct program *program = program_new((struct context *)context, origin, errcode_ret);

	if (!program)
		return NULL;
	program->bytes = malloc(size);
	if (!program->bytes)
		return program_keep(program, CL_OUT_OF_HOST_MEMORY, errcode_ret);
	memcpy(program->bytes, bytes, size);
	program->size = size;
	return create(program, errcode_ret);
}

bool program_takes_il(void)
{
	char version[256];

	return pool_clGetDeviceInfo(the_device(), CL_DEVICE_IL_VERSION, sizeof(version), version,
				    NULL) == CL_SUCCESS &&
	       version[0];
}

cl_program CL_API_CALL pool_clCreateProgramWithIL(cl_context context, const void *il, size_t size,
						  cl_int *errcode_ret)
{
	if (!is_context(context))
		return failed(errcode_ret, CL_INVALID_CONTEXT);
	if (!program_takes_il())
		return failed(errcode_ret, CL_INVALID_OPERATION);
	if (!il || !size)
		return failed(errcode_ret, CL_INVALID_VALUE);
	return create_of_bytes(context, PROGRAM_IL, il, size, errcode_ret);
}

cl_program CL_API_CALL pool_clCreateProgramWithBinary(cl_context context, cl_uint count,
						      const cl_device_id *devices,
						      const size_t *lengths,
						      const unsigned char **binaries,
						      cl_int *statuses, cl_int *errcode_ret)
{
	cl_program program;
	cl_int status;

	if (!is_context(context))
		return failed(errcode_ret, CL_INVALID_CONTEXT);
	if (check_devices(count, devices) != CL_SUCCESS)
		return failed(errcode_ret, check_devices(count, devices));
	if (!lengths || !binaries || !lengths[0] || !binaries[0]) {
		if (statuses)
			statuses[0] = CL_INVALID_VALUE;
		return failed(errcode_ret, CL_INVALID_VALUE);
	}
	program = create_of_bytes(context, PROGRAM_BINARY, binaries[0], lengths[0], &status);
	if (statuses)
		statuses[0] = program ? CL_SUCCESS : CL_INVALID_BINARY;
	status_to(errcode_ret, status);
	return program;
}

/* A pool has no kernels of its own. */
cl_program CL_API_CALL pool_clCreateProgramWithBuiltInKernels(cl_context context, cl_uint count,
							      const cl_device_id *devices,
							      const char *names,
							      cl_int *errcode_ret)
{
	(void)names;
	if (!is_context(context))
		return failed(errcode_ret, CL_INVALID_CONTEXT);
	if (check_devices(count, devices) != CL_SUCCESS)
		return failed(errcode_ret, check_devices(count, devices));
	return failed(errcode_ret, CL_INVALID_VALUE);
}

cl_int CL_API_CALL pool_clRetainProgram(cl_program program)
{
	return object_retain(program, OBJECT_PROGRAM) ? CL_SUCCESS : CL_INVALID_PROGRAM;
}

cl_int CL_API_CALL pool_clReleaseProgram(cl_program program)
{
	return object_release(program, OBJECT_PROGRAM) ? CL_SUCCESS : CL_INVALID_PROGRAM;
}
