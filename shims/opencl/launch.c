/* SPDX-License-Identifier: MIT */
#include "launch.h"

#include "count.h"
#include "residency.h"
#include "split.h"

/* All memory that the kernel may touch, on the member. */
static cl_int bring(struct command *command, const struct kernel *kernel)
{
	cl_int status = CL_SUCCESS;

	for (cl_uint i = 0; i < kernel->argument_count; i++) {
		struct memory *memory = argument_memory(&kernel->arguments[i]);

		if (memory && !residency_need(memory, command->member, 0, memory->size,
					      RESIDENCY_READ, &status))
			return status;
	}
	return CL_SUCCESS;
}

/* What it did there is not known: it may have written all of what it may write. */
static void written(struct command *command, const struct kernel *kernel,
		    const struct ndrange *range)
{
	for (cl_uint i = 0; i < kernel->argument_count; i++) {
		struct memory *memory = argument_memory(&kernel->arguments[i]);

		if (memory && !(memory->flags & CL_MEM_READ_ONLY) &&
		    split_may_write(kernel, range, i))
			residency_wrote(memory, command->member, 0, memory->size);
	}
}

static cl_int enqueue(struct command *command, cl_kernel inner, const struct ndrange *range)
{
	if (range->type == CL_COMMAND_TASK)
		return of(command->on)
		    ->clEnqueueTask(command->on, inner, command->wait_count, command->waits,
				    command->wants);
	return of(command->on)
	    ->clEnqueueNDRangeKernel(command->on, inner, range->dimensions, range->offset,
				     range->global, range->local, command->wait_count,
				     command->waits, command->wants);
}

static cl_int enqueue_spread(struct command *command, struct kernel *kernel,
			     const struct ndrange *range)
{
	cl_int status = bring(command, kernel);
	cl_kernel inner = status == CL_SUCCESS ? kernel_on(kernel, command->member, &status) : NULL;

	if (inner)
		status = enqueue(command, inner, range);
	if (status == CL_SUCCESS)
		written(command, kernel, range);
	return status;
}

/* Whether another member may be able to do what one was not. */
static bool may_elsewhere(cl_int status)
{
	switch (status) {
	case CL_DEVICE_NOT_AVAILABLE:
	case CL_MEM_OBJECT_ALLOCATION_FAILURE:
	case CL_OUT_OF_RESOURCES:
	case CL_INVALID_WORK_GROUP_SIZE:
	case CL_INVALID_WORK_ITEM_SIZE:
	case CL_BUILD_PROGRAM_FAILURE:
	case CL_INVALID_BINARY:
	case CL_INVALID_BUFFER_SIZE:
	case CL_INVALID_KERNEL_NAME:
		return true;
	default:
		return false;
	}
}

/* Whether what it was set to is there still: drivers keep a pointer, and follow it. */
static bool has_arguments(const struct kernel *kernel)
{
	for (cl_uint i = 0; i < kernel->argument_count; i++) {
		const struct argument *argument = &kernel->arguments[i];
		const struct object *object = argument->object;

		if (argument->kind != ARGUMENT_MEMORY && argument->kind != ARGUMENT_SAMPLER)
			continue;
		if (object &&
		    (object_kind_of(object) == OBJECT_FREE || object->serial != argument->serial))
			return false;
	}
	return true;
}

/* All of it, on one member: that of the queue, or one that can. */
static cl_int launch_whole(struct command *command, struct kernel *kernel,
			   const struct ndrange *range)
{
	const unsigned int first = command->member;
	cl_int status;

	if (!command->is_spread)
		return enqueue(command, kernel->inner[command->member], range);
	status = enqueue_spread(command, kernel, range);
	for (unsigned int i = 0; i < pool()->count && may_elsewhere(status); i++) {
		cl_int other;

		if (i == first || command_move(command, i) != CL_SUCCESS)
			continue;
		other = enqueue_spread(command, kernel, range);
		if (other == CL_SUCCESS)
			return other;
	}
	return status;
}

static cl_int end_whole(struct command *command, struct kernel *kernel, const struct ndrange *range,
			cl_int status, struct stamp *stamp)
{
	const struct queue *queue = command->queue;
	const unsigned int member = command->member;
	cl_event inner = status == CL_SUCCESS && split_asks(kernel) ? command->inner : NULL;

	if (inner && command->event)
		of(inner)->clRetainEvent(inner);
	else if (inner)
		command->inner = NULL;
	status = command_end(command, range->type, status);
	if (inner)
		split_ran_whole(queue, kernel, range, member, inner, stamp);
	else
		stamp_drop(stamp);
	return status;
}

cl_int launch(cl_command_queue queue, cl_kernel handle, const struct ndrange *range, cl_uint count,
	      const cl_event *waits, cl_event *event)
{
	struct kernel *kernel = (struct kernel *)handle;
	struct stamp *stamp = NULL;
	struct command command;
	unsigned int first;
	cl_int status;

	if (!is_queue(queue))
		return CL_INVALID_COMMAND_QUEUE;
	if (!is_kernel(handle))
		return CL_INVALID_KERNEL;
	if (kernel->context != ((struct queue *)queue)->context)
		return CL_INVALID_CONTEXT;
	if (!has_arguments(kernel))
		return CL_INVALID_KERNEL_ARGS;
	if (split_launch(queue, kernel, range, count, waits, event, &status))
		return status;
	status = command_begin(&command, queue, COMMAND_ANYWHERE, count, waits, event);
	if (status != CL_SUCCESS)
		return status;
	/* Whether it had better be split is told by how long it takes. */
	if (split_asks(kernel)) {
		command.wants = &command.inner;
		stamp = stamp_begin(command.on, command.member);
	}
	first = command.member;
	status = launch_whole(&command, kernel, range);
	if (command.member != first) {
		stamp_drop(stamp);
		stamp = NULL;
	}
	if (status == CL_SUCCESS)
		count_launch(command.member, false);
	return end_whole(&command, kernel, range, status, stamp);
}

cl_int CL_API_CALL pool_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel,
					       cl_uint dimensions, const size_t *offset,
					       const size_t *global, const size_t *local,
					       cl_uint count, const cl_event *waits,
					       cl_event *event)
{
	const struct ndrange range = {dimensions, offset, global, local, CL_COMMAND_NDRANGE_KERNEL};

	return launch(queue, kernel, &range, count, waits, event);
}

cl_int CL_API_CALL pool_clEnqueueTask(cl_command_queue queue, cl_kernel kernel, cl_uint count,
				      const cl_event *waits, cl_event *event)
{
	static const size_t one = 1;
	const struct ndrange range = {1, NULL, &one, &one, CL_COMMAND_TASK};

	return launch(queue, kernel, &range, count, waits, event);
}
