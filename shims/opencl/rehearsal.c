/* SPDX-License-Identifier: MIT */
#include "rehearsal.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "queue.h"
#include "residency.h"

/* Of this process at once, of all its contexts. */
#define MOST 8

/* Drivers do not like it when their libraries go while something runs: it is waited for. */
static struct {
	pthread_mutex_t lock;
	cl_event events[MOST];
	unsigned int count;
	pid_t process;
} running = {.lock = PTHREAD_MUTEX_INITIALIZER};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool is_over(cl_event event)
{
	cl_int state = CL_COMPLETE;

	return of(event)->clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(state),
					 &state, NULL) != CL_SUCCESS ||
	       state <= CL_COMPLETE;
}

static void wait_for_all(void)
{
	/* A child of a fork has none of the threads. */
	if (getpid() != running.process)
		return;
	pthread_mutex_lock(&running.lock);
	for (unsigned int i = 0; i < running.count; i++)
		of(running.events[i])->clWaitForEvents(1, &running.events[i]);
	pthread_mutex_unlock(&running.lock);
}

static void at_exit(void)
{
	running.process = getpid();
	atexit(wait_for_all);
}

/* Lets go of those that are over. */
static bool has_room(void)
{
	bool has_room;

	pthread_once(&once, at_exit);
	pthread_mutex_lock(&running.lock);
	for (unsigned int i = 0; i < running.count;) {
		if (!is_over(running.events[i])) {
			i++;
			continue;
		}
		of(running.events[i])->clReleaseEvent(running.events[i]);
		running.events[i] = running.events[--running.count];
	}
	has_room = running.count < MOST;
	pthread_mutex_unlock(&running.lock);
	return has_room;
}

static void note(cl_event event)
{
	pthread_mutex_lock(&running.lock);
	if (running.count < MOST) {
		of(event)->clRetainEvent(event);
		running.events[running.count++] = event;
	}
	pthread_mutex_unlock(&running.lock);
}

void rehearsal_forget(struct context *context)
{
	if (context->rehearsal.event)
		of(context->rehearsal.event)->clReleaseEvent(context->rehearsal.event);
	context->rehearsal.event = NULL;
}

bool rehearsal_is_on(struct context *context)
{
	if (!context->rehearsal.event)
		return false;
	if (!is_over(context->rehearsal.event))
		return true;
	rehearsal_forget(context);
	return false;
}

void rehearsal_wait(struct context *context, unsigned int member)
{
	cl_event event = context->rehearsal.event;

	if (!event || context->rehearsal.member != member)
		return;
	of(event)->clWaitForEvents(1, &event);
	rehearsal_forget(context);
}

/* What the part writes is lost on its member: the home is to have it as it was. */
static cl_int give_up_written(const struct split_work *work, const struct split_part *part)
{
	const unsigned int home = work->queue->context->home;
	cl_int status = CL_SUCCESS;

	for (cl_uint i = 0; i < work->kernel->argument_count && status == CL_SUCCESS; i++) {
		struct memory *memory = argument_memory(&work->kernel->arguments[i]);
		const struct analysis_use *use = &work->verdict->uses[i];
		struct range range;

		if (!memory || !split_part_range(part, memory, &use->writes, &use->axis, &range))
			continue;
		residency_need(memory->root, home, range.start, range.end - range.start,
			       RESIDENCY_READ, &status);
		if (status == CL_SUCCESS)
			residency_lost(memory->root, part->member, range);
	}
	return status;
}

cl_int rehearsal_begin(const struct split_work *work, const struct split_part *part,
		       cl_event *event, struct stamp **stamp)
{
	struct context *context = work->queue->context;
	cl_command_queue queue;
	cl_int status;

	if (!has_room())
		return CL_OUT_OF_RESOURCES;
	status = split_part_bring(work, part);
	if (status == CL_SUCCESS)
		status = give_up_written(work, part);
	/* Copies to and from the member stand behind it there. */
	queue = status == CL_SUCCESS ? context_transfer(context, part->member, &status) : NULL;
	if (!queue)
		return status;
	rehearsal_wait(context, part->member);
	status = split_part_run_on(work, part, queue, event, stamp);
	if (status != CL_SUCCESS)
		return status;
	note(*event);
	of(*event)->clRetainEvent(*event);
	context->rehearsal.event = *event;
	context->rehearsal.member = part->member;
	return CL_SUCCESS;
}
