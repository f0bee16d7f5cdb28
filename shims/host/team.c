/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "team.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* Turns of a spinning wait before it offers its CPU to others. */
#define SPINS_BEFORE_YIELD 4096

enum gate { GATE_CLOSED, GATE_OPEN, GATE_CANCELLED };

struct team {
	const struct team_task *task;
	void *context;
	uint32_t count;
	atomic_uint ready;
	atomic_int gate;
	atomic_int error;
	uint64_t started;
};

struct member {
	struct team *team;
	pthread_t thread;
	uint32_t index;
	uint32_t cpu;
	uint64_t finished;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_RAW, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static int pin(uint32_t cpu)
{
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	int error;

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	error = sched_setaffinity(0, size, set) ? -errno : 0;
	CPU_FREE(set);
	return error;
}

static void cancel(struct team *team, int error)
{
	atomic_store(&team->error, error);
	atomic_store(&team->gate, GATE_CANCELLED);
}

/* Returns when all members have come here, or the gate was cancelled. The last one starts the
 * clock. */
static enum gate meet(struct team *team)
{
	enum gate gate;
	uint32_t spins = 0;

	if (atomic_fetch_add(&team->ready, 1) + 1 == team->count) {
		int closed = GATE_CLOSED;

		team->started = now();
		atomic_compare_exchange_strong(&team->gate, &closed, GATE_OPEN);
	}
	while ((gate = (enum gate)atomic_load_explicit(&team->gate, memory_order_acquire)) ==
	       GATE_CLOSED) {
		relax();
		if (++spins % SPINS_BEFORE_YIELD == 0)
			sched_yield();
	}
	return gate;
}

static void *member_main(void *argument)
{
	struct member *member = argument;
	struct team *team = member->team;
	const struct team_task *task = team->task;
	int error = pin(member->cpu);

	if (error) {
		cancel(team, error);
		return NULL;
	}
	if (task->prepare)
		task->prepare(team->context, member->index);
	if (meet(team) == GATE_CANCELLED)
		return NULL;
	if (task->work)
		task->work(team->context, member->index);
	member->finished = now();
	if (task->check)
		task->check(team->context, member->index);
	return NULL;
}

int team_run(const uint32_t *cpus, uint32_t count, const struct team_task *task, void *context,
	     uint64_t *nanoseconds)
{
	struct team team = {.task = task, .context = context, .count = count};
	struct member *members;
	uint64_t finished = 0;
	uint32_t started;

	if (count == 0)
		return -EINVAL;
	members = calloc(count, sizeof(*members));
	if (!members)
		return -ENOMEM;

	for (started = 0; started < count; started++) {
		struct member *member = &members[started];
		int error;

		member->team = &team;
		member->index = started;
		member->cpu = cpus[started];
		error = pthread_create(&member->thread, NULL, member_main, member);
		if (error) {
			cancel(&team, -error);
			break;
		}
	}
	for (uint32_t i = 0; i < started; i++) {
		pthread_join(members[i].thread, NULL);
		if (members[i].finished > finished)
			finished = members[i].finished;
	}
	free(members);
	if (nanoseconds)
		*nanoseconds = finished - team.started;
	return atomic_load(&team.error);
}
