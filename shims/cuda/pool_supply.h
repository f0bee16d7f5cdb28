/* SPDX-License-Identifier: MIT */
/* The memory of pieces: of the own card and the host from the driver, of the others lent. */
#ifndef MVGAL_CUDA_POOL_SUPPLY_H
#define MVGAL_CUDA_POOL_SUPPLY_H

#include "lender.h"
#include "pool_cards.h"

/* Lent pieces come several at once. */
struct supply {
	const struct cards *cards;
	size_t piece;
	/* How many whole pieces each lane still gets, and what is there of them. */
	uint32_t wanted[PLAN_LANES];
	struct {
		CUmemGenericAllocationHandle handles[LENDER_PIECES];
		unsigned int count;
	} lane[PLAN_CARDS];
};

/* NULL where there is no memory for it. */
struct supply *supply_begin(const struct cards *cards, const struct plan *plan);

/* The next piece of a lane; its handle is the caller's. */
CUresult supply_piece(struct supply *supply, int lane, size_t bytes,
		      CUmemGenericAllocationHandle *handle);

/* Gives back what is left over. */
void supply_end(struct supply *supply);

/* One piece, without a supply. */
CUresult supply_one(const struct cards *cards, int lane, size_t bytes,
		    CUmemGenericAllocationHandle *handle);

#endif
