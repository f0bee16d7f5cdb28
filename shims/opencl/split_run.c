/* SPDX-License-Identifier: MIT */
#include "split_run.h"

#include <string.h>

#include "clock.h"
#include "count.h"
#include "flight.h"
#include "split_worth.h"

/* One part, or at home what its member refuses. */
static cl_int run_part(const struct split_work *work, struct split_part *part, cl_int brought,
		       cl_event *event, struct stamp **stamp)
{
	const unsigned int home = work->queue->context->home;
	cl_int status = brought == CL_SUCCESS ? split_part_run(work, part, event, stamp) : brought;

	if (status == CL_SUCCESS || part->member == home)
		return status;
	part->member = home;
	status = split_part_bring(work, part);
	return status == CL_SUCCESS ? split_part_run(work, part, event, stamp) : status;
}

/* Brings what all parts need before the first one runs: moving bytes waits for what runs. */
static cl_int run_parts(struct split_work *work, struct split_part *parts, unsigned int count,
			struct split_run *run, struct event_part *events)
{
	struct context *context = work->queue->context;
	struct flights *flights = &context->flights;
	cl_int brought[BALANCE_PARTS], status = CL_SUCCESS;
	size_t missing;
	double began;

	memset(run->parts, 0, sizeof(run->parts));
	run->count = 0;
	flights->launches++;
	missing = split_parts_missing(work, parts, count);
	/* What runs yet is waited for, and is no cost of moving. */
	for (unsigned int i = 0; i < pool()->count && missing; i++)
		context_finish(context, i);
	began = clock_seconds();
	split_parts_exchange(work, parts, count);
	for (unsigned int i = 0; i < count; i++)
		brought[i] = split_part_bring(work, &parts[i]);
	run->moving = clock_seconds() - began;
	worth_moved(context, missing, run->moving);
	for (unsigned int i = 0; i < count && status == CL_SUCCESS; i++) {
		status =
		    run_part(work, &parts[i], brought[i], &events[i].inner, &run->parts[i].stamp);
		if (status != CL_SUCCESS)
			break;
		count_launch(parts[i].member, true);
		events[i].member = parts[i].member;
		events[i].flight = flight_begin(work, &parts[i], events[i].inner);
		run->parts[run->count].member = parts[i].member;
		run->parts[run->count].from = parts[i].from;
		run->parts[run->count].to = parts[i].to;
		run->parts[run->count++].event = events[i].inner;
		flights->is_parting = true;
		split_part_wrote(work, &parts[i]);
		flights->is_parting = false;
	}
	/* All run before images are waited for. */
	flights->is_parting = true;
	for (unsigned int i = 0; i < count && status == CL_SUCCESS; i++)
		status = split_part_send_home(work, &parts[i]);
	flights->is_parting = false;
	return status;
}

/* The one whose times are looked at later: of parts the earlier one, which is over sooner, but for
 * what tries a guest. */
static void keep_run(struct split_run *kept, struct split_run *run)
{
	if (kept->count && !kept->is_whole && !split_is_trying(run)) {
		split_drop_run(run);
		return;
	}
	split_drop_run(kept);
	*kept = *run;
}

/* What a first launch writes is where its parts were dealt. */
static void note_dealt(const struct split_work *work)
{
	for (cl_uint i = 0; i < work->kernel->argument_count; i++) {
		struct memory *memory = argument_memory(&work->kernel->arguments[i]);

		if (memory && work->verdict->uses[i].writes.is_used)
			memory->root->is_dealt = true;
	}
}

/* The event of all parts, and before them of the first slice where there was one. */
static cl_event event_of_all(const struct split_work *work, const struct split_first *first,
			     const struct event_part *parts, unsigned int count)
{
	struct event_part all[1 + BALANCE_PARTS];
	unsigned int before = 0;

	if (first && first->begun)
		all[before++] = (struct event_part){first->begun, work->queue->context->home, NULL};
	memcpy(all + before, parts, count * sizeof(*parts));
	for (unsigned int i = 0; i < before + count; i++) {
		of(all[i].inner)->clRetainEvent(all[i].inner);
		if (all[i].flight)
			flight_hold(all[i].flight);
	}
	return event_of_parts(work->queue, CL_COMMAND_NDRANGE_KERNEL, all, before + count);
}

void split_run_parts(struct split_work *work, struct balance_class *class, struct split_plan *plan,
		     const struct split_first *first, cl_event *event, cl_int *status)
{
	struct split_kernel *split = work->kernel->split;
	struct event_part events[BALANCE_PARTS];
	struct split_run run = {
	    .class = class,
	    .key = class->key,
	    .groups = work->verdict->groups,
	    .queue = work->queue,
	    .counted = split->counted,
	    .before = first ? first->seconds : 0,
	    .is_first = first != NULL,
	    .turn = plan->turn,
	    .guest = plan->parts[plan->count - 1].member,
	};

	*status = run_parts(work, plan->parts, plan->count, &run, events);
	if (first)
		note_dealt(work);
	if (*status == CL_SUCCESS)
		count_split();
	if (!first && !split_is_trying(&run))
		balance_moved(class, run.moving);
	run.charged = balance_loss(class, run.moving);
	split->past->lost += run.charged;
	if (*status == CL_SUCCESS && event) {
		*event = event_of_all(work, first, events, plan->count);
		if (!*event)
			*status = CL_OUT_OF_HOST_MEMORY;
	}
	keep_run(&split->past->run, &run);
}

void split_run_at_home(struct split_work *work, struct split_first *first, cl_event *event,
		       cl_int *status)
{
	struct context *context = work->queue->context;
	struct split_run run = {
	    .class = first->class,
	    .key = first->class->key,
	    .groups = work->verdict->groups,
	    .queue = work->queue,
	    .before = first->seconds,
	    .is_first = true,
	    .count = 1,
	    .parts = {{first->running, NULL, context->home, first->last, first->at}},
	};
	const struct event_part rest = {first->running, context->home, NULL};

	count_whole("not_measured");
	count_launch(context->home, false);
	if (event) {
		*event = event_of_all(work, first, &rest, 1);
		if (!*event)
			*status = CL_OUT_OF_HOST_MEMORY;
	}
	first->running = NULL;
	keep_run(&work->kernel->split->past->run, &run);
}
