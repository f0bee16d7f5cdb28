/* SPDX-License-Identifier: MIT */
/*
 * Exercises the accounts of a group (shims/cuda/group.c) by processes and threads. Says on stdout what it finds;
 * exits with 1 where something does not hold.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../../shims/cuda/group.h"
#include "../../../shims/cuda/settings.h"

#define GPU "pci:0000:01:00.0"
#define NO_LIMIT GROUP_NO_LIMIT

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* What the environment says is not this test's. */
const struct settings *settings(void)
{
	static struct settings made = { .enabled = true };
	const char *group = getenv("MVGAL_GROUP");

	if (group && !made.group[0])
		strcpy(made.group, group);
	return &made;
}

static struct shared {
	_Atomic uint64_t sum, taken, refused;
	/* Those that were killed have left what they had in the sum. */
	atomic_bool is_dirty;
	/* Of children that hold theirs. */
	atomic_int holding;
} *shared;

static uint64_t limit;

static uint64_t random_of(unsigned int *seed, uint64_t below)
{
	return (((uint64_t)rand_r(seed) << 31) ^ (uint64_t)rand_r(seed)) % below;
}

/* Takes and gives at random; what all of them hold together is never above the limit. */
static void take_and_give(unsigned int seed, uint64_t rounds)
{
	uint32_t gpu = group_gpu(GPU);
	uint64_t held[8] = { 0 };

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t *mine = &held[random_of(&seed, 8)];

		if (*mine) {
			atomic_fetch_sub(&shared->sum, *mine);
			group_give(gpu, *mine);
			*mine = 0;
			continue;
		}
		*mine = 1 + random_of(&seed, limit / 16);
		if (!group_take(gpu, *mine, NO_LIMIT)) {
			shared->refused++;
			*mine = 0;
			continue;
		}
		CHECK(atomic_fetch_add(&shared->sum, *mine) + *mine <= limit || shared->is_dirty);
		shared->taken++;
	}
	for (int i = 0; i < 8; i++) {
		atomic_fetch_sub(&shared->sum, held[i]);
		group_give(gpu, held[i]);
	}
}

static pid_t start(unsigned int seed, uint64_t rounds)
{
	pid_t child = fork();

	if (child == 0) {
		/* As account.c does by pthread_atfork. */
		group_after_fork();
		take_and_give(seed, rounds);
		_exit(0);
	}
	return child;
}

/* Nothing is lost: all of the limit can be taken, and not a byte more. */
static void check_all_is_free(void)
{
	uint32_t gpu = group_gpu(GPU);

	CHECK(!group_take(gpu, limit + 1, NO_LIMIT));
	CHECK(group_take(gpu, limit, NO_LIMIT));
	CHECK(!group_take(gpu, 1, NO_LIMIT));
	CHECK(group_use(gpu).all == limit && group_use(gpu).own == limit);
	group_give(gpu, limit);
	CHECK(group_use(gpu).all == 0);
}

static void race(int processes, uint64_t rounds)
{
	int status;

	for (int i = 0; i < processes; i++)
		start((unsigned int)i + 1, rounds);
	while (wait(&status) > 0)
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(shared->sum == 0);
	check_all_is_free();
	CHECK(shared->taken > 0 && shared->refused > 0);
}

/* Kills at random instructions; what the dead had is there for the others. */
static void kill_some(int processes, int kills)
{
	pid_t *children = calloc((size_t)processes, sizeof(*children));
	unsigned int seed = 7;

	shared->is_dirty = true;
	for (int i = 0; i < processes; i++)
		children[i] = start((unsigned int)i + 1, UINT64_MAX);
	for (int i = 0; i < kills; i++) {
		int which = (int)random_of(&seed, (uint64_t)processes);

		usleep((unsigned int)random_of(&seed, 3000));
		kill(children[which], SIGKILL);
		/* Half of them are zombies for a while. */
		if (i % 2)
			waitpid(children[which], NULL, 0);
		children[which] = start((unsigned int)i + 100, UINT64_MAX);
	}
	for (int i = 0; i < processes; i++)
		kill(children[i], SIGKILL);
	/* Not waited for: the dead do not count all the same, as soon as they are. */
	usleep(50000);
	check_all_is_free();
	while (wait(NULL) > 0)
		;
	CHECK(shared->taken > (uint64_t)kills);
	free(children);
}

