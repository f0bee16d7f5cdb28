/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "gate_clock.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Sleeping takes longer than this. */
#define YIELD_NS 10000

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t gate_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t gate_now_roughly(void)
{
	return read_clock(CLOCK_MONOTONIC_COARSE);
}

void gate_wait(_Atomic uint32_t *bell, uint32_t heard, uint64_t ns)
{
	struct timespec time = {.tv_sec = (time_t)(ns / 1000000000u),
				.tv_nsec = (long)(ns % 1000000000u)};
	int error = errno;

	if (ns < YIELD_NS)
		sched_yield();
	else if (bell)
		syscall(SYS_futex, bell, FUTEX_WAIT, heard, &time, NULL, 0);
	else
		nanosleep(&time, NULL);
	errno = error;
}

void gate_ring(_Atomic uint32_t *bell)
{
	int error = errno;

	syscall(SYS_futex, bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	errno = error;
}
