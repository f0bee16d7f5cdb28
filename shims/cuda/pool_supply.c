/* SPDX-License-Identifier: MIT */
#include "pool_supply.h"

#include <stdlib.h>

#include "lent.h"
#include "real.h"

static bool is_lent(int lane)
{
	return lane > 0 && lane != PLAN_HOST;
}

CUresult supply_one(const struct cards *cards, int lane, size_t bytes,
		    CUmemGenericAllocationHandle *handle)
{
	CUmemAllocationProp props;
	unsigned int made;

	if (is_lent(lane))
		return lent_memory(cards->card[lane].lent, bytes, 1, handle, &made);
	cards_props(cards, lane, &props);
	return cuda_real()->cuMemCreate(handle, bytes, &props, 0);
}

struct supply *supply_begin(const struct cards *cards, const struct plan *plan)
{
	struct supply *supply = calloc(1, sizeof(*supply));
	struct plan_walk walk = {0};
	size_t bytes;
	int lane;

	if (!supply)
		return NULL;
	supply->cards = cards;
	supply->piece = plan->piece;
	while ((lane = plan_next(&walk, plan, &bytes)) >= 0)
		supply->wanted[lane] += bytes == plan->piece;
	return supply;
}

CUresult supply_piece(struct supply *supply, int lane, size_t bytes,
		      CUmemGenericAllocationHandle *handle)
{
	unsigned int *count;
	uint32_t *wanted = &supply->wanted[lane];

	/* The last piece of all may be a smaller one. */
	if (!is_lent(lane) || bytes != supply->piece || !*wanted)
		return supply_one(supply->cards, lane, bytes, handle);
	count = &supply->lane[lane].count;
	if (!*count) {
		unsigned int ask = *wanted < LENDER_PIECES ? *wanted : LENDER_PIECES;
		CUresult result = lent_memory(supply->cards->card[lane].lent, bytes, ask,
					      supply->lane[lane].handles, count);

		if (result != CUDA_SUCCESS)
			return result;
	}
	*handle = supply->lane[lane].handles[--*count];
	--*wanted;
	return CUDA_SUCCESS;
}

void supply_end(struct supply *supply)
{
	for (int lane = 0; lane < PLAN_CARDS; lane++)
		while (supply->lane[lane].count)
			cuda_real()->cuMemRelease(
			    supply->lane[lane].handles[--supply->lane[lane].count]);
	free(supply);
}
