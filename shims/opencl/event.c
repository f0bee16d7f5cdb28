/* SPDX-License-Identifier: MIT */
#include "event.h"

#include <stdlib.h>

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
	cl_event made = event_of_command(queue, parts[0].member, type, parts[0].inner);
	struct event *event = (struct event *)made;

	for (unsigned int i = 1; i < count; i++) {
		if (made)
			event->more[event->more_count++] = parts[i];
		else
			of(parts[i].inner)->clReleaseEvent(parts[i].inner);
	}
	return made;
}

cl_uint event_on(const struct event *event, unsigned int member, cl_event *to)
{
	cl_uint count = 0;

	if (event->member == member)
		to[count++] = event->inner;
	for (unsigned int i = 0; i < event->more_count; i++)
		if (event->more[i].member == member)
			to[count++] = event->more[i].inner;
	return count;
}

void event_destroy(void *object)
{
	struct event *event = object;

	for (unsigned int i = 0; i < event->more_count; i++)
		of(event->more[i].inner)->clReleaseEvent(event->more[i].inner);
	of(event->inner)->clReleaseEvent(event->inner);
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

/* All of it, but what is on `member`: a command that runs there stands behind that. */
static cl_int wait_but(struct event *event, unsigned int member)
{
	cl_int status = CL_SUCCESS;

	if (event->queue)
		queue_flush(event->queue);
	if (event->member != member)
		status = of(event->inner)->clWaitForEvents(1, &event->inner);
	for (unsigned int i = 0; i < event->more_count && status == CL_SUCCESS; i++)
		if (event->more[i].member != member)
			status =
			    of(event->more[i].inner)->clWaitForEvents(1, &event->more[i].inner);
	return status;
}

static cl_int wait_for(struct event *event)
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
		is_one = event->member == first->member && !event->more_count;
	}
	if (is_one)
		return of(inner[0])->clWaitForEvents(count, inner);
	/* All are sent off before the first is waited for. */
	for (cl_uint i = 0; i < count; i++)
		if (((struct event *)events[i])->queue)
			queue_flush(((struct event *)events[i])->queue);
	for (cl_uint i = 0; i < count; i++) {
		const cl_int each = wait_for((struct event *)events[i]);

		if (each != CL_SUCCESS)
			status = each;
	}
	return status;
}

/* Of parts: that which is least far, or an error. */
static cl_int status_of(const struct event *event, size_t room, void *out, size_t *used)
{
	cl_int worst, one, status;

	if (!event->more_count)
		return of(event->inner)
		    ->clGetEventInfo(event->inner, CL_EVENT_COMMAND_EXECUTION_STATUS, room, out,
				     used);
	status = of(event->inner)
		     ->clGetEventInfo(event->inner, CL_EVENT_COMMAND_EXECUTION_STATUS,
				      sizeof(worst), &worst, NULL);
	for (unsigned int i = 0; i < event->more_count && status == CL_SUCCESS; i++) {
		cl_event inner = event->more[i].inner;

		status = of(inner)->clGetEventInfo(inner, CL_EVENT_COMMAND_EXECUTION_STATUS,
						   sizeof(one), &one, NULL);
		if (status == CL_SUCCESS && worst >= 0 && (one < 0 || one > worst))
			worst = one;
	}
	return status == CL_SUCCESS ? answer(&worst, sizeof(worst), room, out, used) : status;
}

