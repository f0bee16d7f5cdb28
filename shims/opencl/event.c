/* SPDX-License-Identifier: MIT */
#include "event.h"

#include <stdlib.h>
#include <string.h>

#include "flight.h"

cl_event event_of_command(struct queue *queue, unsigned int member, cl_command_type type,
			  cl_event inner)
{
	struct event *event = object_new(OBJECT_EVENT);

	if (!event) {
		of(inner)->clReleaseEvent(inner);
		return NULL;
	}
	event->context = queue->context;
	event->queue = queue;
	event->type = type;
	event->member = member;
	event->inner = inner;
	/* A queue holds its context. */
	object_hold(queue);
	return object_ready(event);
}

cl_event event_of_parts(struct queue *queue, cl_command_type type, const struct event_part *parts,
			unsigned int count)
{
	struct event_part *more = count > 1 ? malloc((count - 1) * sizeof(*more)) : NULL;
	struct event *event = NULL;

	if (more || count == 1)
		event =
		    (struct event *)event_of_command(queue, parts[0].member, type, parts[0].inner);
	else
		of(parts[0].inner)->clReleaseEvent(parts[0].inner);
	if (event) {
		event->flight = parts[0].flight;
		event->more = more;
		event->more_count = count - 1;
		if (more)
			memcpy(more, parts + 1, (count - 1) * sizeof(*more));
		return (cl_event)event;
	}
	free(more);
	flight_drop(parts[0].flight);
	for (unsigned int i = 1; i < count; i++) {
		of(parts[i].inner)->clReleaseEvent(parts[i].inner);
		flight_drop(parts[i].flight);
	}
	return NULL;
}

cl_uint event_on(const struct event *event, unsigned int member, cl_event *to)
{
	cl_uint count = 0;

	if (event->member == member && !flight_is_done_over(event->flight))
		to[count++] = event->inner;
	for (unsigned int i = 0; i < event->more_count; i++)
		if (event->more[i].member == member && !flight_is_done_over(event->more[i].flight))
			to[count++] = event->more[i].inner;
	return count;
}

void event_destroy(void *object)
{
	struct event *event = object;

	for (unsigned int i = 0; i < event->more_count; i++) {
		of(event->more[i].inner)->clReleaseEvent(event->more[i].inner);
		flight_drop(event->more[i].flight);
	}
	free(event->more);
	of(event->inner)->clReleaseEvent(event->inner);
	flight_drop(event->flight);
	if (event->queue) {
		object_unhold(event->queue);
		return;
	}
	if (!atomic_load(&event->is_set))
		context_unpin(event->context);
	object_unhold(event->context);
}

cl_int event_check_list(const struct context *context, cl_uint count, const cl_event *events)
{
	if (!count != !events)
		return CL_INVALID_EVENT_WAIT_LIST;
	for (cl_uint i = 0; i < count; i++)
		if (!is_event(events[i]))
			return CL_INVALID_EVENT_WAIT_LIST;
	for (cl_uint i = 0; i < count; i++)
		if (((struct event *)events[i])->context != context)
			return CL_INVALID_CONTEXT;
	return CL_SUCCESS;
}

/* One part; where its member fails it is done over. Not locked. */
static cl_int wait_for_part(struct event *event, cl_event inner, struct flight *flight)
{
	cl_int status;

	if (flight_is_done_over(flight))
		return CL_SUCCESS;
	status = of(inner)->clWaitForEvents(1, &inner);
	return status == CL_SUCCESS ? status : flight_failed(flight, event->context, status);
}

/* All of it, but what is on `member`: a command that runs there stands behind that. */
static cl_int wait_but(struct event *event, unsigned int member)
{
	cl_int status = CL_SUCCESS;

	if (event->queue)
		queue_flush(event->queue);
	if (event->member != member)
		status = wait_for_part(event, event->inner, event->flight);
	for (unsigned int i = 0; i < event->more_count && status == CL_SUCCESS; i++)
		if (event->more[i].member != member)
			status = wait_for_part(event, event->more[i].inner, event->more[i].flight);
	return status;
}

