/* SPDX-License-Identifier: MIT */
/*
 * Where the pieces of an allocation go: arithmetic alone.
 *
 * An allocation that no card holds by itself is cut into pieces of one size, dealt out to the cards
 * in proportion to their room and evenly along the addresses: whatever run of addresses a program
 * streams over, all links carry their share of it. Host memory takes what the cards have no room
 * for.
 */
#ifndef MVGAL_CUDA_POOL_PLAN_H
#define MVGAL_CUDA_POOL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Places that memory can lie in: the cards, the program's own first, and the host. */
#define PLAN_CARDS 32
#define PLAN_HOST PLAN_CARDS
#define PLAN_LANES (PLAN_CARDS + 1)

/*
 * Pieces of one allocation at most: each costs some calls of the driver, 0.3 ms for one that is
 * lent. Up to 16 MiB their size makes no difference to what streams over them (H200, NVLink): there
 * are no more than a few of smaller ones.
 */
#define PLAN_PIECES 16384
#define PLAN_FEW 128
#define PLAN_LARGE ((size_t)16 << 20)

struct plan {
	/* Bytes of the allocation, a multiple of the granularity; of a piece: the last may be
	 * smaller. */
	size_t bytes, piece;
	uint32_t pieces;
	/* How many pieces each lane holds. */
	uint32_t lane[PLAN_LANES];
};

/*
 * Deals out `bytes`, rounded up to `granularity`, a power of two. `room` has the bytes of each
 * lane; `least` is the size of a piece, 0 for one that suits the allocation.
 * Smaller ones are taken where there is not room else. False where there is not that much room.
 */
bool plan_make(struct plan *plan, size_t bytes, size_t granularity, size_t least,
	       const size_t room[PLAN_LANES]);

/* The pieces one after the other, from all zeros. */
struct plan_walk {
	uint32_t at;
	uint32_t given[PLAN_LANES];
};

/* The lane of the next piece, and the piece's bytes; -1 after the last. */
int plan_next(struct plan_walk *walk, const struct plan *plan, size_t *bytes);

#endif
