/* SPDX-License-Identifier: MIT */
/* What a program may ask of programs, and set of them. */
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "program.h"

static cl_int binary_sizes(struct program *program, size_t room, void *out, size_t *used)
{
	size_t size;
	cl_int status;

	free(binary_pack(program, &size, &status));
	return status == CL_SUCCESS ? answer(&size, sizeof(size), room, out, used) : status;
}

/* Into the memory that the program's array names, where it names any. */
static cl_int binaries(struct program *program, size_t room, void *out, size_t *used)
{
	unsigned char *bytes, *target = NULL;
	size_t size;
	cl_int status;

	if (out && room < sizeof(target))
		return CL_INVALID_VALUE;
	if (used)
		*used = sizeof(target);
	if (out)
		memcpy(&target, out, sizeof(target));
	if (!target)
		return CL_SUCCESS;
	bytes = binary_pack(program, &size, &status);
	if (bytes)
		memcpy(target, bytes, size);
	free(bytes);
	return status;
}

cl_int CL_API_CALL pool_clGetProgramInfo(cl_program handle, cl_program_info name, size_t room,
					 void *out, size_t *used)
{
	struct program *program = (struct program *)handle;
	cl_program inner;

	if (!is_program(handle))
		return CL_INVALID_PROGRAM;
	inner = program_home(program);
	switch (name) {
	case CL_PROGRAM_REFERENCE_COUNT:
		ANSWER(cl_uint, object_references(program));
	case CL_PROGRAM_CONTEXT:
		ANSWER(cl_context, (cl_context)program->context);
	case CL_PROGRAM_NUM_DEVICES:
		ANSWER(cl_uint, 1);
	case CL_PROGRAM_DEVICES:
		ANSWER(cl_device_id, the_device());
	case CL_PROGRAM_SOURCE:
		return answer_text(program->source ? program->source : "", room, out, used);
	case CL_PROGRAM_IL:
		return answer(program->bytes, program->origin == PROGRAM_IL ? program->size : 0,
			      room, out, used);
	case CL_PROGRAM_BINARY_SIZES:
		return binary_sizes(program, room, out, used);
	case CL_PROGRAM_BINARIES:
		return binaries(program, room, out, used);
	case CL_PROGRAM_NUM_KERNELS:
	case CL_PROGRAM_KERNEL_NAMES:
	case CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT:
	case CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT:
		return of(inner)->clGetProgramInfo(inner, name, room, out, used);
	default:
		return CL_INVALID_VALUE;
	}
}

static cl_int build_options(const struct program *program, size_t room, void *out, size_t *used)
{
	const size_t length = program->own_options;

	if (out && room <= length)
		return CL_INVALID_VALUE;
	if (used)
		*used = length + 1;
	if (out && length)
		memcpy(out, program->options, length);
	if (out)
		((char *)out)[length] = '\0';
	return CL_SUCCESS;
}

cl_int CL_API_CALL pool_clGetProgramBuildInfo(cl_program handle, cl_device_id device,
					      cl_program_build_info name, size_t room, void *out,
					      size_t *used)
{
	struct program *program = (struct program *)handle;
	cl_program inner;

	if (!is_program(handle))
		return CL_INVALID_PROGRAM;
	if (check_device(device) != CL_SUCCESS)
		return CL_INVALID_DEVICE;
	inner = program_home(program);
	if (name == CL_PROGRAM_BUILD_OPTIONS)
		return build_options(program, room, out, used);
	return of(inner)->clGetProgramBuildInfo(
	    inner, pool()->members[program->context->home].device, name, room, out, used);
}

cl_int CL_API_CALL pool_clSetProgramSpecializationConstant(cl_program handle, cl_uint id,
							   size_t size, const void *value)
{
	struct program *program = (struct program *)handle;
	struct constant *constant;
	cl_program inner;
	cl_int status;

	if (!is_program(handle))
		return CL_INVALID_PROGRAM;
	if (program->origin != PROGRAM_IL)
		return program_takes_il() ? CL_INVALID_PROGRAM : CL_INVALID_OPERATION;
	if (!value)
		return CL_INVALID_VALUE;
	inner = program_home(program);
	if (pool()->members[program->context->home].version < 220)
		return CL_INVALID_OPERATION;
	status = of(inner)->clSetProgramSpecializationConstant(inner, id, size, value);
	if (status != CL_SUCCESS)
		return status;
	constant = malloc(sizeof(*constant) + size);
	if (!constant)
		return CL_OUT_OF_HOST_MEMORY;
	constant->id = id;
	constant->size = size;
	memcpy(constant->value, value, size);
	/* Set in their order elsewhere: a later one of the same id holds. */
	constant->next = NULL;
	for (struct constant **at = &program->constants;; at = &(*at)->next)
		if (!*at) {
			*at = constant;
			break;
		}
	program_changed(program);
	return CL_SUCCESS;
}

/* Deprecated with the constructors of program scope that it was for. */
cl_int CL_API_CALL pool_clSetProgramReleaseCallback(cl_program program,
						    void(CL_CALLBACK *call)(cl_program, void *),
						    void *data)
{
	(void)data;
	if (!is_program(program))
		return CL_INVALID_PROGRAM;
	return call ? CL_INVALID_OPERATION : CL_INVALID_VALUE;
}