cl_int event_wait(struct event *event)
{
	return wait_but(event, POOL_MEMBERS);
}

cl_int event_wait_elsewhere(unsigned int member, cl_uint count, const cl_event *events)
{
	cl_int status = CL_SUCCESS;

	for (cl_uint i = 0; i < count && status == CL_SUCCESS; i++) {
		struct event *event = (struct event *)events[i];

		if (event->member != member || event->more_count)
			status = wait_but(event, member);
	}
	return status;
}

#define AT_ONCE 32

cl_int CL_API_CALL pool_clWaitForEvents(cl_uint count, const cl_event *events)
{
	cl_event inner[AT_ONCE];
	const struct event *first;
	bool is_one = count <= AT_ONCE;
	cl_int status;

	if (!count || !events)
		return CL_INVALID_VALUE;
	for (cl_uint i = 0; i < count; i++)
		if (!is_event(events[i]))
			return CL_INVALID_EVENT;
	first = (struct event *)events[0];
	status = event_check_list(first->context, count, events);
	if (status != CL_SUCCESS)
		return status;
	for (cl_uint i = 0; i < count && is_one; i++) {
		const struct event *event = (struct event *)events[i];

		inner[i] = event->inner;
		is_one = event->member == first->member && !event->more_count && !event->flight;
	}
	if (is_one)
		return of(inner[0])->clWaitForEvents(count, inner);
	/* All are sent off before the first is waited for. */
	for (cl_uint i = 0; i < count; i++)
		if (((struct event *)events[i])->queue)
			queue_flush(((struct event *)events[i])->queue);
	for (cl_uint i = 0; i < count; i++) {
		const cl_int each = event_wait((struct event *)events[i]);

		if (each != CL_SUCCESS)
			status = each;
	}
	flight_tidy(first->context);
	return status;
}

cl_event CL_API_CALL pool_clCreateUserEvent(cl_context handle, cl_int *errcode_ret)
{
	struct context *context = (struct context *)handle;
	struct event *event;
	cl_int status;

	if (!is_context(handle)) {
		status_to(errcode_ret, CL_INVALID_CONTEXT);
		return NULL;
	}
	event = object_new(OBJECT_EVENT);
	if (!event) {
		status_to(errcode_ret, CL_OUT_OF_HOST_MEMORY);
		return NULL;
	}
	event->context = context;
	event->type = CL_COMMAND_USER;
	event->member = context->home;
	event->inner = of(context->inner[context->home])
			   ->clCreateUserEvent(context->inner[context->home], &status);
	status_to(errcode_ret, status);
	if (!event->inner) {
		object_abandon(event);
		return NULL;
	}
	context_pin(context);
	object_hold(context);
	return object_ready(event);
}

cl_int CL_API_CALL pool_clRetainEvent(cl_event event)
{
	return object_retain(event, OBJECT_EVENT) ? CL_SUCCESS : CL_INVALID_EVENT;
}

cl_int CL_API_CALL pool_clReleaseEvent(cl_event event)
{
	return object_release(event, OBJECT_EVENT) ? CL_SUCCESS : CL_INVALID_EVENT;
}

cl_int CL_API_CALL pool_clSetUserEventStatus(cl_event handle, cl_int value)
{
	struct event *event = (struct event *)handle;
	cl_event inner;
	cl_int status;

	if (!is_event(handle) || event->queue)
		return CL_INVALID_EVENT;
	if (value > CL_COMPLETE)
		return CL_INVALID_VALUE;
	if (atomic_exchange(&event->is_set, true))
		return CL_INVALID_OPERATION;
	/* What waits for it may release it while it is being set. */
	inner = event->inner;
	object_hold(event);
	status = of(inner)->clSetUserEventStatus(inner, value);
	context_unpin(event->context);
	object_unhold(event);
	return status;
}
