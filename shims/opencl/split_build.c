/* SPDX-License-Identifier: MIT */
#include "split_build.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "split_program.h"

/* A kernel has run for so much of the time that its program took to build. */
#define WORTH 0.25

/* Builds of this process that are under way. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t over;
	unsigned int count;
	bool is_ending;
} under_way = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct order {
	struct program *program; /* held */
	unsigned int members;
	/* NULL: at once. Else what runs since then, and is worth it if it does at that time. */
	cl_event running;
	struct timespec then;
};

/* Of the text for parts, or of the module. */
static cl_program make(cl_context context, const struct analysis *analysis, unsigned int member,
		       cl_int *status)
{
	size_t length;
	const char *text = analysis_source(analysis, &length);

	if (!text) {
		*status = CL_INVALID_OPERATION;
		return NULL;
	}
	if (analysis_is_spirv(analysis))
		return program_of_il(context, member, text, length, status);
	return of(context)->clCreateProgramWithSource(context, 1, &text, &length, status);
}

/* The program, or NULL where it is refused. */
static cl_program built(cl_program made, const struct program *program, unsigned int member,
			cl_int *status)
{
	const char *options = analysis_options(program->split->analysis);
	const cl_device_id device = pool()->members[member].device;

	if (!made)
		return NULL;
	*status = of(made)->clBuildProgram(made, 1, &device, options, NULL, NULL);
	if (*status == CL_SUCCESS)
		return made;
	of(made)->clReleaseProgram(made);
	return NULL;
}

/* NULL where it is refused. Not locked: it takes its time. */
static cl_program build_in(cl_context context, const struct program *program, unsigned int member,
			   cl_int *status)
{
	return built(make(context, program->split->analysis, member, status), program, member,
		     status);
}

static bool are_like(const struct member *one, const struct member *other)
{
	return one->platform == other->platform && !strcmp(one->name, other->name) &&
	       one->type & other->type & CL_DEVICE_TYPE_GPU;
}

/* What was built for a GPU, for another of the same kind: compilers take longer. NULL: no. */
static cl_program copy_in(cl_context context, const struct program *program, unsigned int member,
			  cl_program made)
{
	const cl_device_id device = pool()->members[member].device;
	unsigned char *bytes = NULL;
	const unsigned char *binary;
	cl_program copy = NULL;
	cl_int status;
	size_t size = 0;

	if (of(made)->clGetProgramInfo(made, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, NULL) !=
		CL_SUCCESS ||
	    !size)
		return NULL;
	bytes = malloc(size);
	if (bytes && of(made)->clGetProgramInfo(made, CL_PROGRAM_BINARIES, sizeof(bytes), &bytes,
						NULL) == CL_SUCCESS) {
		binary = bytes;
		copy = of(context)->clCreateProgramWithBinary(context, 1, &device, &size, &binary,
							      NULL, &status);
	}
	free(bytes);
	return built(copy, program, member, &status);
}

/* For one of several members: of one like it that has been built, or from its text. */
static cl_program build_beside(cl_context context, const struct program *program,
			       unsigned int member, cl_program const *made)
{
	const struct member *members = pool()->members;
	cl_program copy = NULL;
	cl_int status;

	for (unsigned int i = 0; i < pool()->count && !copy; i++)
		if (made[i] && are_like(&members[i], &members[member]))
			copy = copy_in(context, program, member, made[i]);
	return copy ? copy : build_in(context, program, member, &status);
}

cl_program split_build_on(struct program *program, unsigned int member, cl_int *status)
{
	struct split_build *build = &program->split->build;
	cl_context context;

	*status = build->is_refused[member] ? CL_BUILD_PROGRAM_FAILURE : CL_SUCCESS;
	if (build->inner[member] || *status != CL_SUCCESS)
		return build->inner[member];
	context = context_on(program->context, member, status);
	if (!context)
		return NULL;
	build->inner[member] = build_in(context, program, member, status);
	build->is_refused[member] = !build->inner[member];
	return build->inner[member];
}

static void keep(struct program *program, unsigned int member, cl_program made)
{
	struct split_build *build = &program->split->build;

	pthread_mutex_lock(&program->context->lock);
	if (build->inner[member] && made)
		of(made)->clReleaseProgram(made);
	else if (made)
		build->inner[member] = made;
	build->is_refused[member] = !build->inner[member];
	pthread_mutex_unlock(&program->context->lock);
}

/* Whether what ran when it was ordered runs yet, at the time that it is asked; it is given up. */
static bool is_worth_it(const struct order *order)
{
	cl_int state = CL_COMPLETE, waited = 0;

	if (!order->running)
		return true;
	pthread_mutex_lock(&under_way.lock);
	while (!under_way.is_ending && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&under_way.over, &under_way.lock, &order->then);
	pthread_mutex_unlock(&under_way.lock);
	if (waited == ETIMEDOUT)
		of(order->running)
		    ->clGetEventInfo(order->running, CL_EVENT_COMMAND_EXECUTION_STATUS,
				     sizeof(state), &state, NULL);
	of(order->running)->clReleaseEvent(order->running);
	return state > CL_COMPLETE;
}

