/* SPDX-License-Identifier: MIT */
/* Functions that a program has called when an event has come so far. */
#include <stdlib.h>

#include "event.h"

struct callback {
	cl_event event;
	void(CL_CALLBACK *call)(cl_event, cl_int, void *);
	void *data;
	/* Parts that have not come so far yet, and what went wrong with one. */
	_Atomic unsigned int left;
	_Atomic cl_int failure;
};

static void call(struct callback *shared, cl_int status)
{
	const struct callback callback = {shared->event, shared->call, shared->data, 0, 0};

	free(shared);
	/* In the call it is the program's, whatever it released before. */
	object_refer(callback.event);
	object_unhold(callback.event);
	callback.call(callback.event, status, callback.data);
	object_release(callback.event, OBJECT_EVENT);
}

/* A driver's thread must not wait for other commands: this one does, for what is done over. */
static void *call_later(void *data)
{
	struct callback *shared = data;
	const cl_int status = event_wait((struct event *)shared->event);

	call(shared, status == CL_SUCCESS ? CL_COMPLETE : atomic_load(&shared->failure));
	return NULL;
}

static bool begin_later(struct callback *shared)
{
	const struct event *event = (struct event *)shared->event;
	bool may_be_done_over = event->flight;
	pthread_t thread;

	for (unsigned int i = 0; i < event->more_count; i++)
		may_be_done_over = may_be_done_over || event->more[i].flight;
	if (!may_be_done_over || pthread_create(&thread, NULL, call_later, shared))
		return false;
	pthread_detach(thread);
	return true;
}

static void CL_CALLBACK called(cl_event inner, cl_int status, void *data)
{
	struct callback *shared = data;

	(void)inner;
	if (status < 0)
		atomic_store(&shared->failure, status);
	if (atomic_fetch_sub(&shared->left, 1) != 1)
		return;
	if (!atomic_load(&shared->failure))
		call(shared, status);
	else if (!begin_later(shared))
		call(shared, atomic_load(&shared->failure));
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
