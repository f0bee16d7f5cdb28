/* SPDX-License-Identifier: MIT */
#include "split_pace.h"

#include "settings.h"
#include "split_program.h"

/* Seconds of work that are enqueued behind a launch which is waited for: the device has enough to
 * do until the program's next ones come. */
#define AHEAD 0.005

/* Whether launches may run otherwise once the time of this one is known. */
static bool is_telling(const struct kernel *kernel, const struct split_run *run)
{
	if (run->class->key != run->key)
		return false;
	if (balance_is_learning(run->class, !run->is_whole))
		return true;
	/* Those that are enqueued after it was built may be split. */
	return run->is_whole && balance_is_long(run->class) &&
	       split_build_is_under_way(kernel->program);
}

/* The events to wait for, which are the caller's then; how many. With the lock. */
static unsigned int take_events(const struct queue *queue, const struct kernel *kernel,
				cl_event *events)
{
	struct split_run *run = &kernel->split->past->run;

	/* Queues may be on different members, which run beside each other. */
	if (!run->count || run->queue != queue || !is_telling(kernel, run))
		return 0;
	split_learn(kernel->split);
	run->behind++;
	/* What is not known may be long. */
	if (run->class->last > 0 && run->behind * run->class->last < AHEAD)
		return 0;
	for (unsigned int i = 0; i < run->count; i++) {
		events[i] = run->parts[i].event;
		of(events[i])->clRetainEvent(events[i]);
	}
	return run->count;
}

void split_pace(const struct queue *queue, struct kernel *kernel)
{
	struct context *context = kernel->context;
	cl_event events[BALANCE_PARTS];
	unsigned int count = 0;

	if (settings()->split == SPLIT_FORCE)
		return;
	pthread_mutex_lock(&context->lock);
	if (kernel->split)
		count = take_events(queue, kernel, events);
	/* It may stand behind commands of any. */
	for (struct queue *each = count ? context->queues : NULL; each; each = each->next)
		queue_flush(each);
	pthread_mutex_unlock(&context->lock);
	for (unsigned int i = 0; i < count; i++) {
		of(events[i])->clWaitForEvents(1, &events[i]);
		of(events[i])->clReleaseEvent(events[i]);
	}
}
