/* SPDX-License-Identifier: MIT */
#include "split_first.h"

#include <stdlib.h>
#include <string.h>

#include "flight.h"
#include "settings.h"
#include "split_worth.h"

/* The first slice is this part of the launch, and of one that is long the largest is this. */
#define FIRST 16
#define MOST 8
/* A slice is so many waves, of which its device holds one at once, or its end would be felt; one of
 * a launch that has few; and so many a part that is dealt out. Launches of fewer have no slices. */
#define WAVES 2
#define DEALT_WAVES 16
#define FEWEST_WAVES 3
#define UNIT_ITEMS 2048
/* A launch is short if its first slice takes less seconds, or so much of it less than a long one:
 * its edge may be all but empty. */
#define SHORT 20e-6
#define LONG 0.001
#define SHORT_OF (7.0 / 16)
/* Seconds that a slice of a long one takes, or this much of what it has run: each has an end at
 * which its device runs empty. */
#define SLICE 0.01
#define SLICE_OF 0.1

/* Whether members are GPUs of one kind. Processors share their cores, and what parts of the first
 * launch took says nothing of the whole then; nor are slices cheap there, for drivers compile anew
 * what begins elsewhere than at 0. */
static bool are_alike(const struct context *context)
{
	const struct member *home = &pool()->members[context->home];
	const unsigned int members = split_members(context);
	unsigned int count = 0;

	for (unsigned int i = 0; i < pool()->count; i++) {
		const struct member *member = &pool()->members[i];

		if (!(members >> i & 1))
			continue;
		if (!(member->type & CL_DEVICE_TYPE_GPU) || strcmp(member->name, home->name) ||
		    member->power < home->power)
			return false;
		count++;
	}
	return count > 1;
}

/* Whether all of its queues are where it is: others would have to wait as well. */
static bool is_in_one_place(const struct context *context)
{
	const struct queue *queue = context->queues;

	while (queue && queue->home == context->home)
		queue = queue->next;
	return !queue;
}

/* Work-items of as many groups along the dimension in which it is cut. */
static double items_of(const struct split_work *work, uint64_t groups)
{
	double items = (double)groups * (double)work->verdict->group;

	for (unsigned int i = 0; i < work->launch->dimensions; i++)
		if (i != work->verdict->dimension)
			items *= (double)work->launch->global[i];
	return items;
}

/* Groups that the home holds at once. */
static uint64_t wave_of(const struct split_work *work)
{
	const struct member *home = &pool()->members[work->queue->context->home];
	const uint64_t wave = (uint64_t)((double)home->units * UNIT_ITEMS / items_of(work, 1));

	return wave ? wave : 1;
}

bool split_first_may(const struct split_work *work, const struct balance_class *class)
{
	const struct context *context = work->queue->context;
	const struct split_kernel *split = work->kernel->split;

	return balance_is_learning(class, false) && !split->past->run.count &&
	       !split->info.has_hidden && is_in_one_place(context) &&
	       work->verdict->groups / FEWEST_WAVES >= wave_of(work) && are_alike(context);
}

/* Enqueues the groups up to `to` at home. */
static cl_int enqueue(struct split_work *work, struct split_first *first, uint64_t to,
		      cl_event *event)
{
	struct context *context = work->queue->context;
	const struct split_part part = {context->home, first->at, to};
	const struct split_cut cut = split_cut_of(work);
	cl_int status = split_part_bring(work, &part);
	cl_command_queue queue = NULL;
	cl_kernel inner = NULL;

	if (status == CL_SUCCESS)
		queue = queue_on(work->queue, context->home, &status);
	if (queue)
		inner = kernel_on(work->kernel, context->home, &status);
	if (inner)
		status = split_part_enqueue(&cut, &part, inner, queue, event);
	if (status != CL_SUCCESS)
		return status;
	of(queue)->clFlush(queue);
	first->last = first->at;
	first->at = to;
	split_part_wrote(work, &part);
	status = split_part_send_home(work, &part);
	if (status != CL_SUCCESS) {
		of(*event)->clReleaseEvent(*event);
		*event = NULL;
	}
	return status;
}

