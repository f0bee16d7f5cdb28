/* SPDX-License-Identifier: MIT */
/* Building, compiling and linking. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "device.h"
#include "program.h"

/* What the driver calls when it is done. Drivers differ in whether they call where they refuse. */
struct notice {
	struct program *program;
	void(CL_CALLBACK *call)(cl_program, void *);
	void *data;
	/* The driver's, until it has called, and that of who asks it. */
	_Atomic unsigned int holders;
	atomic_bool was_called;
};

static void let_go(struct notice *notice)
{
	if (atomic_fetch_sub(&notice->holders, 1) != 1)
		return;
	object_unhold(notice->program);
	free(notice);
}

static void CL_CALLBACK notified(cl_program inner, void *data)
{
	struct notice *notice = data;
	struct program *program = notice->program;

	atomic_store(&notice->was_called, true);
	/* A linked program may be done before its maker has it. */
	if (!program->inner[program->context->home])
		program->inner[program->context->home] = inner;
	notice->call((cl_program)program, notice->data);
	let_go(notice);
}

/* NULL and true where nobody asks; NULL and false: no memory. */
static bool notice_of(struct program *program, void(CL_CALLBACK *call)(cl_program, void *),
		      void *data, struct notice **notice)
{
	*notice = NULL;
	if (!call)
		return true;
	*notice = malloc(sizeof(**notice));
	if (!*notice)
		return false;
	**notice = (struct notice){.program = program, .call = call, .data = data, .holders = 2};
	object_hold(program);
	return true;
}

/* The driver has said what it does. Of what failed to be built it may still tell; of what it
 * refused it has told, or never will. */
static void asked(struct notice *notice, cl_int status)
{
	if (!notice)
		return;
	if (status != CL_SUCCESS && status != CL_BUILD_PROGRAM_FAILURE &&
	    status != CL_COMPILE_PROGRAM_FAILURE && !atomic_load(&notice->was_called))
		let_go(notice);
	let_go(notice);
}

static cl_int check_request(cl_uint count, const cl_device_id *devices, const void *call,
			    const void *data)
{
	if (!count != !devices || (!call && data))
		return CL_INVALID_VALUE;
	return count ? check_devices(count, devices) : CL_SUCCESS;
}

/*
 * What it will be built with, here and elsewhere. Source tells the types of kernels' arguments too:
 * so a word that is no handle is told from one.
 */
static cl_int take_options(struct program *program, const char *options)
{
	static const char types[] = " -cl-kernel-arg-info";
	const size_t length = options ? strlen(options) : 0;
	char *copy = malloc(length + sizeof(types));

	if (!copy)
		return CL_OUT_OF_HOST_MEMORY;
	if (length)
		memcpy(copy, options, length);
	copy[length] = '\0';
	program->own_options = length;
	if (program->origin == PROGRAM_SOURCE)
		strcpy(copy + length, types);
	free(program->options);
	program->options = copy;
	program_changed(program);
	return CL_SUCCESS;
}

cl_int CL_API_CALL pool_clBuildProgram(cl_program handle, cl_uint count,
				       const cl_device_id *devices, const char *options,
				       void(CL_CALLBACK *call)(cl_program, void *), void *data)
{
	struct program *program = (struct program *)handle;
	struct notice *notice;
	cl_device_id device;
	cl_program inner;
	double began;
	cl_int status;

	if (!is_program(handle))
		return CL_INVALID_PROGRAM;
	status = check_request(count, devices, (void *)(uintptr_t)call, data);
	if (status != CL_SUCCESS)
		return status;
	if (atomic_load(&program->kernels))
		return CL_INVALID_OPERATION;
	status = take_options(program, options);
	if (status != CL_SUCCESS)
		return status;
	if (!notice_of(program, call, data, &notice))
		return CL_OUT_OF_HOST_MEMORY;
	program->is_built = true;
	program->is_compiled = false;
	inner = program_home(program);
	device = pool()->members[program->context->home].device;
	began = clock_seconds();
	status = of(inner)->clBuildProgram(inner, 1, &device, program->options,
					   notice ? notified : NULL, notice);
	program->build_seconds = clock_seconds() - began;
	asked(notice, status);
	return status;
}

static cl_program *inner_inputs(struct program *program, unsigned int member, cl_int *status)
{
	cl_program *list = calloc(program->input_count + 1, sizeof(*list));

	*status = list ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
	for (cl_uint i = 0; i < program->input_count && *status == CL_SUCCESS; i++)
		list[i] = program_on(program->inputs[i], member, status);
	if (*status != CL_SUCCESS) {
		free(list);
		return NULL;
	}
	return list;
}

static cl_int compile_on(struct program *program, unsigned int member, struct notice *notice)
{
	cl_program inner = program->inner[member];
	cl_int status;
	cl_program *inputs = inner_inputs(program, member, &status);

	if (!inputs)
		return status;
	status = of(inner)->clCompileProgram(
	    inner, 1, &pool()->members[member].device, program->options, program->input_count,
	    program->input_count ? inputs : NULL, (const char **)program->input_names,
	    notice ? notified : NULL, notice);
	free(inputs);
	return status;
}

cl_int program_compile_on(struct program *program, unsigned int member)
{
	return compile_on(program, member, NULL);
}

