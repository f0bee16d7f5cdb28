/* SPDX-License-Identifier: MIT */
/*
 * The ranges that are allocated, by address. A lock of its own, held for look-ups alone: whoever
 * asks what a pointer is does not wait for memory that is being mapped.
 */
#ifndef MVGAL_CUDA_POOL_TABLE_H
#define MVGAL_CUDA_POOL_TABLE_H

#include "pool_map.h"

/* An allocation as the program knows it. */
struct pool_block {
	CUdeviceptr base;
	size_t bytes;
	CUcontext context;
	unsigned long long serial;
	/* Where it is cut: a multiple of this from the base; 0 for one that lies in one place. */
	size_t piece;
};

/* False where there is no memory for the entry. */
bool table_add(struct range *range);

/* The allocation that holds an address. */
bool table_find(CUdeviceptr pointer, struct pool_block *block);

/*
 * What of a pooled allocation lies away from the own card, between a pointer and the end, `window`
 * bytes at most; it was in use at `now`. The part that was looked at is told. 0 for what is none.
 */
size_t table_away(CUdeviceptr pointer, size_t window, unsigned long long now, size_t *looked_at);

/* Whether there is anything away at all, and whether an address may be one of it: without a lock.
 */
bool table_has_away(void);
bool table_may_hold(CUdeviceptr pointer);

/* The range that holds an address; with the pool's lock, which keeps it. */
struct range *table_range(CUdeviceptr pointer);

/* A place in a chunk of that context for a small allocation; 0 for none. */
CUdeviceptr table_take_small(size_t bytes, CUcontext context);

/*
 * Takes the allocation at `base` out. `*emptied` is its range, which is nobody's now, or NULL where
 * others are still in it. False where no allocation begins there.
 */
bool table_remove(CUdeviceptr base, struct range **emptied);

/* Takes all ranges of a context out, as a list. */
struct range *table_remove_context(CUcontext context);

/* Around fork. */
void table_lock(void);
void table_unlock(void);

#endif
