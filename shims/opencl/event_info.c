/* SPDX-License-Identifier: MIT */
/* What the program asks of events: how far they are, and when that was. */
#include "event.h"
#include "flight.h"

/* How far a part is. One that has failed is done over first, if that can be. */
static cl_int state_of_part(const struct event *event, cl_event inner, struct flight *flight,
			    cl_int *state)
{
	cl_int status;

	*state = CL_COMPLETE;
	if (flight_is_done_over(flight))
		return CL_SUCCESS;
	status = of(inner)->clGetEventInfo(inner, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(*state),
					   state, NULL);
	if (flight && (status != CL_SUCCESS || *state < 0) &&
	    flight_failed(flight, event->context, *state < 0 ? *state : status) == CL_SUCCESS) {
		*state = CL_COMPLETE;
		return CL_SUCCESS;
	}
	return status;
}

/* Of parts: that which is least far, or an error. */
static cl_int status_of(const struct event *event, size_t room, void *out, size_t *used)
{
	cl_int worst, one, status;

	if (!event->more_count && !event->flight)
		return of(event->inner)
		    ->clGetEventInfo(event->inner, CL_EVENT_COMMAND_EXECUTION_STATUS, room, out,
				     used);
	status = state_of_part(event, event->inner, event->flight, &worst);
	for (unsigned int i = 0; i < event->more_count && status == CL_SUCCESS; i++) {
		status = state_of_part(event, event->more[i].inner, event->more[i].flight, &one);
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

static cl_int time_of(cl_event inner, cl_profiling_info name, cl_ulong *ns)
{
	return of(inner)->clGetEventProfilingInfo(inner, name, sizeof(*ns), ns, NULL);
}

/* The part that says when it all began: the first that ran where it was to; and its member. */
static cl_event timed(const struct event *event, unsigned int *member)
{
	*member = event->member;
	if (!flight_is_done_over(event->flight))
		return event->inner;
	for (unsigned int i = 0; i < event->more_count; i++)
		if (!flight_is_done_over(event->more[i].flight)) {
			*member = event->more[i].member;
			return event->more[i].inner;
		}
	return event->inner;
}

struct span {
	cl_ulong start, end; /* 0: none */
};

static cl_int span_of(cl_event inner, struct span *span)
{
	const cl_int status = time_of(inner, CL_PROFILING_COMMAND_START, &span->start);

	return status == CL_SUCCESS ? time_of(inner, CL_PROFILING_COMMAND_END, &span->end) : status;
}

static void extend(struct span *span, const struct span *by)
{
	if (!by->end)
		return;
	if (!span->end || by->start < span->start)
		span->start = by->start;
	if (by->end > span->end)
		span->end = by->end;
}

/* Members have clocks of their own. By that of the first part it is the end of the last there, or
 * where the longest of others ends, which are thought to begin as the second there does. */
static cl_int end_of(const struct event *event, size_t room, void *out, size_t *used)
{
	struct span spans[POOL_MEMBERS] = {0}, whole = {0}, part;
	unsigned int member;
	cl_ulong longest = 0, end;
	cl_int status = span_of(timed(event, &member), &whole);

	for (unsigned int i = 0; i < event->more_count && status == CL_SUCCESS; i++) {
		if (flight_is_done_over(event->more[i].flight))
			continue;
		status = span_of(event->more[i].inner, &part);
		if (status == CL_SUCCESS)
			extend(&spans[event->more[i].member], &part);
	}
	extend(&whole, &spans[member]);
	for (unsigned int i = 0; i < pool()->count; i++)
		if (i != member && spans[i].end - spans[i].start > longest)
			longest = spans[i].end - spans[i].start;
	end = (spans[member].end ? spans[member].start : whole.start) + longest;
	end = end > whole.end ? end : whole.end;
	return status == CL_SUCCESS ? answer(&end, sizeof(end), room, out, used) : status;
}

cl_int CL_API_CALL pool_clGetEventProfilingInfo(cl_event handle, cl_profiling_info name,
						size_t room, void *out, size_t *used)
{
	const struct event *event = (struct event *)handle;
	unsigned int member;
	cl_event first;

	if (!is_event(handle))
		return CL_INVALID_EVENT;
	if (!event->queue || !(event->queue->properties & CL_QUEUE_PROFILING_ENABLE))
		return CL_PROFILING_INFO_NOT_AVAILABLE;
	if (event->more_count && name == CL_PROFILING_COMMAND_END)
		return end_of(event, room, out, used);
	first = timed(event, &member);
	return of(first)->clGetEventProfilingInfo(first, name, room, out, used);
}
