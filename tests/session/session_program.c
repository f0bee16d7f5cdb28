/* SPDX-License-Identifier: MIT */
/*
 * A program with a session, told what to do by lines on its standard input, each of which it
 *answers with one line:
 *
 *	count N GPU	N launches, each of 16 bytes allocated, 3 ns and one split
 *	free N GPU	N times 16 bytes given back
 *	kernel whole	a kernel; or `kernel in parts`
 *	whole REASON	work that ran whole
 *	policy		takes the policy: generation, strategy, GPUs
 *	obey N		takes N policies, and tells how many were torn: checks each against itself
 *	fork		runs a child that answers what follows until `quit`
 *	exec		becomes another run of itself without a session
 *	threads N	4 threads count N launches each, on the same GPUs, for the same reasons
 *	close		closes all descriptors but the standard ones, and opens its own file as many
 *times cost N		ns that a count takes, and a look for a policy, where there is no new one
 *	quit
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../shims/session/session.h"

static struct mvgal_session_policy policy;

static void count(unsigned long times, const char *id)
{
	uint32_t gpu = mvgal_session_gpu(id);

	for (unsigned long i = 0; i < times; i++) {
		mvgal_session_allocated(gpu, 16);
		mvgal_session_copied(gpu, 5);
		mvgal_session_launched(gpu, i == 0);
		mvgal_session_busy(gpu, 3);
	}
	printf("counted %u\n", gpu);
}

static void give_back(unsigned long times, const char *id)
{
	for (unsigned long i = 0; i < times; i++)
		mvgal_session_freed(mvgal_session_gpu(id), 16);
	puts("freed");
}

static void print_policy(void)
{
	bool isNew = mvgal_session_policy_read(&policy);

	printf("%s %" PRIu64 " %u", isNew ? "new" : "old", policy.generation, policy.strategy);
	for (uint32_t i = 0; i < policy.gpu_count; i++)
		printf(" %s:%u:%u", policy.gpus[i].id, policy.gpus[i].flags, policy.gpus[i].weight);
	putchar('\n');
}

/*
 * Writers give all GPUs of one policy the same weight, priority and share, and as many of them as
 * the strategy's number.
 */
static bool is_of_one_piece(void)
{
	for (uint32_t i = 0; i < policy.gpu_count; i++)
		if (policy.gpus[i].weight != policy.gpus[0].weight ||
		    policy.gpus[i].priority != policy.gpus[0].priority)
			return false;
	return policy.gpu_count == policy.strategy;
}

static void obey(unsigned long times)
{
	unsigned long mixed = 0;
	uint64_t last = 0;

	for (unsigned long seen = 0; seen < times;) {
		if (!mvgal_session_policy_read(&policy))
			continue;
		seen++;
		mixed += !is_of_one_piece() || policy.generation <= last;
		last = policy.generation;
	}
	printf("obeyed %lu mixed %lu\n", times, mixed);
}

static void *count_in_thread(void *times)
{
	static const char *const ids[] = {"pci:0000:01:00.0", "pci:0000:02:00.0",
					  "pci:0000:03:00.0"};
	static const char *const reasons[] = {"buffers alias", "it is short"};
	struct mvgal_session_policy own = {0};

	for (unsigned long i = 0; i < *(unsigned long *)times; i++) {
		uint32_t gpu = mvgal_session_gpu(ids[i % 3]);

		mvgal_session_launched(gpu, false);
		mvgal_session_allocated(gpu, 2);
		mvgal_session_freed(gpu, 1);
		mvgal_session_whole(reasons[i % 2]);
		mvgal_session_policy_read(&own);
	}
	return NULL;
}

static void count_in_threads(unsigned long times)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, count_in_thread, &times))
			abort();
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	puts("counted");
}

static void close_all(void)
{
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	for (int fd = 3; fd < 600; fd++)
		open("/proc/self/exe", O_RDONLY);
	puts("closed");
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void print_cost(unsigned long times)
{
	uint32_t gpu = mvgal_session_gpu("pci:0000:01:00.0");
	double start = now(), middle;

	for (unsigned long i = 0; i < times; i++)
		mvgal_session_launched(gpu, false);
	middle = now();
	for (unsigned long i = 0; i < times; i++)
		mvgal_session_policy_read(&policy);
	printf("%.2f %.2f\n", (middle - start) / (double)times, (now() - middle) / (double)times);
}

int main(int argc, char **argv)
{
	char line[256], word[16], rest[200];

	if (argc < 2)
		mvgal_session_begin("cuda");
	printf("%s %d\n", mvgal_session_active() ? "page" : "no page", getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		unsigned long times = 0;
		char id[64] = "";

		rest[0] = '\0';
		if (sscanf(line, "%15s %199[^\n]", word, rest) < 1)
			continue;
		sscanf(rest, "%lu %63s", &times, id);
		if (!strcmp(word, "count")) {
			count(times, id);
		} else if (!strcmp(word, "free")) {
			give_back(times, id);
		} else if (!strcmp(word, "kernel")) {
			mvgal_session_kernel(!strcmp(rest, "in parts"));
			puts("kernel");
		} else if (!strcmp(word, "whole")) {
			mvgal_session_whole(rest);
			puts("whole");
		} else if (!strcmp(word, "policy")) {
			print_policy();
		} else if (!strcmp(word, "obey")) {
			obey(times);
		} else if (!strcmp(word, "threads")) {
			count_in_threads(times);
		} else if (!strcmp(word, "close")) {
			close_all();
		} else if (!strcmp(word, "cost")) {
			print_cost(times);
		} else if (!strcmp(word, "fork")) {
			pid_t child = fork();

			if (child > 0) {
				int status = 1;

				waitpid(child, &status, 0);
				printf("child ended %d\n", status);
			} else {
				printf("child %d\n", getpid());
			}
		} else if (!strcmp(word, "exec")) {
			execl("/proc/self/exe", argv[0], "without", NULL);
		} else if (!strcmp(word, "quit")) {
			return 0;
		}
		fflush(stdout);
	}
	return 0;
}