static void build_each(struct program *program, unsigned int members)
{
	const struct split_build *build = &program->split->build;
	cl_program made[POOL_MEMBERS] = {0};

	pthread_mutex_lock(&program->context->lock);
	for (unsigned int i = 0; i < pool()->count; i++) {
		made[i] = build->inner[i];
		if (made[i])
			of(made[i])->clRetainProgram(made[i]);
	}
	pthread_mutex_unlock(&program->context->lock);
	for (unsigned int i = 0; i < pool()->count; i++) {
		cl_context context;
		cl_int status;

		if (made[i] || !(members >> i & 1))
			continue;
		context = context_prepare(program->context, i, &status);
		made[i] = context ? build_beside(context, program, i, made) : NULL;
		if (made[i])
			of(made[i])->clRetainProgram(made[i]);
		keep(program, i, made[i]);
	}
	for (unsigned int i = 0; i < pool()->count; i++)
		if (made[i])
			of(made[i])->clReleaseProgram(made[i]);
}

static void *build_all(void *data)
{
	struct order order = *(struct order *)data;
	struct split_build *build = &order.program->split->build;

	free(data);
	if (is_worth_it(&order))
		build_each(order.program, order.members);
	pthread_mutex_lock(&under_way.lock);
	build->is_under_way = false;
	under_way.count--;
	pthread_cond_broadcast(&under_way.over);
	pthread_mutex_unlock(&under_way.lock);
	object_unhold(order.program);
	return NULL;
}

/* Compilers do not like it when their libraries go under them. */
static void wait_for_all(void)
{
	pthread_mutex_lock(&under_way.lock);
	under_way.is_ending = true;
	pthread_cond_broadcast(&under_way.over);
	while (under_way.count)
		pthread_cond_wait(&under_way.over, &under_way.lock);
	pthread_mutex_unlock(&under_way.lock);
}

static void at_exit(void)
{
	atexit(wait_for_all);
}

static void begin(struct program *program, unsigned int members, cl_event running, double after)
{
	struct order *order = malloc(sizeof(*order));
	sigset_t all, before;
	pthread_t thread;
	bool has_begun;

	if (!order)
		return;
	pthread_once(&once, at_exit);
	*order = (struct order){program, members, running, {0}};
	if (running) {
		of(running)->clRetainEvent(running);
		clock_gettime(CLOCK_REALTIME, &order->then);
		after += (double)order->then.tv_nsec * 1e-9;
		order->then.tv_sec += (time_t)after;
		order->then.tv_nsec = (long)((after - (double)(time_t)after) * 1e9);
	}
	object_hold(program);
	pthread_mutex_lock(&under_way.lock);
	program->split->build.is_under_way = true;
	under_way.count++;
	pthread_mutex_unlock(&under_way.lock);
	/* The program's signals are its own threads'. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	has_begun = pthread_create(&thread, NULL, build_all, order) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (has_begun) {
		pthread_detach(thread);
		return;
	}
	pthread_mutex_lock(&under_way.lock);
	program->split->build.is_under_way = false;
	under_way.count--;
	pthread_mutex_unlock(&under_way.lock);
	free(order);
	if (running)
		of(running)->clReleaseEvent(running);
	object_unhold(program);
}

/* Of some members those for which there is something left to build. */
static unsigned int left_of(const struct split_build *build, unsigned int members)
{
	for (unsigned int i = 0; i < pool()->count; i++)
		if (build->inner[i] || build->is_refused[i])
			members &= ~(1U << i);
	return members;
}

static bool is_under_way(const struct split_build *build)
{
	bool is;

	pthread_mutex_lock(&under_way.lock);
	is = build->is_under_way;
	pthread_mutex_unlock(&under_way.lock);
	return is;
}

bool split_build_is_ready(struct program *program, unsigned int members, double spent)
{
	struct split_build *build = &program->split->build;

	members = left_of(build, members);
	if (!members)
		return true;
	if (spent >= program->build_seconds * WORTH && !is_under_way(build))
		begin(program, members, NULL, 0);
	return false;
}

void split_build_watch(struct program *program, unsigned int members, cl_event running)
{
	struct split_build *build = &program->split->build;

	members = left_of(build, members);
	if (members && !is_under_way(build))
		begin(program, members, running, program->build_seconds * WORTH);
}

void split_build_drop(struct split_build *build)
{
	pthread_mutex_lock(&under_way.lock);
	while (build->is_under_way)
		pthread_cond_wait(&under_way.over, &under_way.lock);
	pthread_mutex_unlock(&under_way.lock);
	for (unsigned int i = 0; i < POOL_MEMBERS; i++)
		if (build->inner[i])
			of(build->inner[i])->clReleaseProgram(build->inner[i]);
}
