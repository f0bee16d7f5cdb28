/* SPDX-License-Identifier: MIT */
/* Ranges of addresses with memory of several cards behind them. */
#ifndef MVGAL_CUDA_POOL_MAP_H
#define MVGAL_CUDA_POOL_MAP_H

#include "pool_cards.h"

struct arena;

struct range {
	CUdeviceptr base;
	/* As asked for, and as mapped. */
	size_t asked, mapped;
	/* In which lane how much of it lies. */
	size_t lane[PLAN_LANES];
	size_t piece;
	/* Of each piece its lane, and its memory there while it lies near (pool_near.h), 0 else. */
	uint32_t pieces;
	uint8_t *lanes;
	CUmemGenericAllocationHandle *home;
	/* Bytes that are not the own card's, and that lie near; when it was last seen in use. */
	size_t away, near;
	unsigned long long used;
	struct range *next_near;
	/* The context in which it was asked for, and a number of its own. */
	CUcontext context;
	unsigned long long serial;
	/* Small allocations that share it; NULL for a range that is one allocation. */
	struct arena *arena;
	struct range *next;
};

/*
 * Maps memory as planned. On failure nothing is left of it, and where a lane had no memory
 * `short_of` says which; else it is -1.
 */
CUresult range_map(const struct cards *cards, const struct plan *plan, struct range **made,
		   int *short_of);

/* Lets the own card use what is mapped at some addresses. */
CUresult range_allow(const struct cards *cards, CUdeviceptr at, size_t bytes);

/* Gives all of it back. No work may use it any more. */
void range_unmap(const struct cards *cards, struct range *range);

#endif
