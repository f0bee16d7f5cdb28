/* SPDX-License-Identifier: MIT */
/* Commands of buffers. Of those of rectangles all of the buffer counts. */
#include "enqueue.h"
#include "residency.h"

#define BEGIN(where)                                                                               \
	do {                                                                                       \
		status = command_begin(&command, queue, where, count, waits, event);               \
		if (status != CL_SUCCESS)                                                          \
			return status;                                                             \
	} while (0)

cl_int CL_API_CALL pool_clEnqueueReadBuffer(cl_command_queue queue, cl_mem handle, cl_bool blocking,
					    size_t offset, size_t size, void *data, cl_uint count,
					    const cl_event *waits, cl_event *event)
{
	struct memory *memory = (struct memory *)handle;
	cl_int status = enqueue_check(queue, handle, ENQUEUE_BUFFER);
	struct command command;
	cl_mem inner;

	if (status != CL_SUCCESS)
		return status;
	if (!data || !enqueue_fits(memory, offset, size))
		return CL_INVALID_VALUE;
	if (!host_reads(memory))
		return CL_INVALID_OPERATION;
	BEGIN(COMMAND_ANYWHERE);
	blocking = command_blocks(&command, blocking);
	if (command_may_wait(&command) && !residency_is_on(memory, command.member, offset, size)) {
		/* From wherever it is, at once, after what was enqueued before: the host waits for
		 * both. */
		status = context_finish(command.context, command.member);
		if (status == CL_SUCCESS)
			status = residency_read(memory, offset, size, data);
		if (status == CL_SUCCESS)
			status = of(command.on)
				     ->clEnqueueMarkerWithWaitList(command.on, command.wait_count,
								   command.waits, command.wants);
		return command_end(&command, CL_COMMAND_READ_BUFFER, status);
	}
	inner = command_reads(&command, memory, offset, size, &status);
	if (inner)
		status =
		    of(command.on)
			->clEnqueueReadBuffer(command.on, inner, blocking, offset, size, data,
					      command.wait_count, command.waits, command.wants);
	return command_end(&command, CL_COMMAND_READ_BUFFER, status);
}

cl_int CL_API_CALL pool_clEnqueueWriteBuffer(cl_command_queue queue, cl_mem handle,
					     cl_bool blocking, size_t offset, size_t size,
					     const void *data, cl_uint count, const cl_event *waits,
					     cl_event *event)
{
	struct memory *memory = (struct memory *)handle;
	cl_int status = enqueue_check(queue, handle, ENQUEUE_BUFFER);
	struct command command;
	cl_mem inner;

	if (status != CL_SUCCESS)
		return status;
	if (!data || !enqueue_fits(memory, offset, size))
		return CL_INVALID_VALUE;
	if (!host_writes(memory))
		return CL_INVALID_OPERATION;
	BEGIN(COMMAND_ANYWHERE);
	blocking = command_blocks(&command, blocking);
	inner = command_writes(&command, memory, &status);
	if (inner)
		status =
		    of(command.on)
			->clEnqueueWriteBuffer(command.on, inner, blocking, offset, size, data,
					       command.wait_count, command.waits, command.wants);
	if (status == CL_SUCCESS)
		command_wrote(&command, memory, offset, size);
	return command_end(&command, CL_COMMAND_WRITE_BUFFER, status);
}

cl_int CL_API_CALL pool_clEnqueueFillBuffer(cl_command_queue queue, cl_mem handle,
					    const void *pattern, size_t pattern_size, size_t offset,
					    size_t size, cl_uint count, const cl_event *waits,
					    cl_event *event)
{
	struct memory *memory = (struct memory *)handle;
	cl_int status = enqueue_check(queue, handle, ENQUEUE_BUFFER);
	struct command command;
	cl_mem inner;

	if (status != CL_SUCCESS)
		return status;
	if (!pattern || !enqueue_fits(memory, offset, size))
		return CL_INVALID_VALUE;
	BEGIN(COMMAND_ANYWHERE);
	inner = command_writes(&command, memory, &status);
	if (inner)
		status = of(command.on)
			     ->clEnqueueFillBuffer(command.on, inner, pattern, pattern_size, offset,
						   size, command.wait_count, command.waits,
						   command.wants);
	if (status == CL_SUCCESS)
		command_wrote(&command, memory, offset, size);
	return command_end(&command, CL_COMMAND_FILL_BUFFER, status);
}

cl_int CL_API_CALL pool_clEnqueueCopyBuffer(cl_command_queue queue, cl_mem source_handle,
					    cl_mem target_handle, size_t source_offset,
					    size_t target_offset, size_t size, cl_uint count,
					    const cl_event *waits, cl_event *event)
{
	struct memory *source = (struct memory *)source_handle;
	struct memory *target = (struct memory *)target_handle;
	cl_int status = enqueue_check(queue, source_handle, ENQUEUE_BUFFER);
	struct command command;
	cl_mem from, to;

	if (status == CL_SUCCESS)
		status = enqueue_check(queue, target_handle, ENQUEUE_BUFFER);
	if (status != CL_SUCCESS)
		return status;
	if (!enqueue_fits(source, source_offset, size) ||
	    !enqueue_fits(target, target_offset, size))
		return CL_INVALID_VALUE;
	BEGIN(COMMAND_ANYWHERE);
	from = command_reads(&command, source, source_offset, size, &status);
	to = from ? command_writes(&command, target, &status) : NULL;
	if (to)
		status = of(command.on)
			     ->clEnqueueCopyBuffer(command.on, from, to, source_offset,
						   target_offset, size, command.wait_count,
						   command.waits, command.wants);
	if (status == CL_SUCCESS)
		command_wrote(&command, target, target_offset, size);
	return command_end(&command, CL_COMMAND_COPY_BUFFER, status);
}

