/* SPDX-License-Identifier: MIT */
#include "split_build.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "split_make.h"
#include "split_program.h"

/* A program's kernels have run for so much of the time that it took to build: one that ends soon
 * waits for its compiler. */
#define WORTH 0.5

/* Builds of this process that are under way. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t over;
	unsigned int count;
	double saved; /* seconds, by parts; less what was built with them */
	pid_t process;
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

/* Of a member, what was made first; NULL: it is refused. */
static cl_program keep(struct split_build *build, unsigned int member, cl_program made)
{
	cl_program had = NULL;

	if (!made)
		atomic_store(&build->is_refused[member], true);
	if (!made || atomic_compare_exchange_strong(&build->inner[member], &had, made))
		return made;
	of(made)->clReleaseProgram(made);
	return had;
}

cl_program split_build_on(struct program *program, unsigned int member, cl_int *status)
{
	struct split_build *build = &program->split->build;
	const cl_program had = atomic_load(&build->inner[member]);
	cl_context context;

	*status = !had && build->is_refused[member] ? CL_BUILD_PROGRAM_FAILURE : CL_SUCCESS;
	if (had || *status != CL_SUCCESS)
		return had;
	context = context_on(program->context, member, status);
	return context ? keep(build, member, split_make(context, program, member, status)) : NULL;
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

static void build_one(struct program *program, unsigned int member)
{
	struct split_build *build = &program->split->build;
	cl_context context;
	cl_int status;

	if (build->inner[member])
		return;
	context = context_on(program->context, member, &status);
	keep(build, member,
	     context ? split_make_beside(context, program, member, build->inner) : NULL);
}

/* Whether the process ends. */
static bool is_over(void)
{
	bool is_ending;

	pthread_mutex_lock(&under_way.lock);
	is_ending = under_way.is_ending;
	pthread_mutex_unlock(&under_way.lock);
	return is_ending;
}

/* The home last: drivers let what it runs end before they load code there. */
static void build_each(struct program *program, unsigned int members)
{
	const unsigned int home = program->context->home;

	pthread_mutex_lock(&under_way.lock);
	under_way.saved -= program->build_seconds;
	if (under_way.saved < 0)
		under_way.saved = 0;
	pthread_mutex_unlock(&under_way.lock);
	for (unsigned int i = 0; i < pool()->count; i++)
		if (i != home && members >> i & 1 && !is_over())
			build_one(program, i);
	if (!(members >> home & 1) || is_over())
		return;
	pthread_mutex_lock(&under_way.lock);
	program->split->build.is_at_home = true;
	pthread_mutex_unlock(&under_way.lock);
	build_one(program, home);
}

static void *build_all(void *data)
{
	struct order order = *(struct order *)data;
	struct split_build *build = &order.program->split->build;

	free(data);
	if (is_worth_it(&order))
		build_each(order.program, order.members);
	pthread_mutex_lock(&under_way.lock);
	build->is_under_way = build->is_at_home = false;
	pthread_cond_broadcast(&under_way.over);
	pthread_mutex_unlock(&under_way.lock);
	/* The program and its context may go with it. */
	object_unhold(order.program);
	pthread_mutex_lock(&under_way.lock);
	under_way.count--;
	pthread_cond_broadcast(&under_way.over);
	pthread_mutex_unlock(&under_way.lock);
	return NULL;
}

/* Compilers do not like it when their libraries go under them. */
static void wait_for_all(void)
{
	/* A child of a fork has none of the threads. */
	if (getpid() != under_way.process)
		return;
	pthread_mutex_lock(&under_way.lock);
	under_way.is_ending = true;
	pthread_cond_broadcast(&under_way.over);
	while (under_way.count)
		pthread_cond_wait(&under_way.over, &under_way.lock);
	pthread_mutex_unlock(&under_way.lock);
}

static void at_exit(void)
{
	under_way.process = getpid();
	atexit(wait_for_all);
}

/* The time in so many seconds, for pthread_cond_timedwait(). */
static struct timespec after(double seconds)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	seconds += (double)time.tv_nsec * 1e-9;
	time.tv_sec += (time_t)seconds;
	time.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9);
	return time;
}

static void begin(struct program *program, unsigned int members, cl_event running, double seconds)
{
	struct order *order = malloc(sizeof(*order));
	sigset_t all, before;
	pthread_t thread;
	bool has_begun;

	if (!order)
		return;
	pthread_once(&once, at_exit);
	*order = (struct order){program, members, running, after(seconds)};
	if (running)
		of(running)->clRetainEvent(running);
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

/* For how long its kernels have to run until it is worth to build it; negative where it is being
 * built. Parts that saved time before make up for it: the program is one that they are good for. */
static double asks_for(const struct program *program)
{
	double seconds;

	pthread_mutex_lock(&under_way.lock);
	seconds = program->build_seconds * WORTH - under_way.saved;
	seconds = program->split->build.is_under_way ? -1 : seconds > 0 ? seconds : 0;
	pthread_mutex_unlock(&under_way.lock);
	return seconds;
}

void split_build_saved(double seconds)
{
	pthread_mutex_lock(&under_way.lock);
	under_way.saved += seconds;
	pthread_mutex_unlock(&under_way.lock);
}

bool split_build_is_under_way(const struct program *program)
{
	bool is_under_way;

	pthread_mutex_lock(&under_way.lock);
	is_under_way = program->split->build.is_under_way;
	pthread_mutex_unlock(&under_way.lock);
	return is_under_way;
}

bool split_build_is_ready(struct program *program, unsigned int members)
{
	double seconds;

	members = left_of(&program->split->build, members);
	if (!members)
		return true;
	seconds = asks_for(program);
	if (seconds >= 0 && split_spent(program->split) >= seconds)
		begin(program, members, NULL, 0);
	return false;
}

bool split_build_wait(struct program *program, unsigned int members, double seconds)
{
	struct split_build *build = &program->split->build;
	const struct timespec until = after(seconds);

	pthread_mutex_lock(&under_way.lock);
	while (build->is_at_home && !build->is_slow && left_of(build, members))
		if (pthread_cond_timedwait(&under_way.over, &under_way.lock, &until) == ETIMEDOUT)
			build->is_slow = true;
	pthread_mutex_unlock(&under_way.lock);
	return !left_of(build, members);
}

void split_build_watch(struct program *program, unsigned int members, cl_event running)
{
	double seconds;

	members = left_of(&program->split->build, members);
	seconds = members ? asks_for(program) : -1;
	if (seconds >= 0)
		begin(program, members, running, seconds);
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
