/* SPDX-License-Identifier: MIT */
/*
 * How many bytes of each GPU this process and its group have, against the limits.
 *
 * Exact: bytes are taken before they are allocated, under the lock of the group's file, and every
 * process writes what it has into its own slot. There is no other state, so that a process may die
 * at any instruction: its slot counts no more. Without a group the process is one of its own.
 */
#ifndef MVGAL_CUDA_GROUP_H
#define MVGAL_CUDA_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#define GROUP_NO_GPU UINT32_MAX
#define GROUP_NO_LIMIT UINT64_MAX

/* Number of a GPU in the functions below, by its stable name; GROUP_NO_GPU where there is no room
 * for it. */
uint32_t group_gpu(const char *id);

/*
 * Takes bytes where that keeps this process within `own_limit` and the group within its limit; else
 * takes nothing, and says no.
 */
bool group_take(uint32_t gpu, uint64_t bytes, uint64_t own_limit);

/* Takes bytes that are allocated whatever the limit says. */
void group_add(uint32_t gpu, uint64_t bytes);

/* Gives bytes back; never more than were taken. */
void group_give(uint32_t gpu, uint64_t bytes);

struct group_use {
	/* Bytes of this process, and of all that live of the group. */
	uint64_t own, all;
	/* Of the group; GROUP_NO_LIMIT for none. */
	uint64_t limit;
};

/* By number, or for a process that has none of the GPU, by name. */
struct group_use group_use(uint32_t gpu);
struct group_use group_use_named(const char *id);

/* What this process has. */
uint64_t group_own(uint32_t gpu);

/* The limits of the group's file; those of no limit without. */
void group_limits(const char *id, uint64_t *bytes, uint32_t *compute_pct);

/* In a child after fork: it has nothing yet, and a slot of its own. */
void group_after_fork(void);

#endif