cl_int CL_API_CALL pool_clEnqueueReadBufferRect(cl_command_queue queue, cl_mem handle,
						cl_bool blocking, const size_t *origin,
						const size_t *host_origin, const size_t *region,
						size_t row_pitch, size_t slice_pitch,
						size_t host_row_pitch, size_t host_slice_pitch,
						void *data, cl_uint count, const cl_event *waits,
						cl_event *event)
{
	struct memory *memory = (struct memory *)handle;
	cl_int status = enqueue_check(queue, handle, ENQUEUE_BUFFER);
	struct command command;
	cl_mem inner;

	if (status != CL_SUCCESS)
		return status;
	if (!data || !origin || !host_origin || !region)
		return CL_INVALID_VALUE;
	if (!host_reads(memory))
		return CL_INVALID_OPERATION;
	BEGIN(COMMAND_ANYWHERE);
	blocking = command_blocks(&command, blocking);
	inner = command_reads(&command, memory, 0, memory->size, &status);
	if (inner)
		status = of(command.on)
			     ->clEnqueueReadBufferRect(
				 command.on, inner, blocking, origin, host_origin, region,
				 row_pitch, slice_pitch, host_row_pitch, host_slice_pitch, data,
				 command.wait_count, command.waits, command.wants);
	return command_end(&command, CL_COMMAND_READ_BUFFER_RECT, status);
}

cl_int CL_API_CALL pool_clEnqueueWriteBufferRect(cl_command_queue queue, cl_mem handle,
						 cl_bool blocking, const size_t *origin,
						 const size_t *host_origin, const size_t *region,
						 size_t row_pitch, size_t slice_pitch,
						 size_t host_row_pitch, size_t host_slice_pitch,
						 const void *data, cl_uint count,
						 const cl_event *waits, cl_event *event)
{
	struct memory *memory = (struct memory *)handle;
	cl_int status = enqueue_check(queue, handle, ENQUEUE_BUFFER);
	struct command command;
	cl_mem inner;

	if (status != CL_SUCCESS)
		return status;
	if (!data || !origin || !host_origin || !region)
		return CL_INVALID_VALUE;
	if (!host_writes(memory))
		return CL_INVALID_OPERATION;
	BEGIN(COMMAND_ANYWHERE);
	blocking = command_blocks(&command, blocking);
	inner = command_reads(&command, memory, 0, memory->size, &status);
	if (inner)
		status = of(command.on)
			     ->clEnqueueWriteBufferRect(
				 command.on, inner, blocking, origin, host_origin, region,
				 row_pitch, slice_pitch, host_row_pitch, host_slice_pitch, data,
				 command.wait_count, command.waits, command.wants);
	if (status == CL_SUCCESS)
		command_wrote(&command, memory, 0, memory->size);
	return command_end(&command, CL_COMMAND_WRITE_BUFFER_RECT, status);
}

cl_int CL_API_CALL pool_clEnqueueCopyBufferRect(cl_command_queue queue, cl_mem source_handle,
						cl_mem target_handle, const size_t *source_origin,
						const size_t *target_origin, const size_t *region,
						size_t source_row_pitch, size_t source_slice_pitch,
						size_t target_row_pitch, size_t target_slice_pitch,
						cl_uint count, const cl_event *waits,
						cl_event *event)
{
	struct memory *source = (struct memory *)source_handle;
	struct memory *target = (struct memory *)target_handle;
	cl_int status = enqueue_check(queue, source_handle, ENQUEUE_BUFFER);
	struct command command;
	cl_mem from, to;

	if (status == CL_SUCCESS)
		status = enqueue_check(queue, target_handle, ENQUEUE_BUFFER);
	if (status != CL_SUCCESS)
		return status;
	if (!source_origin || !target_origin || !region)
		return CL_INVALID_VALUE;
	BEGIN(COMMAND_ANYWHERE);
	from = command_reads(&command, source, 0, source->size, &status);
	to = from ? command_reads(&command, target, 0, target->size, &status) : NULL;
	if (to)
		status = of(command.on)
			     ->clEnqueueCopyBufferRect(command.on, from, to, source_origin,
						       target_origin, region, source_row_pitch,
						       source_slice_pitch, target_row_pitch,
						       target_slice_pitch, command.wait_count,
						       command.waits, command.wants);
	if (status == CL_SUCCESS)
		command_wrote(&command, target, 0, target->size);
	return command_end(&command, CL_COMMAND_COPY_BUFFER_RECT, status);
}
