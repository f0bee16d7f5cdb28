/* SPDX-License-Identifier: MIT */
/* Events. Each stands for one event of the member that its command runs on, or for one of each
 * member that runs a part of it. */
#ifndef MVGAL_OPENCL_EVENT_H
#define MVGAL_OPENCL_EVENT_H

#include "queue.h"

/* What one member runs of a command. */
struct event_part {
	cl_event inner;
	unsigned int member;
	struct flight *flight;
};

struct event {
	struct object object;
	struct context *context;
	struct queue *queue; /* NULL: a user event */
	cl_command_type type;
	unsigned int member;
	cl_event inner;
	struct flight *flight; /* of a part that can be done over; else NULL */
	_Atomic bool is_set;   /* of a user event */
	/* Of a command in parts: those but the first. A member's run one after the other. */
	struct event_part *more;
	unsigned int more_count;
};
_Static_assert(sizeof(struct event) <= OBJECT_SLOT, "an event fits a slot");

/* One that the program has released may go at any time, when its callbacks were called. */
static inline bool is_event(cl_event handle)
{
	return object_is(handle, OBJECT_EVENT) && object_references(handle);
}

/* Takes the member's event. NULL: no memory; it is released then. */
cl_event event_of_command(struct queue *queue, unsigned int member, cl_command_type type,
			  cl_event inner);

/* Takes the events of parts, the first of which there is, and their flights. */
cl_event event_of_parts(struct queue *queue, cl_command_type type, const struct event_part *parts,
			unsigned int count);

/* What of it a command on the member waits for: the events are put at `to`, and counted. */
cl_uint event_on(const struct event *event, unsigned int member, cl_event *to);

/* Whether a list is one that a command may wait for. */
cl_int event_check_list(const struct context *context, cl_uint count, const cl_event *events);

/* Waits for all of it. Not locked. */
cl_int event_wait(struct event *event);

/* Waits for those that are not of a member: what it runs next stands behind them. Not locked. */
cl_int event_wait_elsewhere(unsigned int member, cl_uint count, const cl_event *events);

cl_int CL_API_CALL pool_clWaitForEvents(cl_uint, const cl_event *);
cl_int CL_API_CALL pool_clGetEventInfo(cl_event, cl_event_info, size_t, void *, size_t *);
cl_event CL_API_CALL pool_clCreateUserEvent(cl_context, cl_int *);
cl_int CL_API_CALL pool_clRetainEvent(cl_event);
cl_int CL_API_CALL pool_clReleaseEvent(cl_event);
cl_int CL_API_CALL pool_clSetUserEventStatus(cl_event, cl_int);
cl_int CL_API_CALL pool_clSetEventCallback(cl_event, cl_int,
					   void(CL_CALLBACK *)(cl_event, cl_int, void *), void *);
cl_int CL_API_CALL pool_clGetEventProfilingInfo(cl_event, cl_profiling_info, size_t, void *,
						size_t *);

#endif
