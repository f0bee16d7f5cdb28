/* SPDX-License-Identifier: MIT */
/* What the samples try in one process. */
#define _GNU_SOURCE
#include "features.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char reason[300];

int why_not(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return false;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

/* A 16th of the limit. Contexts take their part of it, so that not all of these fit. */
static size_t block_bytes(size_t limit)
{
	return (limit / 16) & ~(size_t)((2 << 20) - 1);
}

int fill_up(const struct way *way, enum kind kind, size_t limit, struct block *blocks)
{
	int count = 0;

	for (; count < MOST_BLOCKS; count++) {
		int result = way->allocate(kind, block_bytes(limit), &blocks[count]);

		if (result == OUT_OF_MEMORY)
			return count;
		if (result) {
			give_back(way, kind, blocks, count);
			why_not(result == NOT_THERE ? "skipped: no such call this way"
						    : "allocation %d: error %d",
				count + 1, result);
			return -1;
		}
	}
	give_back(way, kind, blocks, count);
	why_not("%d blocks of %zu bytes were allocated under a limit of %zu", count,
		block_bytes(limit), limit);
	return -1;
}

void give_back(const struct way *way, enum kind kind, struct block *blocks, int count)
{
	while (count-- > 0)
		way->release(kind, &blocks[count]);
}

/* Whether what was allocated is as much as was free, but for part of a block and what code takes.
 */
static int is_all(size_t unused, int count, size_t limit)
{
	size_t block = block_bytes(limit), got = count * block;

	if (got > limit)
		return why_not("%zu bytes under a limit of %zu", got, limit);
	if (got + 2 * block < unused)
		return why_not("refused after %zu bytes with %zu free", got, unused);
	return true;
}

static int try_memory(const struct way *way, enum kind kind, size_t limit)
{
	struct block blocks[MOST_BLOCKS];
	size_t unused, total, left;
	int count, again, result;

	result = way->info(&unused, &total);
	if (result)
		return why_not("info of the memory: error %d", result);
	if (total != limit)
		return why_not("the memory is said to be %zu, the limit is %zu", total, limit);
	count = fill_up(way, kind, limit, blocks);
	if (count < 0)
		return false;
	way->info(&left, &total);
	if (!is_all(unused, count, limit)) {
		give_back(way, kind, blocks, count);
		return false;
	}
	if (left > 2 * block_bytes(limit)) {
		give_back(way, kind, blocks, count);
		return why_not("%zu are said to be free when all is allocated", left);
	}
	way->release(kind, &blocks[count - 1]);
	result = way->allocate(kind, block_bytes(limit), &blocks[count - 1]);
	if (result) {
		give_back(way, kind, blocks, count - 1);
		return why_not("error %d after a block was freed", result);
	}
	give_back(way, kind, blocks, count);
	again = fill_up(way, kind, limit, blocks);
	if (again < 0)
		return false;
	give_back(way, kind, blocks, again);
	if (again < count - 1)
		return why_not("%d blocks at first, %d after all were freed", count, again);
	return true;
}

/* Kernels of 1 ms while others wait: each batch is waited for when the next one is queued. */
#define BATCH 10
#define WINDOWS 5

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Settles for 0.5 s and looks at windows of 0.3 s, or parts of these. */
static int try_share(const struct way *way, double percent, double within, double part)
{
	double shares[WINDOWS], from = 0, begin = now();
	int window = -1, batches = 0, in_window = 0;

	for (; window < WINDOWS; batches++) {
		double at;

		for (int i = 0; i < BATCH; i++) {
			int result = way->launch();

			if (result)
				return why_not("a launch: error %d", result);
		}
		if (way->mark(batches % EVENTS))
			return why_not("an event could not be recorded");
		if (batches && way->wait((batches - 1) % EVENTS))
			return why_not("an event could not be waited for");
		at = now();
		in_window++;
		if (window < 0 ? at - begin < 0.5 * part : at - from < 0.3 * part)
			continue;
		if (window >= 0)
			shares[window] = 100 * in_window * BATCH * 1e-3 / (at - from);
		window++;
		from = at;
		in_window = 0;
	}
	way->wait((batches - 1) % EVENTS);
	qsort(shares, WINDOWS, sizeof(*shares), by_value);
	if (shares[WINDOWS / 2] < percent - within || shares[WINDOWS / 2] > percent + within)
		return why_not("%.1f %% of the time in place of %g", shares[WINDOWS / 2], percent);
	return true;
}

/* As it is without a shim: the memory that the caller saw there, and work. */
static int try_plain(const struct way *way, size_t expected)
{
	struct block block;
	size_t unused, total;
	unsigned char value = 0;

	if (way->info(&unused, &total) || total != expected)
		return why_not("the memory is said to be %zu, and is %zu", total, expected);
	if (way->allocate(PLAIN, expected / 32, &block))
		return why_not("a 32nd of the memory is refused");
	if (way->fill(&block, 0, block.bytes, 42) || way->read(&block, block.bytes - 1, &value) ||
	    value != 42)
		return why_not("what was written is not what is read");
	if (way->release(PLAIN, &block))
		return why_not("memory could not be freed");
	for (int i = 0; i < 2 * BATCH; i++)
		if (way->launch())
			return why_not("a kernel could not be launched");
	return !way->mark(0) && !way->wait(0) ? true : why_not("kernels do not end");
}

/* Threads that allocate and launch at once: what they have together never exceeds the limit. */
#define THREADS 8

struct together {
	const struct way *way;
	size_t limit;
	atomic_size_t live;
	atomic_size_t most;
	atomic_int failure;
	/* All have what they got the first time. */
	pthread_barrier_t first;
};

static void *thread(void *argument)
{
	struct together *all = argument;
	/* Of a 16th each: there is not room for all. */
	size_t bytes = 3 * block_bytes(all->limit);
	int result = all->way->enter();

	for (int i = 0; i < 40; i++) {
		struct block block;
		size_t live, most;
		bool is_there;

		if (!result)
			result = all->way->allocate(PLAIN, bytes, &block);
		is_there = !result;
		if (result == OUT_OF_MEMORY)
			result = 0;
		if (is_there) {
			live = atomic_fetch_add(&all->live, bytes) + bytes;
			most = atomic_load(&all->most);
			while (live > most &&
			       !atomic_compare_exchange_weak(&all->most, &most, live))
				;
		}
		if (!i)
			pthread_barrier_wait(&all->first);
		if (result)
			break;
		if (!is_there)
			continue;
		result = i % 8 ? 0 : all->way->launch();
		/* Before it is free: so that what is noted is never more than what there is. */
		atomic_fetch_sub(&all->live, bytes);
		if (!result)
			result = all->way->release(PLAIN, &block);
	}
	if (result)
		atomic_store(&all->failure, result);
	return NULL;
}

static int try_threads(const struct way *way, size_t limit)
{
	struct together all = {.way = way, .limit = limit};
	pthread_t threads[THREADS];
	size_t before, after, total;

	way->info(&before, &total);
	pthread_barrier_init(&all.first, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread, &all))
			return why_not("there are no more threads");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	way->info(&after, &total);
	if (all.failure)
		return why_not("error %d in a thread", all.failure);
	if (all.most > limit)
		return why_not("%zu bytes at once under a limit of %zu", (size_t)all.most, limit);
	if (after + 2 * block_bytes(limit) < before)
		return why_not("%zu were free before the threads, %zu after", before, after);
	return true;
}

