/* SPDX-License-Identifier: MIT */
#include "split.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "count.h"
#include "flight.h"
#include "rehearsal.h"
#include "settings.h"
#include "split_diff.h"
#include "split_first.h"
#include "split_pace.h"
#include "split_plan.h"
#include "split_run.h"
#include "split_worth.h"

bool split_is_wanted(void)
{
	return settings()->split != SPLIT_OFF && pool()->count > 1;
}

static uint32_t sum_of(const char *text)
{
	uint32_t sum = UINT32_C(2166136261);

	while (*text)
		sum = (sum ^ (unsigned char)*text++) * UINT32_C(16777619);
	return sum;
}

/* One line a kernel and verdict. */
static void tell(struct split_kernel *split, const struct kernel *kernel, const char *what)
{
	struct split_past *past = split->past;
	uint32_t sum;

	if (!settings()->tells_splits || past->told_count == SPLIT_TOLD)
		return;
	sum = sum_of(what);
	for (unsigned int i = 0; i < past->told_count; i++)
		if (past->told[i] == sum)
			return;
	past->told[past->told_count++] = sum;
	say("%s: %s", kernel->name, what);
}

static void tell_whole(struct split_kernel *split, const struct kernel *kernel,
		       const struct analysis_verdict *verdict)
{
	tell(split, kernel, verdict->reason);
	count_whole(analysis_rule_name(verdict->rule));
}

/* Whether all that take part have what they are to run; the home may have to do all of it over. Its
 * own is often ready as soon as the launch before ends: it is waited for as long as may be lost on
 * trying. */
static bool is_built(const struct kernel *kernel, const struct balance_class *class,
		     const struct split_part *parts, unsigned int count)
{
	unsigned int members = 1U << kernel->context->home;

	if (settings()->split == SPLIT_FORCE)
		return true;
	for (unsigned int i = 0; i < count; i++)
		members |= 1U << parts[i].member;
	return split_build_is_ready(kernel->program, members) ||
	       split_build_wait(kernel->program, members, class->whole * WORTH_OF_LAUNCH);
}

/* A guest is timed beside the launch, which waits for what is brought for it alone. */
static void rehearse(const struct split_work *work, struct balance_class *class,
		     struct split_plan *plan)
{
	struct split_past *past = work->kernel->split->past;
	struct split_run *run = &past->rehearsal;
	const size_t missing = split_parts_missing(work, &plan->guest, 1);
	double began;

	plan->turn = GUEST_NONE;
	plan->why = "dear_to_try";
	if (!worth_rehearsing(work, class, missing))
		return;
	plan->why = "not_measured";
	/* What runs yet is no cost of moving. */
	for (unsigned int i = 0; i < pool()->count && missing; i++)
		context_finish(work->queue->context, i);
	began = clock_seconds();
	split_drop_run(run);
	if (rehearsal_begin(work, &plan->guest, &run->parts[0].event, &run->parts[0].stamp) ==
	    CL_SUCCESS) {
		run->class = class;
		run->key = class->key;
		run->parts[0].member = plan->guest.member;
		run->parts[0].from = plan->guest.from;
		run->parts[0].to = plan->guest.to;
		run->count = 1;
	} else {
		guest_leave(&class->guest);
	}
	past->lost += clock_seconds() - began;
}

/* Whether a launch of a kernel may be split at all; says why not. */
static bool may_split(struct split_kernel *split, const struct kernel *kernel,
		      const struct ndrange *range)
{
	if (range->type != CL_COMMAND_NDRANGE_KERNEL || range->dimensions < 1 ||
	    range->dimensions > 3 || !range->global)
		return false;
	for (cl_uint i = 0; i < range->dimensions; i++)
		if (!range->global[i] ||
		    (range->local && (!range->local[i] || range->global[i] % range->local[i])))
			return false;
	if (split->number >= 0)
		return kernel->argument_count <= ANALYSIS_ARGS;
	tell(split, kernel, "whole: its program is not known or not understood");
	count_whole("no_source");
	return false;
}

/* An event for what is over: it stands behind all of it. */
static void mark(const struct split_work *work, cl_event *event, cl_int *status)
{
	const unsigned int home = work->queue->context->home;
	cl_command_queue queue = queue_on(work->queue, home, status);
	cl_event inner;

	if (queue)
		*status = of(queue)->clEnqueueMarkerWithWaitList(queue, 0, NULL, &inner);
	if (!queue || *status != CL_SUCCESS)
		return;
	*event = event_of_command(work->queue, home, CL_COMMAND_NDRANGE_KERNEL, inner);
	if (!*event)
		*status = CL_OUT_OF_HOST_MEMORY;
}

/* Where it is not proved that parts write different bytes: what they wrote is compared. */
static bool compare_locked(struct split_work *work, cl_event *event, cl_int *status)
{
	struct kernel *kernel = work->kernel;
	struct split_kernel *split = kernel->split;
	struct analysis_verdict *verdict = malloc(sizeof(*verdict));
	struct split_plan plan = {0};
	struct balance_class *class = NULL;
	bool is_split = false;
	double began = clock_seconds();

	split->is_compared = verdict && split_diff_judge(kernel, work->launch, verdict);
	if (split->is_compared) {
		class = balance_class_of(&split->past->balance, verdict->groups);
		work->verdict = verdict;
		split->verdict.groups = verdict->groups;
		if (settings()->split == SPLIT_FORCE || balance_splits(class))
			split_plan(kernel, verdict, class, false, &plan);
	}
	if (plan.count && is_built(kernel, class, plan.parts, plan.count)) {
		is_split = split_diff_run(work, plan.parts, plan.count);
		if (is_split) {
			tell(split, kernel, "split, and compared");
			balance_took_parts(class, clock_seconds() - began);
			count_split();
			for (unsigned int i = 0; i < plan.count; i++)
				count_launch(plan.parts[i].member, true);
		} else {
			balance_give_up(class);
		}
	}
	*status = CL_SUCCESS;
	if (is_split && event)
		mark(work, event, status);
	work->verdict = &split->verdict;
	free(verdict);
	return is_split;
}

