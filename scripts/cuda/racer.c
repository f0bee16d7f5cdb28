/* SPDX-License-Identifier: MIT */
/*
 * One of several processes that allocate and free at random under the limit of their group.
 *
 *     racer BOARD INDEX
 *
 * The board is a file that all map. A command stands in its head with a number; who has carried it
 * out writes the number into its row. What a process has is noted after it was given, and no longer
 * before it is given back: what is noted is never more than what there is.
 */
#define _GNU_SOURCE
#include "driver.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ROWS 64
#define PAGE (2 << 20)
/* In a race, and when all that there is is taken. */
#define MOST 64
#define MOST_AT_ALL 512

enum command { NOTHING, RACE, HOLD, FREE, FILL, QUIT, LOOK };

struct row {
	_Atomic uint64_t pid;
	/* Of the last command that was carried out. */
	_Atomic uint64_t done;
	_Atomic uint64_t live;
	_Atomic uint64_t allocations;
	_Atomic uint64_t refusals;
	/* CUDA's code of what went wrong, else 0. */
	_Atomic uint64_t failure;
	/* By the driver, after LOOK. */
	_Atomic uint64_t unused;
	_Atomic uint64_t total;
};

struct board {
	_Atomic uint64_t number;
	_Atomic uint64_t command;
	/* For RACE and FILL: the only row that it is for, or all of them. */
	_Atomic uint64_t whom;
	/* No allocation is larger. */
	_Atomic uint64_t largest;
	_Atomic uint64_t live;
	_Atomic uint64_t most;
	uint64_t reserved[2];
	struct row rows[ROWS];
};

static struct {
	struct driver driver;
	struct board *board;
	struct row *row;
	CUdeviceptr pointers[MOST_AT_ALL];
	size_t bytes[MOST_AT_ALL];
	int count;
	uint64_t random;
} racer;

static uint64_t draw(uint64_t below)
{
	racer.random ^= racer.random << 13;
	racer.random ^= racer.random >> 7;
	racer.random ^= racer.random << 17;
	return racer.random % below;
}

/* False when it was refused. */
static bool take(size_t bytes)
{
	struct board *board = racer.board;
	uint64_t live, most;
	int result = racer.driver.cuMemAlloc(&racer.pointers[racer.count], bytes);

	if (result == CUDA_ERROR_OUT_OF_MEMORY) {
		atomic_fetch_add(&racer.row->refusals, 1);
		return false;
	}
	if (result) {
		racer.row->failure = result;
		return false;
	}
	racer.bytes[racer.count++] = bytes;
	atomic_fetch_add(&racer.row->allocations, 1);
	atomic_fetch_add(&racer.row->live, bytes);
	live = atomic_fetch_add(&board->live, bytes) + bytes;
	most = board->most;
	while (live > most && !atomic_compare_exchange_weak(&board->most, &most, live))
		;
	return true;
}

static void give(int index)
{
	CUdeviceptr pointer = racer.pointers[index];
	size_t bytes = racer.bytes[index];
	int result;

	racer.count--;
	racer.pointers[index] = racer.pointers[racer.count];
	racer.bytes[index] = racer.bytes[racer.count];
	atomic_fetch_sub(&racer.board->live, bytes);
	atomic_fetch_sub(&racer.row->live, bytes);
	result = racer.driver.cuMemFree(pointer);
	if (result)
		racer.row->failure = result;
}

static void step(void)
{
	if (racer.count < MOST && (!racer.count || draw(100) < 60)) {
		/* Of any size, not of whole pages. */
		if (!take(1 + draw(racer.board->largest)) && racer.count)
			give(draw(racer.count));
	} else {
		give(draw(racer.count));
	}
}

static void obey(enum command command, bool is_mine)
{
	size_t unused, total;

	if (command == FREE) {
		while (racer.count)
			give(racer.count - 1);
		/* What the driver takes for itself is looked at when something is allocated. */
		if (take(1))
			give(0);
	} else if (command == LOOK && !racer.driver.cuMemGetInfo(&unused, &total)) {
		racer.row->unused = unused;
		racer.row->total = total;
	} else if (command == FILL && is_mine) {
		/* Whole pages: what the driver rounds up is known only when it is there. */
		for (size_t bytes = racer.board->largest & ~(size_t)(PAGE - 1); bytes >= PAGE;
		     bytes = bytes / 2 & ~(size_t)(PAGE - 1))
			while (racer.count < MOST_AT_ALL && take(bytes))
				;
	}
}

static const char *begin(void)
{
	CUcontext context;
	const char *missing = find_driver(&racer.driver, "resolver12", NULL);

	if (missing)
		return missing;
	if (racer.driver.cuInit(0) || racer.driver.cuDevicePrimaryCtxRetain(&context, 0) ||
	    racer.driver.cuCtxSetCurrent(context))
		return "a context";
	return NULL;
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = 200000};
	const char *missing;
	int file = argc == 3 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	int index = argc == 3 ? atoi(argv[2]) : -1;
	pid_t parent = getppid();

	if (file < 0 || index < 0 || index >= ROWS)
		return 2;
	racer.board = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (racer.board == MAP_FAILED)
		return 2;
	racer.row = &racer.board->rows[index];
	racer.random = UINT64_C(88172645463325252) ^ ((uint64_t)getpid() << 20);
	missing = begin();
	if (missing) {
		fprintf(stderr, "%s\n", missing);
		return 1;
	}
	racer.row->pid = getpid();
	for (;;) {
		uint64_t number = racer.board->number;
		enum command command = racer.board->command;
		uint64_t whom = racer.board->whom;
		bool is_mine = whom >= ROWS || whom == (uint64_t)index;

		if (number != racer.board->number)
			continue;
		if (number != racer.row->done) {
			obey(command, is_mine);
			racer.row->done = number;
			if (command == QUIT)
				return 0;
		}
		if (command == RACE && is_mine)
			step();
		else
			nanosleep(&pause, NULL);
		/* The one who started it is gone. */
		if (getppid() != parent)
			return 1;
	}
}