cl_int CL_API_CALL pool_clGetEventInfo(cl_event handle, cl_event_info name, size_t room, void *out,
				       size_t *used)
{
	const struct event *event = (struct event *)handle;

	if (!is_event(handle))
		return CL_INVALID_EVENT;
	switch (name) {
	case CL_EVENT_COMMAND_QUEUE:
		ANSWER(cl_command_queue, (cl_command_queue)event->queue);
	case CL_EVENT_CONTEXT:
		ANSWER(cl_context, (cl_context)event->context);
	case CL_EVENT_COMMAND_TYPE:
		ANSWER(cl_command_type, event->type);
	case CL_EVENT_REFERENCE_COUNT:
		ANSWER(cl_uint, object_references(event));
	case CL_EVENT_COMMAND_EXECUTION_STATUS:
		return status_of(event, room, out, used);
	default:
		return CL_INVALID_VALUE;
	}
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

struct callback {
	cl_event event;
	void(CL_CALLBACK *call)(cl_event, cl_int, void *);
	void *data;
	/* Parts that have not come so far yet, and what went wrong with one. */
	_Atomic unsigned int left;
	_Atomic cl_int failure;
};

static void CL_CALLBACK called(cl_event inner, cl_int status, void *data)
{
	struct callback *shared = data;
	struct callback callback;

	(void)inner;
	if (status < 0)
		atomic_store(&shared->failure, status);
	if (atomic_fetch_sub(&shared->left, 1) != 1)
		return;
	if (atomic_load(&shared->failure))
		status = atomic_load(&shared->failure);
	callback = (struct callback){shared->event, shared->call, shared->data, 0, 0};
	free(data);
	/* In the call it is the program's, whatever it released before. */
	object_refer(callback.event);
	object_unhold(callback.event);
	callback.call(callback.event, status, callback.data);
	object_release(callback.event, OBJECT_EVENT);
}

cl_int CL_API_CALL pool_clSetEventCallback(cl_event handle, cl_int when,
					   void(CL_CALLBACK *call)(cl_event, cl_int, void *),
					   void *data)
{
	struct event *event = (struct event *)handle;
	struct callback *callback;
	cl_int status;

	if (!is_event(handle))
		return CL_INVALID_EVENT;
	if (!call || (when != CL_COMPLETE && when != CL_RUNNING && when != CL_SUBMITTED))
		return CL_INVALID_VALUE;
	callback = malloc(sizeof(*callback));
	if (!callback)
		return CL_OUT_OF_HOST_MEMORY;
	*callback = (struct callback){handle, call, data, 1, 0};
	/* Until it was called: the handle is given to it. */
	object_hold(event);
	/* All parts are to be over; what begins does so with the first. */
	if (when == CL_COMPLETE)
		for (unsigned int i = 0; i < event->more_count; i++) {
			cl_event part = event->more[i].inner;

			atomic_fetch_add(&callback->left, 1);
			if (of(part)->clSetEventCallback(part, when, called, callback) !=
			    CL_SUCCESS)
				atomic_fetch_sub(&callback->left, 1);
		}
	status = of(event->inner)->clSetEventCallback(event->inner, when, called, callback);
	if (status != CL_SUCCESS && !event->more_count) {
		free(callback);
		object_unhold(event);
	}
	return status;
}

static cl_int time_of(cl_event inner, cl_profiling_info name, cl_ulong *ns)
{
	return of(inner)->clGetEventProfilingInfo(inner, name, sizeof(*ns), ns, NULL);
}

/* Members have clocks of their own: of parts it is the first one's start and the longest's length.
 */
static cl_int end_of(const struct event *event, size_t room, void *out, size_t *used)
{
	cl_ulong start, end, from, to;
	cl_int status = time_of(event->inner, CL_PROFILING_COMMAND_START, &start);

	if (status == CL_SUCCESS)
		status = time_of(event->inner, CL_PROFILING_COMMAND_END, &end);
	for (unsigned int i = 0; i < event->more_count && status == CL_SUCCESS; i++) {
		status = time_of(event->more[i].inner, CL_PROFILING_COMMAND_START, &from);
		if (status == CL_SUCCESS)
			status = time_of(event->more[i].inner, CL_PROFILING_COMMAND_END, &to);
		if (status == CL_SUCCESS && to - from > end - start)
			end = start + (to - from);
	}
	return status == CL_SUCCESS ? answer(&end, sizeof(end), room, out, used) : status;
}

cl_int CL_API_CALL pool_clGetEventProfilingInfo(cl_event handle, cl_profiling_info name,
						size_t room, void *out, size_t *used)
{
	const struct event *event = (struct event *)handle;

	if (!is_event(handle))
		return CL_INVALID_EVENT;
	if (!event->queue || !(event->queue->properties & CL_QUEUE_PROFILING_ENABLE))
		return CL_PROFILING_INFO_NOT_AVAILABLE;
	if (event->more_count && name == CL_PROFILING_COMMAND_END)
		return end_of(event, room, out, used);
	return of(event->inner)->clGetEventProfilingInfo(event->inner, name, room, out, used);
}