/* The first launch of a class. False: it is to run whole. */
static bool launch_first(struct split_work *work, struct balance_class *class, cl_event *event,
			 cl_int *status)
{
	struct split_first *first =
	    split_first_may(work, class) ? split_first_run(work, class, status) : NULL;

	if (!first)
		return false;
	if (*status == CL_SUCCESS && first->plan.count) {
		tell(work->kernel->split, work->kernel, "split");
		split_run_parts(work, first->class, &first->plan, first, event, status);
	} else if (*status == CL_SUCCESS) {
		split_run_at_home(work, first, event, status);
	}
	work->verdict = &work->kernel->split->verdict;
	split_first_free(first);
	return true;
}

static bool split_locked(struct split_work *work, const struct ndrange *range, cl_event *event,
			 cl_int *status)
{
	struct kernel *kernel = work->kernel;
	struct split_kernel *split = split_kernel_of(kernel);
	struct analysis_arg args[ANALYSIS_ARGS];
	struct analysis_launch launch;
	struct balance_class *class;
	struct split_plan plan;

	if (!split || !may_split(split, kernel, range))
		return false;
	split_learn(split);
	work->verdict = split_judge(kernel, range, &launch, args);
	work->launch = &launch;
	if (!work->verdict) {
		count_whole("not_judged");
		return false;
	}
	if (work->verdict->rule != ANALYSIS_SPLIT) {
		if (settings()->diff && compare_locked(work, event, status))
			return true;
		tell_whole(split, kernel, work->verdict);
		return false;
	}
	class = balance_class_of(&split->past->balance, work->verdict->groups);
	split->counted = split_count(split->past, class);
	if (settings()->split != SPLIT_FORCE && !balance_splits(class)) {
		if (launch_first(work, class, event, status))
			return true;
		count_whole(balance_reason(class));
		return false;
	}
	/* What is tried is known to the end before more of it. */
	if (split_is_trying(&split->past->run)) {
		count_whole("dear_to_try");
		return false;
	}
	split_plan(kernel, work->verdict, class, true, &plan);
	if (plan.turn == GUEST_REHEARSE)
		rehearse(work, class, &plan);
	if (class->guest.is_out)
		tell(split, kernel, "a guest does not pay");
	if (plan.turn == GUEST_TRY && !worth_trying(work, class, &plan, class->whole)) {
		split_plan(kernel, work->verdict, class, false, &plan);
		plan.why = "dear_to_try";
	}
	if (!plan.count) {
		count_whole(plan.why);
		return false;
	}
	/* Nothing is built for what is not to be tried. */
	if (!worth_trying(work, class, &plan, class->whole)) {
		count_whole("dear_to_try");
		return false;
	}
	if (!is_built(kernel, class, plan.parts, plan.count)) {
		count_whole("not_built_yet");
		return false;
	}
	tell(split, kernel, plan.turn == GUEST_STAY ? "split, with a guest" : "split");
	split_run_parts(work, class, &plan, NULL, event, status);
	return true;
}

/* Whether it is worth waiting for what the launch waits for. */
static bool may_be_split(struct queue *queue, struct kernel *kernel, const struct ndrange *range)
{
	struct split_kernel *split = split_kernel_of(kernel);
	struct analysis_arg args[ANALYSIS_ARGS];
	const struct analysis_verdict *verdict;
	struct analysis_launch launch;
	struct balance_class *class;

	if (!split || !may_split(split, kernel, range))
		return false;
	split_learn(split);
	verdict = split_judge(kernel, range, &launch, args);
	if (!verdict) {
		count_whole("not_judged");
		return false;
	}
	if (verdict->rule != ANALYSIS_SPLIT && !settings()->diff) {
		tell_whole(split, kernel, verdict);
		return false;
	}
	class = balance_class_of(&split->past->balance, verdict->groups);
	if (settings()->split == SPLIT_FORCE || balance_may(class))
		return true;
	if (split_first_may(&(struct split_work){queue, kernel, &launch, verdict}, class))
		return true;
	split->counted = split_count(split->past, class);
	count_whole(balance_reason(class));
	return false;
}

bool split_launch(cl_command_queue handle, struct kernel *kernel, const struct ndrange *range,
		  cl_uint count, const cl_event *waits, cl_event *event, cl_int *status)
{
	struct queue *queue = (struct queue *)handle;
	struct context *context = queue->context;
	struct split_work work = {.queue = queue, .kernel = kernel};
	bool is_split;

	if (!split_is_wanted() || !context_is_spread(context) || atomic_load(&context->pins))
		return false;
	*status = event_check_list(context, count, waits);
	if (*status != CL_SUCCESS)
		return true;
	split_pace(queue, kernel);
	/* Parts run on several members: what they wait for elsewhere is over before. */
	if (count) {
		pthread_mutex_lock(&context->lock);
		is_split = may_be_split(queue, kernel, range);
		pthread_mutex_unlock(&context->lock);
		if (!is_split)
			return false;
		*status = event_wait_elsewhere(POOL_MEMBERS, count, waits);
		if (*status != CL_SUCCESS)
			return true;
	}
	pthread_mutex_lock(&context->lock);
	is_split = !atomic_load(&context->pins) && split_locked(&work, range, event, status);
	pthread_mutex_unlock(&context->lock);
	flight_tidy(context);
	return is_split;
}
