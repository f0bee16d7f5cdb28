/* SPDX-License-Identifier: MIT */
#include "flight.h"

#include <stdlib.h>

#include "finish.h"
#include "residency.h"
#include "settings.h"

/* Parts that are over are kept while their results are on their member alone: so many. */
#define MOST_KEPT 64

enum flight_state {
	FLIGHT_UP,
	FLIGHT_DONE_OVER,
	FLIGHT_LOST,
};

struct flight {
	struct flight *next; /* of the context's, in order */
	_Atomic unsigned int references;
	_Atomic enum flight_state state;
	unsigned int member;
	uint64_t launch;
	cl_event event;
	/* The home's kernel with the arguments of then, and its grid. */
	cl_kernel kernel;
	struct split_grid grid;
	bool is_over;	 /* without an error */
	bool is_backed;	 /* the home has what it read */
	bool is_chained; /* that is what a part before it has written */
	unsigned int count;
	struct flight_use {
		struct memory *memory; /* a root, held */
		struct range reads, writes;
	} uses[];
};

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

static bool meet(struct range a, struct range b)
{
	return a.start < b.end && b.start < a.end;
}

/* Whether a part before it on the member writes a range, and can be run again itself. */
static bool is_to_be_written(const struct flight *flight, const struct memory *root,
			     struct range range)
{
	for (const struct flight *each = root->context->flights.first; each; each = each->next) {
		if (each->member != flight->member || !each->is_backed)
			continue;
		for (unsigned int i = 0; i < each->count; i++)
			if (each->uses[i].memory == root &&
			    each->uses[i].writes.start <= range.start &&
			    each->uses[i].writes.end >= range.end)
				return true;
	}
	return false;
}

/* Whether the home has a range, or will have it when what was before is run again. */
static bool is_backed(struct flight *flight, const struct memory *root, struct range range)
{
	const struct ranges *valid = &root->copies[root->context->home].valid;
	struct range gap, defined;

	for (; ranges_first_gap(valid, range.start, range.end, &gap); range.start = gap.end) {
		/* What nobody has written may be anything. */
		if (!ranges_first(&root->defined, gap.start, gap.end, &defined))
			continue;
		if (!is_to_be_written(flight, root, gap))
			return false;
		flight->is_chained = true;
	}
	return true;
}

static void add_use(struct flight *flight, const struct split_part *part, struct memory *memory,
		    const struct analysis_use *use)
{
	struct flight_use *own = &flight->uses[flight->count++];

	own->memory = memory->root;
	if (!split_part_range(part, memory, &use->reads, NULL, &own->reads))
		own->reads = (struct range){0, 0};
	if (!split_part_range(part, memory, &use->writes, &use->axis, &own->writes))
		own->writes = (struct range){0, 0};
	object_hold(own->memory);
	/* Of what it writes it may leave out some. */
	flight->is_backed = flight->is_backed && is_backed(flight, own->memory, own->reads) &&
			    is_backed(flight, own->memory, own->writes);
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
	if (!flight)
		return NULL;
	flight->kernel = split_part_again(work, part, context->home, &status);
	if (!flight->kernel) {
		free(flight);
		return NULL;
	}
	atomic_init(&flight->references, 1);
	flight->member = part->member;
	flight->launch = context->flights.launches;
	flight->event = event;
	of(event)->clRetainEvent(event);
	split_part_grid(work, part, &flight->grid);
	flight->is_backed = true;
	for (cl_uint i = 0; i < kernel->argument_count; i++) {
		struct memory *memory = argument_memory(&kernel->arguments[i]);

		if (memory)
			add_use(flight, part, memory, &work->verdict->uses[i]);
	}
	for (end = &context->flights.first; *end; end = &(*end)->next)
		;
	*end = flight;
	atomic_fetch_add(&context->flights.count, 1);
	return flight;
}

static bool reads(const struct flight *flight, const struct memory *root, struct range range)
{
	for (unsigned int i = 0; i < flight->count; i++)
		if (flight->uses[i].memory == root && meet(flight->uses[i].reads, range))
			return true;
	return false;
}

