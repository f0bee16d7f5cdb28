/* SPDX-License-Identifier: MIT */
/* How long launches and their parts took, once they are over. */
#include "settings.h"
#include "split_program.h"

/* Seconds that a part ran: negative where it has not ended, 0 where it failed or does not say. */
static double time_of(cl_event event, const struct stamp *stamp, unsigned int member)
{
	cl_ulong start, end;
	cl_int state;

	if (of(event)->clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(state),
				      &state, NULL) != CL_SUCCESS)
		return 0;
	if (state > CL_COMPLETE)
		return -1;
	if (stamp)
		return state < 0 ? 0 : stamp_seconds(stamp);
	if (state < 0 ||
	    of(event)->clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(start),
					       &start, NULL) != CL_SUCCESS ||
	    of(event)->clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(end), &end,
					       NULL) != CL_SUCCESS)
		return 0;
	/* Not 1 us after the clock began: these are no times (rusticl of Mesa 22 says 0 to 3). */
	if (end < 1000) {
		stamp_need(member);
		return 0;
	}
	return end > start ? (double)(end - start) * 1e-9 : 0;
}

double split_seconds_of(cl_event event, unsigned int member)
{
	const double seconds = time_of(event, NULL, member);

	return seconds > 0 ? seconds : 0;
}

static bool has_failed(cl_event event)
{
	cl_int state = CL_COMPLETE;

	return of(event)->clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(state),
					 &state, NULL) != CL_SUCCESS ||
	       state < 0;
}

/* What is tried with a guest says nothing of parts. */
static bool tries(const struct split_run *run)
{
	return !run->is_whole && run->turn == GUEST_TRY;
}

bool split_is_trying(const struct split_run *run)
{
	return run->count && tries(run);
}

static void took(struct split_past *past, const struct split_run *run, double longest)
{
	const double all = longest + run->moving;

	past->seconds = longest;
	past->spent += longest - run->counted;
	if (run->is_whole || run->is_first || run->class->key != run->key)
		return;
	past->lost += (all > run->class->whole ? all - run->class->whole : 0) - run->charged;
	if (all < run->class->whole)
		split_build_saved(run->class->whole - all);
	if (tries(run))
		return;
	balance_took_parts(run->class, longest);
	if (run->turn == GUEST_NONE)
		run->class->unguested = run->class->parted;
}

double split_spent(const struct split_program *split)
{
	double seconds = 0;

	for (size_t i = 0; i < split->past_count; i++)
		seconds += split->pasts[i].spent;
	return seconds;
}

double split_count(struct split_past *past, const struct balance_class *class)
{
	past->spent += class->last;
	return class->last;
}

/* What the home takes, or where they are several the others together. */
static double without_guest(const struct balance_class *class)
{
	return class->unguested > 0 ? class->unguested : class->whole;
}

/* The last part tells of the guest. */
static void learn_of_guest(const struct split_run *run, const double *times)
{
	const unsigned int last = run->count - 1;
	struct guest *guest = &run->class->guest;
	double others = 0;

	if (run->parts[last].to - run->parts[last].from != guest->share)
		return;
	for (unsigned int i = 0; i < last; i++)
		if (times[i] > others)
			others = times[i];
	if (run->parts[last].member != run->guest)
		guest_leave(guest);
	else
		guest_took(guest, times[last], others, run->moving, without_guest(run->class));
}

/* And all parts, or the whole, of what groups cost and members do. */
static void learn_of_parts(const struct split_run *run, const double *times)
{
	const bool has_guest = !run->is_whole && run->turn != GUEST_NONE;
	struct balance_part parts[BALANCE_PARTS];
	double all = run->before;

	if (run->is_whole) {
		balance_took_whole(run->class, run->parts[0].member, run->groups, times[0]);
		return;
	}
	for (unsigned int i = 0; i < run->count; i++)
		parts[i] = (struct balance_part){run->parts[i].member, run->parts[i].from,
						 run->parts[i].to, times[i]};
	balance_learn(run->class, run->groups, parts, run->count - has_guest);
	if (run->is_first) {
		for (unsigned int i = 0; i < run->count; i++)
			all = all > 0 && times[i] > 0 ? all + times[i] : 0;
		balance_was_whole(run->class, all);
	}
	if (has_guest)
		learn_of_guest(run, times);
}

static void learn_of_rehearsal(struct split_run *run)
{
	const double seconds =
	    time_of(run->parts[0].event, run->parts[0].stamp, run->parts[0].member);
	struct guest *guest = &run->class->guest;

	if (seconds < 0)
		return;
	if (run->class->key == run->key && run->parts[0].to - run->parts[0].from == guest->share) {
		if (has_failed(run->parts[0].event))
			guest_leave(guest);
		else
			guest_rehearsed(guest, seconds, without_guest(run->class));
	}
	split_drop_run(run);
}

/* Takes the times of the launch before, once it is over. */
void split_learn(struct split_kernel *split)
{
	struct split_run *run = &split->past->run;
	double longest = 0, times[BALANCE_PARTS], sums[POOL_MEMBERS] = {0};

	if (split->past->rehearsal.count)
		learn_of_rehearsal(&split->past->rehearsal);
	for (unsigned int i = 0; i < run->count; i++) {
		times[i] = time_of(run->parts[i].event, run->parts[i].stamp, run->parts[i].member);
		if (times[i] < 0)
			return;
		sums[run->parts[i].member] += times[i];
		if (sums[run->parts[i].member] > longest)
			longest = sums[run->parts[i].member];
	}
	/* Its class may have been given up for another. */
	if (run->count && run->class->key == run->key)
		learn_of_parts(run, times);
	if (longest > 0)
		took(split->past, run, longest);
	split_drop_run(run);
}

bool split_asks(const struct kernel *kernel)
{
	const struct split_kernel *split = kernel->split;

	return split && split->has_verdict && !split->past->run.count &&
	       (split->verdict.rule == ANALYSIS_SPLIT || split->is_compared);
}

void split_ran_whole(const struct queue *queue, struct kernel *kernel, const struct ndrange *range,
		     unsigned int member, cl_event inner, struct stamp *stamp)
{
	struct split_kernel *split = kernel->split;
	struct balance_class *class;

	stamp_end(stamp, inner);
	pthread_mutex_lock(&kernel->context->lock);
	if (split_asks(kernel) && range->type == CL_COMMAND_NDRANGE_KERNEL) {
		class = balance_class_of(&split->past->balance, split->verdict.groups);
		split->past->run = (struct split_run){
		    .class = class,
		    .key = class->key,
		    .counted = split->counted,
		    .groups = split->verdict.groups,
		    .queue = queue,
		    .count = 1,
		    .parts = {{.event = inner, .stamp = stamp, .member = member}},
		    .is_whole = true,
		};
		if (settings()->split != SPLIT_FORCE && class->whole <= 0)
			split_build_watch(kernel->program, split_members(kernel->context), inner);
		inner = NULL;
	}
	pthread_mutex_unlock(&kernel->context->lock);
	if (!inner)
		return;
	of(inner)->clReleaseEvent(inner);
	stamp_drop(stamp);
}
