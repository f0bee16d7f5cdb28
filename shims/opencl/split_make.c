/* SPDX-License-Identifier: MIT */
#include "split_make.h"

#include <stdlib.h>
#include <string.h>

#include "split_program.h"

/* Of the text for parts, or of the module. */
static cl_program make(cl_context context, const struct analysis *analysis, unsigned int member,
		       cl_int *status)
{
	size_t length;
	const char *text = analysis_source(analysis, &length);

	if (!text) {
		*status = CL_INVALID_OPERATION;
		return NULL;
	}
	if (analysis_is_spirv(analysis))
		return program_of_il(context, member, text, length, status);
	return of(context)->clCreateProgramWithSource(context, 1, &text, &length, status);
}

/* The program, or NULL where it is refused. */
static cl_program built(cl_program made, const struct program *program, unsigned int member,
			cl_int *status)
{
	const char *options = analysis_options(program->split->analysis);
	const cl_device_id device = pool()->members[member].device;

	if (!made)
		return NULL;
	*status = of(made)->clBuildProgram(made, 1, &device, options, NULL, NULL);
	if (*status == CL_SUCCESS)
		return made;
	of(made)->clReleaseProgram(made);
	return NULL;
}

cl_program split_make(cl_context context, const struct program *program, unsigned int member,
		      cl_int *status)
{
	return built(make(context, program->split->analysis, member, status), program, member,
		     status);
}

static bool are_like(const struct member *one, const struct member *other)
{
	return one->platform == other->platform && !strcmp(one->name, other->name) &&
	       one->type & other->type & CL_DEVICE_TYPE_GPU;
}

/* What was built for a GPU, for another of the same kind: compilers take longer. NULL: no. */
static cl_program copy_in(cl_context context, const struct program *program, unsigned int member,
			  cl_program made)
{
	const cl_device_id device = pool()->members[member].device;
	unsigned char *bytes = NULL;
	const unsigned char *binary;
	cl_program copy = NULL;
	cl_int status;
	size_t size = 0;

	if (of(made)->clGetProgramInfo(made, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, NULL) !=
		CL_SUCCESS ||
	    !size)
		return NULL;
	bytes = malloc(size);
	if (bytes && of(made)->clGetProgramInfo(made, CL_PROGRAM_BINARIES, sizeof(bytes), &bytes,
						NULL) == CL_SUCCESS) {
		binary = bytes;
		copy = of(context)->clCreateProgramWithBinary(context, 1, &device, &size, &binary,
							      NULL, &status);
	}
	free(bytes);
	return built(copy, program, member, &status);
}

cl_program split_make_beside(cl_context context, const struct program *program, unsigned int member,
			     _Atomic(cl_program) const *made)
{
	const struct member *members = pool()->members;
	cl_program copy = NULL;
	cl_int status;

	for (unsigned int i = 0; i < pool()->count && !copy; i++)
		if (made[i] && are_like(&members[i], &members[member]))
			copy = copy_in(context, program, member, made[i]);
	return copy ? copy : split_make(context, program, member, &status);
}
