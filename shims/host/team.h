/* SPDX-License-Identifier: MIT */
/* A team of threads, one pinned to each CPU of a list, that does one thing at the same time. */
#ifndef MVGAL_HOST_TEAM_H
#define MVGAL_HOST_TEAM_H

#include <stdint.h>

/* The steps of each member; each may be NULL. `index` counts the members from 0. */
struct team_task {
	void (*prepare)(void *context, uint32_t index); /* before the time */
	void (*work)(void *context, uint32_t index);	/* what is timed */
	void (*check)(void *context, uint32_t index);	/* after the time */
};

/*
 * Runs a task and joins its threads. `nanoseconds` is the time from when all members were prepared
 * until the last had finished its work; may be NULL. Returns 0, or a negative errno value when a
 * thread could not be started or pinned; then no member has worked.
 */
int team_run(const uint32_t *cpus, uint32_t count, const struct team_task *task, void *context,
	     uint64_t *nanoseconds);

#endif
