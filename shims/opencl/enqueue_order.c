/* SPDX-License-Identifier: MIT */
/* Commands that only order others, or say where memory is wanted. */
#include <stdlib.h>

#include "enqueue.h"

cl_int CL_API_CALL pool_clEnqueueMarkerWithWaitList(cl_command_queue queue, cl_uint count,
						    const cl_event *waits, cl_event *event)
{
	struct command command;
	cl_int status = command_begin(&command, queue, COMMAND_ANYWHERE, count, waits, event);

	if (status != CL_SUCCESS)
		return status;
	status = of(command.on)
		     ->clEnqueueMarkerWithWaitList(command.on, command.wait_count, command.waits,
						   command.wants);
	return command_end(&command, CL_COMMAND_MARKER, status);
}

cl_int CL_API_CALL pool_clEnqueueBarrierWithWaitList(cl_command_queue queue, cl_uint count,
						     const cl_event *waits, cl_event *event)
{
	struct command command;
	cl_int status = command_begin(&command, queue, COMMAND_ANYWHERE, count, waits, event);

	if (status != CL_SUCCESS)
		return status;
	status = of(command.on)
		     ->clEnqueueBarrierWithWaitList(command.on, command.wait_count, command.waits,
						    command.wants);
	return command_end(&command, CL_COMMAND_BARRIER, status);
}

cl_int CL_API_CALL pool_clEnqueueMarker(cl_command_queue queue, cl_event *event)
{
	if (!event)
		return is_queue(queue) ? CL_INVALID_VALUE : CL_INVALID_COMMAND_QUEUE;
	return pool_clEnqueueMarkerWithWaitList(queue, 0, NULL, event);
}

cl_int CL_API_CALL pool_clEnqueueWaitForEvents(cl_command_queue queue, cl_uint count,
					       const cl_event *events)
{
	if (!is_queue(queue))
		return CL_INVALID_COMMAND_QUEUE;
	if (!count || !events)
		return CL_INVALID_VALUE;
	for (cl_uint i = 0; i < count; i++)
		if (!is_event(events[i]))
			return CL_INVALID_EVENT;
	return pool_clEnqueueBarrierWithWaitList(queue, count, events, NULL);
}

cl_int CL_API_CALL pool_clEnqueueBarrier(cl_command_queue queue)
{
	return pool_clEnqueueBarrierWithWaitList(queue, 0, NULL, NULL);
}

/* It is a hint, and there is one device: bytes move when a command needs them. */
cl_int CL_API_CALL pool_clEnqueueMigrateMemObjects(cl_command_queue queue, cl_uint memory_count,
						   const cl_mem *memories,
						   cl_mem_migration_flags flags, cl_uint count,
						   const cl_event *waits, cl_event *event)
{
	const cl_mem_migration_flags known =
	    CL_MIGRATE_MEM_OBJECT_HOST | CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED;
	struct command command;
	cl_int status;

	if (!is_queue(queue))
		return CL_INVALID_COMMAND_QUEUE;
	if (!memory_count || !memories || flags & ~known)
		return CL_INVALID_VALUE;
	for (cl_uint i = 0; i < memory_count; i++) {
		status = enqueue_check(queue, memories[i], ENQUEUE_MEMORY);
		if (status != CL_SUCCESS)
			return status;
	}
	status = command_begin(&command, queue, COMMAND_ANYWHERE, count, waits, event);
	if (status != CL_SUCCESS)
		return status;
	status = of(command.on)
		     ->clEnqueueMarkerWithWaitList(command.on, command.wait_count, command.waits,
						   command.wants);
	return command_end(&command, CL_COMMAND_MIGRATE_MEM_OBJECTS, status);
}

/* No member's memory is the memory of all: CL_EXEC_NATIVE_KERNEL is not among what we can. */
cl_int CL_API_CALL pool_clEnqueueNativeKernel(cl_command_queue queue,
					      void(CL_CALLBACK *function)(void *), void *arguments,
					      size_t size, cl_uint memory_count,
					      const cl_mem *memories, const void **places,
					      cl_uint count, const cl_event *waits, cl_event *event)
{
	(void)arguments;
	(void)size;
	(void)memory_count;
	(void)memories;
	(void)places;
	(void)count;
	(void)waits;
	(void)event;
	if (!is_queue(queue))
		return CL_INVALID_COMMAND_QUEUE;
	return function ? CL_INVALID_OPERATION : CL_INVALID_VALUE;
}
