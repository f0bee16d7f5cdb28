/* SPDX-License-Identifier: MIT */
/*
 * Maps. An object is mapped where it was made, whatever its queue's member: so the addresses of all
 * maps belong together, and are the host's own where it gave them.
 */
#include "enqueue.h"

#define WRITES (CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION)

static void *failed(cl_int *errcode_ret, cl_int status)
{
	status_to(errcode_ret, status);
	return NULL;
}

static cl_int check_flags(const struct memory *memory, cl_map_flags flags)
{
	if (flags & ~(cl_map_flags)(CL_MAP_READ | WRITES) ||
	    (flags & CL_MAP_WRITE_INVALIDATE_REGION && flags & (CL_MAP_READ | CL_MAP_WRITE)))
		return CL_INVALID_VALUE;
	if ((flags & CL_MAP_READ && !host_reads(memory)) ||
	    (flags & WRITES && !host_writes(memory)))
		return CL_INVALID_OPERATION;
	return CL_SUCCESS;
}

/* What was mapped; nothing where the command then failed. */
static void *ended(struct command *command, cl_command_type type, cl_mem inner, void *mapped,
		   cl_int status, cl_int *errcode_ret)
{
	status = command_end(command, type, status);
	status_to(errcode_ret, status);
	if (status == CL_SUCCESS || !mapped)
		return mapped;
	of(command->on)->clEnqueueUnmapMemObject(command->on, inner, mapped, 0, NULL, NULL);
	return NULL;
}

void *CL_API_CALL pool_clEnqueueMapBuffer(cl_command_queue queue, cl_mem handle, cl_bool blocking,
					  cl_map_flags flags, size_t offset, size_t size,
					  cl_uint count, const cl_event *waits, cl_event *event,
					  cl_int *errcode_ret)
{
	struct memory *memory = (struct memory *)handle;
	cl_int status = enqueue_check(queue, handle, ENQUEUE_BUFFER);
	struct command command;
	void *mapped = NULL;
	cl_mem inner;

	if (status == CL_SUCCESS && (!size || !enqueue_fits(memory, offset, size)))
		status = CL_INVALID_VALUE;
	if (status == CL_SUCCESS)
		status = check_flags(memory, flags);
	if (status == CL_SUCCESS)
		status = command_begin(&command, queue, memory->home, count, waits, event);
	if (status != CL_SUCCESS)
		return failed(errcode_ret, status);
	blocking = command_blocks(&command, blocking);
	inner = command_reads(&command, memory, offset, size, &status);
	if (inner)
		mapped = of(command.on)
			     ->clEnqueueMapBuffer(command.on, inner, blocking, flags, offset, size,
						  command.wait_count, command.waits, command.wants,
						  &status);
	/* It is the host's until it is unmapped there. */
	if (mapped && flags & WRITES)
		command_wrote(&command, memory, offset, size);
	return ended(&command, CL_COMMAND_MAP_BUFFER, inner, mapped, status, errcode_ret);
}

void *CL_API_CALL pool_clEnqueueMapImage(cl_command_queue queue, cl_mem handle, cl_bool blocking,
					 cl_map_flags flags, const size_t *origin,
					 const size_t *region, size_t *row_pitch,
					 size_t *slice_pitch, cl_uint count, const cl_event *waits,
					 cl_event *event, cl_int *errcode_ret)
{
	struct memory *memory = (struct memory *)handle;
	cl_int status = enqueue_check(queue, handle, ENQUEUE_IMAGE);
	struct command command;
	void *mapped = NULL;
	cl_mem inner;

	if (status == CL_SUCCESS && (!origin || !region || !row_pitch))
		status = CL_INVALID_VALUE;
	if (status == CL_SUCCESS)
		status = check_flags(memory, flags);
	if (status == CL_SUCCESS)
		status = command_begin(&command, queue, memory->home, count, waits, event);
	if (status != CL_SUCCESS)
		return failed(errcode_ret, status);
	blocking = command_blocks(&command, blocking);
	inner = command_reads(&command, memory, 0, memory->size, &status);
	if (inner)
		mapped = of(command.on)
			     ->clEnqueueMapImage(command.on, inner, blocking, flags, origin, region,
						 row_pitch, slice_pitch, command.wait_count,
						 command.waits, command.wants, &status);
	if (mapped && flags & WRITES)
		command_wrote(&command, memory, 0, memory->size);
	return ended(&command, CL_COMMAND_MAP_IMAGE, inner, mapped, status, errcode_ret);
}

cl_int CL_API_CALL pool_clEnqueueUnmapMemObject(cl_command_queue queue, cl_mem handle, void *mapped,
						cl_uint count, const cl_event *waits,
						cl_event *event)
{
	struct memory *memory = (struct memory *)handle;
	cl_int status = enqueue_check(queue, handle, ENQUEUE_MEMORY);
	struct command command;
	cl_mem inner;

	if (status == CL_SUCCESS && !mapped)
		status = CL_INVALID_VALUE;
	if (status == CL_SUCCESS)
		status = command_begin(&command, queue, memory->home, count, waits, event);
	if (status != CL_SUCCESS)
		return status;
	inner = memory->copies[memory->home].inner;
	status = of(command.on)
		     ->clEnqueueUnmapMemObject(command.on, inner, mapped, command.wait_count,
					       command.waits, command.wants);
	return command_end(&command, CL_COMMAND_UNMAP_MEM_OBJECT, status);
}
