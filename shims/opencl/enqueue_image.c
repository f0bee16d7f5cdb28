/* SPDX-License-Identifier: MIT */
/* Commands of images, which are on a member as a whole but to be read. */
#include "enqueue.h"
#include "residency.h"

#define BEGIN(where)                                                                               \
	do {                                                                                       \
		status = command_begin(&command, queue, where, count, waits, event);               \
		if (status != CL_SUCCESS)                                                          \
			return status;                                                             \
	} while (0)

cl_int CL_API_CALL pool_clEnqueueReadImage(cl_command_queue queue, cl_mem handle, cl_bool blocking,
					   const size_t *origin, const size_t *region,
					   size_t row_pitch, size_t slice_pitch, void *data,
					   cl_uint count, const cl_event *waits, cl_event *event)
{
	struct memory *memory = (struct memory *)handle;
	cl_int status = enqueue_check(queue, handle, ENQUEUE_IMAGE);
	struct command command;
	bool is_read = false;
	cl_mem inner;

	if (status != CL_SUCCESS)
		return status;
	if (!data || !origin || !region)
		return CL_INVALID_VALUE;
	if (!host_reads(memory))
		return CL_INVALID_OPERATION;
	BEGIN(COMMAND_ANYWHERE);
	blocking = command_blocks(&command, blocking);
	if (command_may_wait(&command) &&
	    !residency_is_on(memory, command.member, 0, memory->size)) {
		/* As with a buffer. */
		status = context_finish(command.context, command.member);
		is_read =
		    status == CL_SUCCESS && residency_read_image(memory, origin, region, row_pitch,
								 slice_pitch, data, &status);
	}
	if (is_read || status != CL_SUCCESS) {
		if (status == CL_SUCCESS)
			status = of(command.on)
				     ->clEnqueueMarkerWithWaitList(command.on, command.wait_count,
								   command.waits, command.wants);
		return command_end(&command, CL_COMMAND_READ_IMAGE, status);
	}
	inner = command_reads(&command, memory, 0, memory->size, &status);
	if (inner)
		status = of(command.on)
			     ->clEnqueueReadImage(command.on, inner, blocking, origin, region,
						  row_pitch, slice_pitch, data, command.wait_count,
						  command.waits, command.wants);
	return command_end(&command, CL_COMMAND_READ_IMAGE, status);
}

cl_int CL_API_CALL pool_clEnqueueWriteImage(cl_command_queue queue, cl_mem handle, cl_bool blocking,
					    const size_t *origin, const size_t *region,
					    size_t row_pitch, size_t slice_pitch, const void *data,
					    cl_uint count, const cl_event *waits, cl_event *event)
{
	struct memory *memory = (struct memory *)handle;
	cl_int status = enqueue_check(queue, handle, ENQUEUE_IMAGE);
	struct command command;
	cl_mem inner;

	if (status != CL_SUCCESS)
		return status;
	if (!data || !origin || !region)
		return CL_INVALID_VALUE;
	if (!host_writes(memory))
		return CL_INVALID_OPERATION;
	BEGIN(COMMAND_ANYWHERE);
	blocking = command_blocks(&command, blocking);
	inner = command_reads(&command, memory, 0, memory->size, &status);
	if (inner)
		status = of(command.on)
			     ->clEnqueueWriteImage(command.on, inner, blocking, origin, region,
						   row_pitch, slice_pitch, data, command.wait_count,
						   command.waits, command.wants);
	if (status == CL_SUCCESS)
		command_wrote(&command, memory, 0, memory->size);
	return command_end(&command, CL_COMMAND_WRITE_IMAGE, status);
}

cl_int CL_API_CALL pool_clEnqueueFillImage(cl_command_queue queue, cl_mem handle, const void *color,
					   const size_t *origin, const size_t *region,
					   cl_uint count, const cl_event *waits, cl_event *event)
{
	struct memory *memory = (struct memory *)handle;
	cl_int status = enqueue_check(queue, handle, ENQUEUE_IMAGE);
	struct command command;
	cl_mem inner;

	if (status != CL_SUCCESS)
		return status;
	if (!color || !origin || !region)
		return CL_INVALID_VALUE;
	BEGIN(COMMAND_ANYWHERE);
	inner = command_reads(&command, memory, 0, memory->size, &status);
	if (inner)
		status = of(command.on)
			     ->clEnqueueFillImage(command.on, inner, color, origin, region,
						  command.wait_count, command.waits, command.wants);
	if (status == CL_SUCCESS)
		command_wrote(&command, memory, 0, memory->size);
	return command_end(&command, CL_COMMAND_FILL_IMAGE, status);
}

