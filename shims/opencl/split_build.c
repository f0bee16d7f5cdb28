/* SPDX-License-Identifier: MIT */
#include "split_build.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "split_program.h"

/* A kernel has run for so much of the time that its program took to build. */
#define WORTH 0.25

/* Builds of this process that are under way. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t over;
	unsigned int count;
} under_way = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct order {
	struct program *program; /* held */
	unsigned int members;
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

/* NULL where it is refused. Not locked: it takes its time. */
static cl_program build_in(cl_context context, const struct program *program, unsigned int member,
			   cl_int *status)
{
	const struct analysis *analysis = program->split->analysis;
	const cl_device_id device = pool()->members[member].device;
	cl_program made = make(context, analysis, member, status);

	if (!made)
		return NULL;
	*status =
	    of(made)->clBuildProgram(made, 1, &device, analysis_options(analysis), NULL, NULL);
	if (*status == CL_SUCCESS)
		return made;
	of(made)->clReleaseProgram(made);
	return NULL;
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

static void *build_all(void *data)
{
	struct order order = *(struct order *)data;
	struct split_build *build = &order.program->split->build;

	free(data);
	for (unsigned int i = 0; i < pool()->count; i++) {
		cl_context context;
		cl_int status;

		if (!(order.members >> i & 1))
			continue;
		context = context_prepare(order.program->context, i, &status);
		keep(order.program, i,
		     context ? build_in(context, order.program, i, &status) : NULL);
	}
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
	while (under_way.count)
		pthread_cond_wait(&under_way.over, &under_way.lock);
	pthread_mutex_unlock(&under_way.lock);
}

static void at_exit(void)
{
	atexit(wait_for_all);
}

static void begin(struct program *program, unsigned int members)
{
	struct order *order = malloc(sizeof(*order));
	sigset_t all, before;
	pthread_t thread;
	bool has_begun;

	if (!order)
		return;
	pthread_once(&once, at_exit);
	*order = (struct order){program, members};
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
	object_unhold(program);
}

bool split_build_is_ready(struct program *program, unsigned int members, double spent)
{
	struct split_build *build = &program->split->build;
	bool is_under_way;

	for (unsigned int i = 0; i < pool()->count; i++)
		if (build->inner[i] || build->is_refused[i])
			members &= ~(1U << i);
	if (!members)
		return true;
	pthread_mutex_lock(&under_way.lock);
	is_under_way = build->is_under_way;
	pthread_mutex_unlock(&under_way.lock);
	if (!is_under_way && spent >= program->build_seconds * WORTH)
		begin(program, members);
	return false;
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