static void fork_once(void)
{
	uint32_t gpu = group_gpu(GPU);
	int status;
	pid_t child;

	CHECK(group_take(gpu, 10, NO_LIMIT));
	child = fork();
	if (child == 0) {
		group_after_fork();
		CHECK(group_use(gpu).own == 0 && group_use(gpu).all == 10);
		CHECK(!group_take(gpu, limit - 9, NO_LIMIT));
		CHECK(group_take(gpu, limit - 10, NO_LIMIT));
		/* More than it has: nothing of the parent's is given. */
		group_give(gpu, limit);
		CHECK(group_use(gpu).own == 0 && group_use(gpu).all == 10);
		CHECK(group_take(gpu, 5, NO_LIMIT));
		_exit(0);
	}
	waitpid(child, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(group_use(gpu).all == 10);
	group_give(gpu, 10);
	check_all_is_free();
}

/* The own limit of a process in a group of more. */
static void own_limit(void)
{
	uint32_t gpu = group_gpu(GPU);

	CHECK(!group_take(gpu, 101, 100));
	CHECK(group_take(gpu, 100, 100));
	CHECK(!group_take(gpu, 1, 100));
	CHECK(group_take(gpu, limit - 100, NO_LIMIT));
	CHECK(!group_take(gpu, UINT64_MAX, NO_LIMIT));
	group_add(gpu, 1000);
	CHECK(group_use(gpu).all == limit + 1000);
	CHECK(!group_take(gpu, 1, NO_LIMIT));
	group_give(gpu, limit + 1000);
	check_all_is_free();
}

/* Children with a slot each, until the parent has seen that there is none for it. */
static void fill_slots(int processes)
{
	uint32_t gpu = group_gpu(GPU);
	pid_t last = 0;

	setpgid(0, 0);
	for (int i = 0; i < processes; i++) {
		last = fork();
		if (last == 0) {
			group_after_fork();
			CHECK(group_take(gpu, 1, NO_LIMIT));
			shared->holding++;
			for (;;)
				pause();
		}
	}
	while (shared->holding < processes)
		usleep(1000);
	CHECK(!group_take(gpu, 1, NO_LIMIT));
	CHECK(!group_take(gpu, 1, NO_LIMIT));
	CHECK(group_use(gpu).all == (uint64_t)processes);
	kill(last, SIGKILL);
	waitpid(last, NULL, 0);
	CHECK(group_take(gpu, 1, NO_LIMIT));
	CHECK(group_use(gpu).all == (uint64_t)processes);
	CHECK(last > 0);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
}

/* The program that comes by exec has nothing of what was allocated before. */
static void exec_again(char **arguments)
{
	uint32_t gpu = group_gpu(GPU);

	if (getenv("AGAIN")) {
		check_all_is_free();
		return;
	}
	CHECK(group_take(gpu, limit, NO_LIMIT));
	setenv("AGAIN", "1", 1);
	execv("/proc/self/exe", arguments);
}

/* Somebody has the lock and does not run. */
static void stuck(const char *path)
{
	uint32_t gpu = group_gpu(GPU);
	int file = open(path, O_RDWR | O_CLOEXEC);

	CHECK(file >= 0 && flock(file, LOCK_EX) == 0);
	CHECK(!group_take(gpu, 1, NO_LIMIT));
	CHECK(group_use(gpu).own == 0);
	close(file);
	check_all_is_free();
}

static void *run_thread(void *seed)
{
	take_and_give((unsigned int)(uintptr_t)seed, 300);
	return NULL;
}

static void threads(int count)
{
	pthread_t running[16];

	for (int i = 0; i < count; i++)
		pthread_create(&running[i], NULL, run_thread, (void *)(uintptr_t)(i + 1));
	for (int i = 0; i < count; i++)
		pthread_join(running[i], NULL);
	CHECK(shared->sum == 0);
	check_all_is_free();
}

static void cost(void)
{
	uint32_t gpu = group_gpu(GPU);
	struct timespec from, to;
	const int rounds = 20000;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < rounds; i++) {
		CHECK(group_take(gpu, 1, NO_LIMIT));
		group_give(gpu, 1);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("take and give: %.0f ns\n",
	       ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) /
		       rounds);
}

int main(int count, char **arguments)
{
	const char *what = count > 2 ? arguments[1] : "";
	int processes = count > 3 ? atoi(arguments[3]) : 0;

	limit = count > 2 ? strtoull(arguments[2], NULL, 10) : 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CHECK(shared != MAP_FAILED);
	if (!strcmp(what, "race"))
		race(processes, strtoull(arguments[4], NULL, 10));
	else if (!strcmp(what, "kill"))
		kill_some(processes, atoi(arguments[4]));
	else if (!strcmp(what, "fork"))
		fork_once();
	else if (!strcmp(what, "own"))
		own_limit();
	else if (!strcmp(what, "slots"))
		fill_slots(processes);
	else if (!strcmp(what, "exec"))
		exec_again(arguments);
	else if (!strcmp(what, "stuck"))
		stuck(arguments[3]);
	else if (!strcmp(what, "threads"))
		threads(processes);
	else if (!strcmp(what, "cost"))
		cost();
	else if (!strcmp(what, "unlimited"))
		CHECK(group_take(group_gpu(GPU), UINT64_MAX / 2, NO_LIMIT));
	else if (!strcmp(what, "hold")) {
		CHECK(group_take(group_gpu(GPU), limit, NO_LIMIT));
		puts("held");
		fflush(stdout);
		pause();
	} else
		return 2;
	return 0;
}