cl_int CL_API_CALL pool_clEnqueueCopyImage(cl_command_queue queue, cl_mem source_handle,
					   cl_mem target_handle, const size_t *source_origin,
					   const size_t *target_origin, const size_t *region,
					   cl_uint count, const cl_event *waits, cl_event *event)
{
	struct memory *source = (struct memory *)source_handle;
	struct memory *target = (struct memory *)target_handle;
	cl_int status = enqueue_check(queue, source_handle, ENQUEUE_IMAGE);
	struct command command;
	cl_mem from, to;

	if (status == CL_SUCCESS)
		status = enqueue_check(queue, target_handle, ENQUEUE_IMAGE);
	if (status != CL_SUCCESS)
		return status;
	if (!source_origin || !target_origin || !region)
		return CL_INVALID_VALUE;
	BEGIN(COMMAND_ANYWHERE);
	from = command_reads(&command, source, 0, source->size, &status);
	to = from ? command_reads(&command, target, 0, target->size, &status) : NULL;
	if (to)
		status = of(command.on)
			     ->clEnqueueCopyImage(command.on, from, to, source_origin,
						  target_origin, region, command.wait_count,
						  command.waits, command.wants);
	if (status == CL_SUCCESS)
		command_wrote(&command, target, 0, target->size);
	return command_end(&command, CL_COMMAND_COPY_IMAGE, status);
}

cl_int CL_API_CALL pool_clEnqueueCopyImageToBuffer(cl_command_queue queue, cl_mem source_handle,
						   cl_mem target_handle, const size_t *origin,
						   const size_t *region, size_t offset,
						   cl_uint count, const cl_event *waits,
						   cl_event *event)
{
	struct memory *source = (struct memory *)source_handle;
	struct memory *target = (struct memory *)target_handle;
	cl_int status = enqueue_check(queue, source_handle, ENQUEUE_IMAGE);
	struct command command;
	cl_mem from, to;

	if (status == CL_SUCCESS)
		status = enqueue_check(queue, target_handle, ENQUEUE_BUFFER);
	if (status != CL_SUCCESS)
		return status;
	if (!origin || !region)
		return CL_INVALID_VALUE;
	BEGIN(COMMAND_ANYWHERE);
	from = command_reads(&command, source, 0, source->size, &status);
	to = from ? command_reads(&command, target, 0, target->size, &status) : NULL;
	if (to)
		status = of(command.on)
			     ->clEnqueueCopyImageToBuffer(command.on, from, to, origin, region,
							  offset, command.wait_count, command.waits,
							  command.wants);
	if (status == CL_SUCCESS)
		command_wrote(&command, target, 0, target->size);
	return command_end(&command, CL_COMMAND_COPY_IMAGE_TO_BUFFER, status);
}

cl_int CL_API_CALL pool_clEnqueueCopyBufferToImage(cl_command_queue queue, cl_mem source_handle,
						   cl_mem target_handle, size_t offset,
						   const size_t *origin, const size_t *region,
						   cl_uint count, const cl_event *waits,
						   cl_event *event)
{
	struct memory *source = (struct memory *)source_handle;
	struct memory *target = (struct memory *)target_handle;
	cl_int status = enqueue_check(queue, source_handle, ENQUEUE_BUFFER);
	struct command command;
	cl_mem from, to;

	if (status == CL_SUCCESS)
		status = enqueue_check(queue, target_handle, ENQUEUE_IMAGE);
	if (status != CL_SUCCESS)
		return status;
	if (!origin || !region)
		return CL_INVALID_VALUE;
	BEGIN(COMMAND_ANYWHERE);
	from = command_reads(&command, source, 0, source->size, &status);
	to = from ? command_reads(&command, target, 0, target->size, &status) : NULL;
	if (to)
		status = of(command.on)
			     ->clEnqueueCopyBufferToImage(command.on, from, to, offset, origin,
							  region, command.wait_count, command.waits,
							  command.wants);
	if (status == CL_SUCCESS)
		command_wrote(&command, target, 0, target->size);
	return command_end(&command, CL_COMMAND_COPY_BUFFER_TO_IMAGE, status);
}
