/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <stdlib.h>

#include "flight.h"
#include "residency.h"

static void unlock(struct command *command)
{
	if (command->is_spread)
		pthread_mutex_unlock(&command->context->lock);
	else
		atomic_fetch_sub(&command->queue->busy, 1);
}

/* Those of the member: others are waited for already. */
static cl_int take_waits(struct command *command)
{
	cl_uint count = 0;
	cl_event *list = command->many ? command->many : command->few;

	command->wait_count = 0;
	for (cl_uint i = 0; i < command->asked_count; i++)
		count += 1 + ((struct event *)command->asked[i])->more_count;
	if (count > COMMAND_WAITS && !command->many) {
		list = command->many = malloc(count * sizeof(*list));
		if (!list)
			return CL_OUT_OF_HOST_MEMORY;
	}
	for (cl_uint i = 0; i < command->asked_count; i++)
		command->wait_count += event_on((struct event *)command->asked[i], command->member,
						list + command->wait_count);
	command->waits = command->wait_count ? list : NULL;
	return CL_SUCCESS;
}

/* In a spread context: the lock, and the queue of the member. */
static cl_int begin_spread(struct command *command, unsigned int where, cl_uint count,
			   const cl_event *waits)
{
	struct context *context = command->context;
	cl_int status = CL_SUCCESS;

	for (;;) {
		const bool is_pinned = atomic_load(&context->pins);

		if (where != COMMAND_ANYWHERE)
			command->member = where;
		else if (is_pinned || flight_has_lost(context, command->queue->home))
			command->member = context->home;
		else
			command->member = command->queue->home;
		/* It would wait here for what the program does after this call. */
		if (is_pinned && command->member != context->home)
			return CL_OUT_OF_RESOURCES;
		status = event_wait_elsewhere(command->member, count, waits);
		if (status != CL_SUCCESS)
			return status;
		pthread_mutex_lock(&context->lock);
		if (is_pinned == !!atomic_load(&context->pins))
			break;
		/* A user event came in between, or went. */
		pthread_mutex_unlock(&context->lock);
	}
	command->on = queue_on(command->queue, command->member, &status);
	if (status != CL_SUCCESS)
		pthread_mutex_unlock(&context->lock);
	return status;
}

cl_int command_begin(struct command *command, cl_command_queue handle, unsigned int where,
		     cl_uint count, const cl_event *waits, cl_event *event)
{
	struct queue *queue = (struct queue *)handle;
	struct context *context;
	cl_int status;

	if (!is_queue(handle))
		return CL_INVALID_COMMAND_QUEUE;
	context = queue->context;
	status = event_check_list(context, count, waits);
	if (status != CL_SUCCESS)
		return status;
	command->queue = queue;
	command->context = context;
	command->event = event;
	command->wants = event ? &command->inner : NULL;
	command->waits_at_end = false;
	command->asked_count = count;
	command->asked = waits;
	command->wait_count = 0;
	command->waits = NULL;
	command->inner = NULL;
	command->many = NULL;
	atomic_fetch_add(&queue->busy, 1);
	command->is_spread = context_is_spread(context);
	if (!command->is_spread) {
		command->member = context->home;
		command->on = queue->inner[context->home];
	} else {
		atomic_fetch_sub(&queue->busy, 1);
		status = begin_spread(command, where, count, waits);
		if (status != CL_SUCCESS)
			return status;
	}
	if (count) {
		status = take_waits(command);
		if (status != CL_SUCCESS)
			unlock(command);
	}
	return status;
}

cl_int command_move(struct command *command, unsigned int member)
{
	cl_int status;

	/* A user event keeps it where it is. */
	if (atomic_load(&command->context->pins))
		return CL_OUT_OF_RESOURCES;
	/* What is done over where a member failed has the lock. */
	pthread_mutex_unlock(&command->context->lock);
	status = event_wait_elsewhere(member, command->asked_count, command->asked);
	pthread_mutex_lock(&command->context->lock);
	if (status != CL_SUCCESS)
		return status;
	if (atomic_load(&command->context->pins))
		return CL_OUT_OF_RESOURCES;
	command->member = member;
	command->on = queue_on(command->queue, member, &status);
	return status == CL_SUCCESS ? take_waits(command) : status;
}

cl_mem command_reads(struct command *command, struct memory *memory, size_t offset, size_t size,
		     cl_int *status)
{
	if (!command->is_spread)
		return memory->copies[command->member].inner;
	return residency_need(memory, command->member, offset, size, RESIDENCY_READ, status);
}

cl_mem command_writes(struct command *command, struct memory *memory, cl_int *status)
{
	if (!command->is_spread)
		return memory->copies[command->member].inner;
	return residency_need(memory, command->member, 0, 0, RESIDENCY_WRITE, status);
}

void command_wrote(struct command *command, struct memory *memory, size_t offset, size_t size)
{
	if (command->is_spread)
		residency_wrote(memory, command->member, offset, size);
}

bool command_may_wait(const struct command *command)
{
	return command->is_spread && !atomic_load(&command->context->pins);
}

cl_bool command_blocks(struct command *command, cl_bool blocking)
{
	if (!blocking || !command->is_spread)
		return blocking;
	command->waits_at_end = true;
	command->wants = &command->inner;
	return CL_FALSE;
}

cl_int command_end(struct command *command, cl_command_type type, cl_int status)
{
	cl_event inner = command->inner;

	unlock(command);
	free(command->many);
	if (status != CL_SUCCESS || !inner)
		return status;
	if (command->waits_at_end) {
		status = of(inner)->clWaitForEvents(1, &inner);
		if (status != CL_SUCCESS || !command->event) {
			of(inner)->clReleaseEvent(inner);
			return status;
		}
	}
	*command->event = event_of_command(command->queue, command->member, type, inner);
	return *command->event ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
}