/* Holds them. False: no memory. */
static bool take_inputs(struct program *program, cl_uint count, const cl_program *inputs,
			const char **names)
{
	program_drop_inputs(program);
	if (!count)
		return true;
	program->inputs = calloc(count, sizeof(*program->inputs));
	program->input_names = names ? calloc(count, sizeof(*names)) : NULL;
	if (!program->inputs || (names && !program->input_names)) {
		program_drop_inputs(program);
		return false;
	}
	for (cl_uint i = 0; i < count; i++) {
		object_hold(inputs[i]);
		program->inputs[i] = (struct program *)inputs[i];
		program->input_count = i + 1;
		if (!names)
			continue;
		program->input_names[i] = strdup(names[i]);
		if (!program->input_names[i]) {
			program_drop_inputs(program);
			return false;
		}
	}
	return true;
}

static cl_int check_inputs(const struct context *context, cl_uint count, const cl_program *inputs)
{
	if (!count != !inputs)
		return CL_INVALID_VALUE;
	for (cl_uint i = 0; i < count; i++)
		if (!is_program(inputs[i]) || ((struct program *)inputs[i])->context != context)
			return CL_INVALID_PROGRAM;
	return CL_SUCCESS;
}

cl_int CL_API_CALL pool_clCompileProgram(cl_program handle, cl_uint count,
					 const cl_device_id *devices, const char *options,
					 cl_uint header_count, const cl_program *headers,
					 const char **names,
					 void(CL_CALLBACK *call)(cl_program, void *), void *data)
{
	struct program *program = (struct program *)handle;
	struct notice *notice;
	cl_int status;

	if (!is_program(handle))
		return CL_INVALID_PROGRAM;
	status = check_request(count, devices, (void *)(uintptr_t)call, data);
	if (status == CL_SUCCESS && !header_count != !names)
		status = CL_INVALID_VALUE;
	if (status == CL_SUCCESS)
		status = check_inputs(program->context, header_count, headers);
	for (cl_uint i = 0; i < header_count && status == CL_SUCCESS; i++)
		if (!names[i])
			status = CL_INVALID_VALUE;
	if (status != CL_SUCCESS)
		return status;
	if (atomic_load(&program->kernels) || program->origin == PROGRAM_BINARY ||
	    program->origin == PROGRAM_LINKED)
		return CL_INVALID_OPERATION;
	status = take_options(program, options);
	if (status != CL_SUCCESS)
		return status;
	if (!take_inputs(program, header_count, headers, names) ||
	    !notice_of(program, call, data, &notice))
		return CL_OUT_OF_HOST_MEMORY;
	program->is_compiled = true;
	program->is_built = false;
	status = compile_on(program, program->context->home, notice);
	asked(notice, status);
	return status;
}

static cl_program link_on(struct program *program, unsigned int member, struct notice *notice,
			  cl_int *status)
{
	cl_context context = context_on(program->context, member, status);
	cl_program *inputs = context ? inner_inputs(program, member, status) : NULL;
	cl_program made;

	if (!inputs)
		return NULL;
	made = of(context)->clLinkProgram(context, 1, &pool()->members[member].device,
					  program->options, program->input_count, inputs,
					  notice ? notified : NULL, notice, status);
	free(inputs);
	return made;
}

cl_program program_link_on(struct program *program, unsigned int member, cl_int *status)
{
	return link_on(program, member, NULL, status);
}

cl_program CL_API_CALL pool_clLinkProgram(cl_context handle, cl_uint count,
					  const cl_device_id *devices, const char *options,
					  cl_uint input_count, const cl_program *inputs,
					  void(CL_CALLBACK *call)(cl_program, void *), void *data,
					  cl_int *errcode_ret)
{
	struct context *context = (struct context *)handle;
	struct program *program;
	struct notice *notice = NULL;
	cl_program inner;
	cl_int status;

	if (!is_context(handle)) {
		status_to(errcode_ret, CL_INVALID_CONTEXT);
		return NULL;
	}
	status = check_request(count, devices, (void *)(uintptr_t)call, data);
	if (status == CL_SUCCESS && (!input_count || !inputs))
		status = CL_INVALID_VALUE;
	if (status == CL_SUCCESS)
		status = check_inputs(context, input_count, inputs);
	if (status != CL_SUCCESS) {
		status_to(errcode_ret, status);
		return NULL;
	}
	program = program_new(context, PROGRAM_LINKED, errcode_ret);
	if (!program)
		return NULL;
	if (take_options(program, options) != CL_SUCCESS ||
	    !take_inputs(program, input_count, inputs, NULL) ||
	    !notice_of(program, call, data, &notice))
		return program_keep(program, CL_OUT_OF_HOST_MEMORY, errcode_ret);
	program->is_built = true;
	if (notice)
		object_ready(program);
	inner = link_on(program, context->home, notice, &status);
	program->inner[context->home] = inner;
	/* Without a program nobody is told any more. */
	asked(notice, inner ? CL_SUCCESS : CL_LINK_PROGRAM_FAILURE);
	return program_keep(program, status, errcode_ret);
}

cl_int CL_API_CALL pool_clUnloadPlatformCompiler(cl_platform_id platform)
{
	return platform == the_platform() ? CL_SUCCESS : CL_INVALID_PLATFORM;
}

cl_int CL_API_CALL pool_clUnloadCompiler(void)
{
	return CL_SUCCESS;
}