/* Enqueues a slice and waits for it: how long it took, 0 where that is not known. */
static double run_slice(struct split_work *work, struct split_first *first, uint64_t to,
			cl_int *status)
{
	struct context *context = work->queue->context;
	const unsigned int home = context->home;
	struct split_past *past = work->kernel->split->past;
	const uint64_t key = first->class->key;
	double seconds;
	cl_event event;

	*status = enqueue(work, first, to, &event);
	if (*status != CL_SUCCESS)
		return 0;
	if (!first->begun) {
		of(event)->clRetainEvent(event);
		first->begun = event;
	}
	/* What it is built for parts with is ready the sooner where the first slice is long. */
	if (!first->last)
		split_build_watch(work->kernel->program, split_members(context), event);
	pthread_mutex_unlock(&context->lock);
	if (of(event)->clWaitForEvents(1, &event) != CL_SUCCESS)
		*status = CL_OUT_OF_RESOURCES;
	pthread_mutex_lock(&context->lock);
	seconds = *status == CL_SUCCESS ? split_seconds_of(event, home) : 0;
	of(event)->clReleaseEvent(event);
	if (first->class->key != key)
		first->class = balance_class_of(&past->balance, first->verdict.groups);
	past->spent += seconds;
	first->seconds = seconds > 0 ? first->seconds + seconds : 0;
	balance_learn(first->class, first->verdict.groups,
		      &(struct balance_part){home, first->last, to, seconds}, 1);
	return seconds;
}

/* Plans parts of what is left, which is thought to take so many seconds. */
static bool may_part(struct split_work *work, struct split_first *first, double left)
{
	struct program *program = work->kernel->program;
	struct balance_class *class = first->class;
	const unsigned int members = split_members(work->queue->context);

	if (atomic_load(&work->queue->context->pins))
		return false;
	if (!split_build_is_ready(program, members) &&
	    !split_build_wait(program, members, left * WORTH_OF_LAUNCH))
		return false;
	split_plan_deal(work->queue->context, first->at, first->verdict.groups,
			wave_of(work) * DEALT_WAVES, &first->plan);
	if (!worth_trying(work, class, &first->plan, left))
		first->plan.count = 0;
	return first->plan.count;
}

/* So many groups as a slice: whole waves. */
static uint64_t slice_of(const struct split_work *work, uint64_t groups)
{
	const uint64_t wave = wave_of(work);
	const uint64_t least = work->verdict->groups / FIRST / wave >= WAVES ? WAVES : 1;

	return (groups / wave > least ? groups / wave : least) * wave;
}

/* How many groups the next slice has at most, after one of so many that took so long. */
static uint64_t next_of(const struct split_work *work, const struct split_first *first,
			uint64_t groups, double seconds)
{
	const uint64_t all = first->verdict.groups;
	double next = (double)groups * 2, longest = first->seconds * SLICE_OF;

	if (seconds <= 0 || (first->last == 0 && seconds < SHORT))
		return all;
	if (first->seconds < LONG)
		return (double)first->at >= (double)all * SHORT_OF ? all : groups * 2;
	longest = longest > SLICE ? longest : SLICE;
	if (next > (double)groups * longest / seconds)
		next = (double)groups * longest / seconds;
	if (next > (double)(all / MOST))
		next = (double)(all / MOST);
	return slice_of(work, (uint64_t)next);
}

struct split_first *split_first_run(struct split_work *work, struct balance_class *class,
				    cl_int *status)
{
	const uint64_t all = work->verdict->groups;
	struct split_first *first = calloc(1, sizeof(*first));
	uint64_t slice = slice_of(work, all / FIRST);

	if (!first)
		return NULL;
	/* Others may launch the kernel in between. */
	first->verdict = *work->verdict;
	work->verdict = &first->verdict;
	first->class = class;
	do {
		const double seconds = run_slice(work, first, first->at + slice, status);

		if (*status != CL_SUCCESS)
			break;
		if (first->seconds >= LONG &&
		    may_part(work, first, seconds / (double)slice * (double)(all - first->at)))
			return first;
		slice = next_of(work, first, slice, seconds);
	} while (slice < all - first->at);
	if (*status == CL_SUCCESS)
		*status = enqueue(work, first, all, &first->running);
	if (first->at)
		return first;
	work->verdict = &work->kernel->split->verdict;
	split_first_free(first);
	return NULL;
}

void split_first_free(struct split_first *first)
{
	if (first->begun)
		of(first->begun)->clReleaseEvent(first->begun);
	if (first->running)
		of(first->running)->clReleaseEvent(first->running);
	free(first);
}