static bool writes(const struct flight *flight, const struct memory *root, struct range range)
{
	for (unsigned int i = 0; i < flight->count; i++)
		if (flight->uses[i].memory == root && meet(flight->uses[i].writes, range))
			return true;
	return false;
}

/* It cannot be run again, nor can what may read its results. */
static void give_up(struct flight *flight)
{
	flight->is_backed = false;
	for (struct flight *later = flight->next; later; later = later->next)
		if (later->is_chained && later->member == flight->member)
			later->is_backed = false;
}

void flight_wrote(struct memory *root, unsigned int member, struct range range)
{
	const struct flights *flights = &root->context->flights;
	const bool is_at_home = member == root->context->home;

	for (struct flight *flight = flights->first; flight; flight = flight->next) {
		/* Parts of one launch do not meet; those of a member are done over in order. */
		if (flights->is_parting &&
		    (flight->launch == flights->launches || flight->member == member))
			continue;
		if (flights->is_redoing && flight->member == flights->redone)
			continue;
		if (writes(flight, root, range) || (is_at_home && reads(flight, root, range)))
			give_up(flight);
	}
}

void flight_came_home(struct memory *root, unsigned int from, struct range range)
{
	bool is_written = true;

	for (struct flight *flight = root->context->flights.first; flight; flight = flight->next) {
		if (!reads(flight, root, range))
			continue;
		/* As it was read, where nothing of the member has written to it since. */
		if (flight->member == from) {
			is_written = false;
			for (struct flight *later = flight; later; later = later->next)
				is_written = is_written ||
					     (later->member == from && writes(later, root, range));
		}
		if (flight->member != from || is_written)
			flight->is_backed = false;
	}
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
	const struct split_grid *grid = &flight->grid;
	cl_int status;
	cl_command_queue queue = context_transfer(context, context->home, &status);

	if (!queue)
		return status;
	status = of(queue)->clEnqueueNDRangeKernel(
	    queue, flight->kernel, grid->dimensions, grid->offset, grid->global,
	    grid->has_local ? grid->local : NULL, 0, NULL, NULL);
	if (status == CL_SUCCESS)
		status = finish(queue, context->home);
	for (unsigned int i = 0; i < flight->count && status == CL_SUCCESS; i++) {
		const struct flight_use *use = &flight->uses[i];

		if (use->writes.start < use->writes.end)
			residency_wrote(use->memory, context->home, use->writes.start,
					use->writes.end - use->writes.start);
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
	context_wait(context, context->home);
	flights->is_redoing = true;
	flights->redone = member;
	for (struct flight **at = &flights->first; *at;) {
		struct flight *flight = *at;

		if (flight->member != member) {
			at = &flight->next;
			continue;
		}
		if (flight->is_backed && run_again(context, flight) == CL_SUCCESS) {
			atomic_store(&flight->state, FLIGHT_DONE_OVER);
			again++;
		} else if (!flight->is_over && state_of(flight) != CL_COMPLETE) {
			atomic_store(&flight->state, FLIGHT_LOST);
			lost++;
		}
		land(context, at);
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
	flight_recover(context, flight->member, why);
	pthread_mutex_unlock(&context->lock);
	return flight_is_done_over(flight) ? CL_SUCCESS : why;
}

/* Whether anything of its may still be asked for, and what it needs for that is there. */
static bool is_of_use(const struct flight *flight, unsigned int home)
{
	bool is_to_come = false;

	for (unsigned int i = 0; i < flight->count; i++) {
		const struct flight_use *use = &flight->uses[i];

		/* The program has released it. */
		if (!object_references(use->memory))
			return false;
		if (use->writes.start < use->writes.end &&
		    !ranges_has(&use->memory->copies[home].valid, use->writes.start,
				use->writes.end))
			is_to_come = true;
	}
	return flight->is_backed && is_to_come;
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
		if (!flight->is_over || (kept <= MOST_KEPT && is_of_use(flight, context->home))) {
			at = &flight->next;
			continue;
		}
		if (flight->is_backed)
			give_up(flight);
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
		for (unsigned int i = 0; i < landed->count; i++)
			object_unhold(landed->uses[i].memory);
		flight_drop(landed);
		atomic_fetch_sub(&context->flights.count, 1);
		landed = next;
	}
}
