/* SPDX-License-Identifier: MIT */
/*
 * Contexts. Each member has one of its own, made when it is first needed: no driver ever moves data
 * between members.
 *
 * At first a context is on one member, its home, and so is all that belongs to it: nothing has to
 * be known of what its commands do. A queue, a part of a launch or memory on another member makes
 * it spread: from then on its commands are taken one at a time, and residency.h says where the
 * bytes of its memory are.
 */
#ifndef MVGAL_OPENCL_CONTEXT_H
#define MVGAL_OPENCL_CONTEXT_H

#include <pthread.h>

#include "object.h"
#include "pool.h"

struct queue;
struct context_callback;
struct left_queue;
struct flight;

struct context {
	struct object object;
	pthread_mutex_t lock;
	cl_context_properties *properties;
	size_t property_count; /* with the 0 behind them */
	void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *);
	void *notify_data;
	struct context_callback *callbacks;
	struct queue *queues;
	struct left_queue *left; /* of queues that went with commands not done */
	unsigned int home;
	unsigned int turn; /* of its queues */
	_Atomic bool spread;
	/*
	 * User events that are not set. While there are any, a command may be enqueued before one
	 * whose result it reads; all go to the home then, where the driver keeps the order.
	 */
	_Atomic unsigned int pins;
	_Atomic(cl_context) inner[POOL_MEMBERS];
	cl_command_queue transfer[POOL_MEMBERS];
	double moved; /* bytes a second between members, for parts; 0: not known */
	struct staging {
		cl_mem pinned;
		cl_command_queue queue; /* that mapped it */
		unsigned char *bytes;
	} staging;
	/* See rehearsal.h. */
	struct {
		cl_event event; /* NULL: there is none */
		unsigned int member;
	} rehearsal;
	/* Parts of launches: see flight.h. */
	struct flights {
		struct flight *first, *landed;
		uint64_t launches;
		bool is_parting;	   /* what is written now is a launch's in parts */
		bool is_redoing;	   /* and one that is done over */
		unsigned int redone;	   /* for this member */
		_Atomic unsigned int lost; /* members, a bit each */
		_Atomic unsigned int count;
	} flights;
};
_Static_assert(sizeof(struct context) <= OBJECT_SLOT, "a context fits a slot");

static inline bool is_context(cl_context handle)
{
	return object_is(handle, OBJECT_CONTEXT);
}

static inline bool context_is_spread(struct context *context)
{
	return atomic_load(&context->spread);
}

/* The member's context. */
cl_context context_on(struct context *context, unsigned int member, cl_int *status);
/* A queue of our own, for copies. */
cl_command_queue context_transfer(struct context *context, unsigned int member, cl_int *status);

/* Makes it spread. False: a user event holds it where it is. Not with its lock. */
bool context_spread(struct context *context);
/* A user event comes, and is set. */
void context_pin(struct context *context);
void context_unpin(struct context *context);

/* Waits for what is left there of released queues. With the lock. */
cl_int context_wait_left(struct context *context, unsigned int member);
/* Waits for all that was enqueued on a member, that too. With the lock; or while another thread has
 * it, and has waited for what is left. */
cl_int context_wait(struct context *context, unsigned int member);
/* The same; where the member has failed, what it was doing is done over. With the lock. */
cl_int context_finish(struct context *context, unsigned int member);

/* Takes the queue of one that goes: where its commands may wait, it is waited for later. With the
 * lock. */
void context_take_queue(struct context *context, unsigned int member, cl_command_queue inner);

cl_context CL_API_CALL pool_clCreateContext(
    const cl_context_properties *, cl_uint, const cl_device_id *,
    void(CL_CALLBACK *)(const char *, const void *, size_t, void *), void *, cl_int *);
cl_context CL_API_CALL pool_clCreateContextFromType(const cl_context_properties *, cl_device_type,
						    void(CL_CALLBACK *)(const char *, const void *,
									size_t, void *),
						    void *, cl_int *);
cl_int CL_API_CALL pool_clRetainContext(cl_context);
cl_int CL_API_CALL pool_clReleaseContext(cl_context);
cl_int CL_API_CALL pool_clGetContextInfo(cl_context, cl_context_info, size_t, void *, size_t *);
cl_int CL_API_CALL pool_clSetContextDestructorCallback(cl_context,
						       void(CL_CALLBACK *)(cl_context, void *),
						       void *);

#endif
