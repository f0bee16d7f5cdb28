/* SPDX-License-Identifier: MIT */
/*
 * Changing where pieces of pooled memory lie, at the same addresses: each is copied to memory that
 * is mapped aside, which then takes its place. With the pool's lock, and while no work is under
 * way.
 */
#ifndef MVGAL_CUDA_POOL_MOVE_H
#define MVGAL_CUDA_POOL_MOVE_H

#include "pool_map.h"

/* Pieces that are moved together. */
#define MOVES 64

/* A piece that changes its place; the new one is mapped aside meanwhile. */
struct move {
	struct range *range;
	uint32_t piece;
	size_t bytes;
	CUmemGenericAllocationHandle target;
	CUdeviceptr aside;
};

struct moves {
	const struct cards *cards;
	struct move moves[MOVES];
	int count;
	/* Whether the pieces come to the own card, or leave it. */
	bool comes;
};

/* Adds a piece, and moves all that are there when there are many. No: it stays where it is. */
bool moves_add(struct moves *moves, struct range *range, uint32_t piece);

/* Moves what was added. */
void moves_end(struct moves *moves);

/* Notes that a piece lies near, with its memory elsewhere, or (0) that it does not. */
void moves_note(struct range *range, uint32_t piece, CUmemGenericAllocationHandle home,
		size_t bytes);

/* Bytes of all pieces that lie near. */
size_t moves_near(void);

/* How long a piece takes to come near, in seconds; it stays where it is. Negative where it cannot
 * be told. */
double moves_time(const struct cards *cards, struct range *range, uint32_t piece);

/* A piece of a range. */
CUdeviceptr range_piece_at(const struct range *range, uint32_t piece);
size_t range_piece_bytes(const struct range *range, uint32_t piece);

#endif