/* One GPU, and an allocation that is larger than each. */
static int try_pool(const struct way *way, size_t bytes)
{
	const int parts = 64;
	size_t part = bytes / parts;
	struct block block;
	int devices, result, right = true;

	if (way->count(&devices) || devices != 1)
		return why_not("%d GPUs are seen in place of one", devices);
	result = way->allocate(PLAIN, bytes, &block);
	if (result)
		return why_not("an allocation of %zu bytes: error %d", bytes, result);
	for (int i = 0; i < parts && right; i++)
		if (way->fill(&block, i * part, part, i + 1))
			right = why_not("part %d cannot be filled", i);
	for (int i = 0; i < parts && right; i++)
		for (int j = 0; j < 4 && right; j++) {
			unsigned char value = 0;

			result = way->read(&block, i * part + j * (part - 1) / 3, &value);
			if (result || value != i + 1)
				right = why_not("part %d holds %d, error %d", i, value, result);
		}
	way->release(PLAIN, &block);
	return right;
}

static int try_one(const struct way *way, const char *name, const char *value)
{
	static const struct {
		const char *name;
		enum kind kind;
	} kinds[] = {{"memory", PLAIN}, {"pitch", PITCH}, {"managed", MANAGED}, {"arrays", ARRAY},
		     {"async", ASYNC},	{"pools", POOL},  {"vmm", MAPPED}};
	static const char *failed;
	static bool started;
	static int result;
	size_t number = strtoull(value, NULL, 10);

	if (!strcmp(name, "fork"))
		return try_children(way, name, number);
	if (!started) {
		started = true;
		result = way->start(&failed);
		if (!result)
			failed = NULL;
	}
	if (failed)
		return why_not("%s: error %d", failed, result);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(name, kinds[i].name))
			return try_memory(way, kinds[i].kind, number);
	if (!strcmp(name, "share")) {
		double percent = 0, within = 10, part = 1;

		sscanf(value, "%lf:%lf:%lf", &percent, &within, &part);
		return try_share(way, percent, within, part);
	}
	if (!strcmp(name, "plain"))
		return try_plain(way, number);
	if (!strcmp(name, "threads"))
		return try_threads(way, number);
	if (!strcmp(name, "pool"))
		return try_pool(way, number);
	if (!strcmp(name, "spawn") || !strcmp(name, "kill"))
		return try_children(way, name, number);
	if (!strcmp(name, "facts")) {
		size_t unused, total;
		int devices;

		if (way->info(&unused, &total) || way->count(&devices))
			return why_not("the driver does not say");
		printf("facts %zu %d\n", total, devices);
		return true;
	}
	return why_not("no such feature");
}

int try_features(const struct way *way, int count, char **features)
{
	int failures = 0;

	make_children(way, count, features);
	for (int i = 0; i < count; i++) {
		char *value = strchr(features[i], '=');
		int is_ok;

		if (value)
			*value++ = 0;
		is_ok = try_one(way, features[i], value ? value : "0");
		if (is_ok)
			printf("%s ok\n", features[i]);
		else
			printf("%s %s\n", features[i], reason);
		fflush(stdout);
		failures += !is_ok && strncmp(reason, "skipped", 7);
	}
	return failures ? 1 : 0;
}
