/* SPDX-License-Identifier: MIT */
#include "flight.h"

#include <stdlib.h>

#include "backing.h"
#include "finish.h"
#include "residency.h"
#include "settings.h"

/* Parts that are over are kept while their results are on their member alone: so many. */
#define MOST_KEPT 64

static _Atomic unsigned int lost_anywhere;

bool flight_has_lost(const struct context *context, unsigned int member)
{
	return atomic_load(&context->flights.lost) >> member & 1;
}

bool flight_has_lost_anywhere(unsigned int member)
{
	return atomic_load(&lost_anywhere) >> member & 1;
}

void flight_hold(struct flight *flight)
{
	atomic_fetch_add(&flight->references, 1);
}

void flight_drop(struct flight *flight)
{
	if (flight && atomic_fetch_sub(&flight->references, 1) == 1)
		free(flight);
}

bool flight_is_done_over(const struct flight *flight)
{
	return flight && atomic_load(&flight->state) == FLIGHT_DONE_OVER;
}

struct flight *flight_begin(const struct split_work *work, const struct split_part *part,
			    cl_event event)
{
	struct kernel *kernel = work->kernel;
	struct context *context = kernel->context;
	struct flight *flight, **end;
	cl_int status;

	if (part->member == context->home)
		return NULL;
	flight = calloc(1, sizeof(*flight) + kernel->argument_count * sizeof(*flight->uses));
	if (flight)
		flight->kernel = split_kernel_new(kernel, context->home, &status);
	if (!flight || !flight->kernel) {
		free(flight);
		/* What it writes would be written over by those before it. */
		backing_forget(context, part->member);
		return NULL;
	}
	atomic_init(&flight->references, 1);
	flight->part = *part;
	flight->launch = context->flights.launches;
	flight->event = event;
	of(event)->clRetainEvent(event);
	flight->cut = split_cut_of(work);
	backing_begin(flight, work);
	for (end = &context->flights.first; *end; end = &(*end)->next)
		;
	*end = flight;
	atomic_fetch_add(&context->flights.count, 1);
	return flight;
}

/* How far the member's event is: CL_COMPLETE, an error, or still to come. */
static cl_int state_of(const struct flight *flight)
{
	cl_int state = CL_QUEUED;
	const cl_int status = of(flight->event)
				  ->clGetEventInfo(flight->event, CL_EVENT_COMMAND_EXECUTION_STATUS,
						   sizeof(state), &state, NULL);

	return status == CL_SUCCESS ? state : status;
}

/* Runs it on the home, to its end. */
static cl_int run_again(struct context *context, struct flight *flight)
{
	const unsigned int home = context->home;
	cl_int status;
	cl_command_queue queue = context_transfer(context, home, &status);

	if (queue)
		status =
		    split_part_enqueue(&flight->cut, &flight->part, flight->kernel, queue, NULL);
	if (queue && status == CL_SUCCESS)
		status = finish(queue, home);
	for (unsigned int i = 0; i < flight->count; i++) {
		const struct flight_use *use = &flight->uses[i];

		if (use->writes.start >= use->writes.end)
			continue;
		if (status == CL_SUCCESS)
			residency_wrote(use->memory->root, home, use->writes.start,
					use->writes.end - use->writes.start);
		else
			residency_lost(use->memory->root, home, use->writes);
	}
	return status;
}

/* Out of the context's list, to be let go of when there is no lock. */
static void land(struct context *context, struct flight **at)
{
	struct flight *flight = *at;

	*at = flight->next;
	flight->next = context->flights.landed;
	context->flights.landed = flight;
}

cl_int flight_recover(struct context *context, unsigned int member, cl_int why)
{
	struct flights *flights = &context->flights;
	unsigned int again = 0, lost = 0;

	if (member == context->home)
		return why;
	if (flight_has_lost(context, member))
		return CL_SUCCESS;
	atomic_fetch_or(&flights->lost, 1U << member);
	atomic_fetch_or(&lost_anywhere, 1U << member);
	/* What waits for a user event is none of what they need: they are older. */
	if (!atomic_load(&context->pins))
		context_wait(context, context->home);
	flights->is_redoing = true;
	flights->redone = member;
	for (struct flight *flight = flights->first; flight; flight = flight->next) {
		if (flight->part.member != member)
			continue;
		if (flight->is_backed && run_again(context, flight) == CL_SUCCESS) {
			atomic_store(&flight->state, FLIGHT_DONE_OVER);
			again++;
			continue;
		}
		if (flight->is_backed)
			backing_end(flight, context);
		if (!flight->is_over && state_of(flight) != CL_COMPLETE) {
			atomic_store(&flight->state, FLIGHT_LOST);
			lost++;
		}
	}
	for (struct flight **at = &flights->first; *at;) {
		if ((*at)->part.member == member)
			land(context, at);
		else
			at = &(*at)->next;
	}
	flights->is_redoing = false;
	say("opencl: member %u (%s) failed (%d) and is left out from now on: of its parts %u were "
	    "done over, %u could not be",
	    member, pool()->members[member].name, why, again, lost);
	return lost ? why : CL_SUCCESS;
}

cl_int flight_failed(struct flight *flight, struct context *context, cl_int why)
{
	if (!flight)
		return why;
	pthread_mutex_lock(&context->lock);
	flight_recover(context, flight->part.member, why);
	pthread_mutex_unlock(&context->lock);
	return flight_is_done_over(flight) ? CL_SUCCESS : why;
}

/* Whether the home has all its results. */
static bool is_home(const struct flight *flight, unsigned int home)
{
	for (unsigned int i = 0; i < flight->count; i++) {
		const struct flight_use *use = &flight->uses[i];

		if (use->writes.start < use->writes.end &&
		    !ranges_has(&use->memory->root->copies[home].valid, use->writes.start,
				use->writes.end))
			return false;
	}
	return true;
}

/* Whether the program has given up memory that it needs. */
static bool is_released(const struct flight *flight)
{
	for (unsigned int i = 0; i < flight->count; i++)
		if (flight->uses[i].memory && !object_references(flight->uses[i].memory->root))
			return true;
	return false;
}

/* Those that are over go, but for the last: their results may be on their member alone. */
static void land_all(struct context *context)
{
	unsigned int kept = 0;

	for (struct flight *flight = context->flights.first; flight; flight = flight->next)
		kept++;
	for (struct flight **at = &context->flights.first; *at;) {
		struct flight *flight = *at;

		flight->is_over = flight->is_over || state_of(flight) == CL_COMPLETE;
		if (!flight->is_over || (kept <= MOST_KEPT && flight->is_backed &&
					 !is_home(flight, context->home) && !is_released(flight))) {
			at = &flight->next;
			continue;
		}
		backing_end(flight, context);
		kept--;
		land(context, at);
	}
}

void flight_tidy(struct context *context)
{
	struct flight *landed;

	if (!atomic_load(&context->flights.count))
		return;
	pthread_mutex_lock(&context->lock);
	land_all(context);
	landed = context->flights.landed;
	context->flights.landed = NULL;
	pthread_mutex_unlock(&context->lock);
	while (landed) {
		struct flight *next = landed->next;

		of(landed->event)->clReleaseEvent(landed->event);
		of(landed->kernel)->clReleaseKernel(landed->kernel);
		for (unsigned int i = 0; i < landed->count; i++) {
			object_unhold(landed->uses[i].object);
			ranges_free(&landed->uses[i].awaited);
		}
		flight_drop(landed);
		atomic_fetch_sub(&context->flights.count, 1);
		landed = next;
	}
}
