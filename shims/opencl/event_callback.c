/* SPDX-License-Identifier: MIT */
/*
 * Functions that a program has called when an event has come so far.
 *
 * They may enqueue commands, and in a spread context that may wait for other commands. A driver's
 * thread that calls them would wait for itself then: one of our own does it, in order.
 */
#include <signal.h>
#include <stdlib.h>

#include "event.h"
#include "flight.h"

struct callback {
	struct callback *next;
	cl_event event;
	void(CL_CALLBACK *call)(cl_event, cl_int, void *);
	void *data;
	cl_int status; /* that it is called with */
	/* Parts that have not come so far yet, and what went wrong with one. */
	_Atomic unsigned int left;
	_Atomic cl_int failure;
	atomic_bool is_refused; /* it is not to be called */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct callback *first, **end;
	bool has_thread;
} due = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER, .end = &due.first};

static bool may_be_done_over(const struct event *event)
{
	bool may = event->flight;

	for (unsigned int i = 0; i < event->more_count; i++)
		may = may || event->more[i].flight;
	return may;
}

static void call(struct callback *shared)
{
	const struct callback callback = *shared;
	cl_int status = callback.status;

	free(shared);
	if (callback.failure && may_be_done_over((struct event *)callback.event) &&
	    event_wait((struct event *)callback.event) == CL_SUCCESS)
		status = CL_COMPLETE;
	flight_tidy(((struct event *)callback.event)->context);
	/* In the call it is the program's, whatever it released before. */
	object_refer(callback.event);
	object_unhold(callback.event);
	callback.call(callback.event, status, callback.data);
	object_release(callback.event, OBJECT_EVENT);
}

static void *call_all(void *data)
{
	struct callback *callback;

	for (;;) {
		pthread_mutex_lock(&due.lock);
		while (!due.first)
			pthread_cond_wait(&due.more, &due.lock);
		callback = due.first;
		due.first = callback->next;
		if (!due.first)
			due.end = &due.first;
		pthread_mutex_unlock(&due.lock);
		call(callback);
	}
	return data;
}

/* The program's signals are its own threads'. With the lock. */
static bool begin(void)
{
	sigset_t all, before;
	pthread_t thread;

	if (due.has_thread)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	due.has_thread = pthread_create(&thread, NULL, call_all, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (due.has_thread)
		pthread_detach(thread);
	return due.has_thread;
}

static void call_soon(struct callback *callback)
{
	bool is_due = false;

	pthread_mutex_lock(&due.lock);
	if (context_is_spread(((struct event *)callback->event)->context) && begin()) {
		callback->next = NULL;
		*due.end = callback;
		due.end = &callback->next;
		pthread_cond_signal(&due.more);
		is_due = true;
	}
	pthread_mutex_unlock(&due.lock);
	if (!is_due)
		call(callback);
}

static void drop(struct callback *callback)
{
	object_unhold(callback->event);
	free(callback);
}

static void CL_CALLBACK called(cl_event inner, cl_int status, void *data)
{
	struct callback *shared = data;

	(void)inner;
	if (status < 0)
		atomic_store(&shared->failure, status);
	if (atomic_fetch_sub(&shared->left, 1) != 1)
		return;
	if (atomic_load(&shared->is_refused)) {
		drop(shared);
		return;
	}
	shared->status = atomic_load(&shared->failure) ? atomic_load(&shared->failure) : status;
	call_soon(shared);
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
	*callback = (struct callback){.event = handle, .call = call, .data = data, .left = 1};
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
	if (status == CL_SUCCESS)
		return status;
	/* Nobody is told; the last part to be over lets go of it. */
	atomic_store(&callback->is_refused, true);
	if (atomic_fetch_sub(&callback->left, 1) == 1)
		drop(callback);
	return status;
}
