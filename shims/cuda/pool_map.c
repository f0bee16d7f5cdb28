/* SPDX-License-Identifier: MIT */
#include "pool_map.h"

#include <stdlib.h>

#include "pool_supply.h"
#include "real.h"

/*
 * Puts the memory of a piece at `at`. The mapping alone holds the memory: it has no handle any
 * more. One handle a piece, since cuMemMap takes no other offset than 0.
 */
static CUresult map_piece(struct supply *supply, int lane, CUdeviceptr at, size_t bytes)
{
	const struct cuda_real *real = cuda_real();
	CUmemGenericAllocationHandle handle;
	CUresult result = supply_piece(supply, lane, bytes, &handle);

	if (result != CUDA_SUCCESS)
		return result;
	result = real->cuMemMap(at, bytes, 0, handle, 0);
	real->cuMemRelease(handle);
	return result;
}

CUresult range_allow(const struct cards *cards, CUdeviceptr at, size_t bytes)
{
	CUmemAccessDesc own = {{CU_MEM_LOCATION_TYPE_DEVICE, cards->card[0].device},
			       CU_MEM_ACCESS_FLAGS_PROT_READWRITE};

	return cuda_real()->cuMemSetAccess(at, bytes, &own, 1);
}

/* The accounts first: a limit may be lower than what a card has. */
static int take_lanes(const struct cards *cards, struct range *range, const struct plan *plan)
{
	struct plan_walk walk = {0};
	size_t bytes;
	int lane;

	while ((lane = plan_next(&walk, plan, &bytes)) >= 0)
		range->lane[lane] += bytes;
	for (lane = 0; lane < PLAN_LANES; lane++) {
		if (!range->lane[lane] || cards_take(cards, lane, range->lane[lane]))
			continue;
		for (int i = lane - 1; i >= 0; i--)
			if (range->lane[i])
				cards_give(cards, i, range->lane[i]);
		return lane;
	}
	return -1;
}

static void give_lanes(const struct cards *cards, const struct range *range)
{
	for (int lane = 0; lane < PLAN_LANES; lane++)
		if (range->lane[lane])
			cards_give(cards, lane, range->lane[lane]);
}

/* Takes off what is mapped of it, and its addresses. */
static void tear_down(const struct range *range, size_t mapped)
{
	const struct cuda_real *real = cuda_real();

	if (mapped)
		real->cuMemUnmap(range->base, mapped);
	real->cuMemAddressFree(range->base, range->mapped);
}

static CUresult map_pieces(const struct cards *cards, const struct range *range,
			   const struct plan *plan, int *short_of)
{
	struct supply *supply = supply_begin(cards, plan);
	CUresult result = supply ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
	struct plan_walk walk = {0};
	size_t done = 0, bytes;
	int lane = -1;

	while (result == CUDA_SUCCESS && (lane = plan_next(&walk, plan, &bytes)) >= 0) {
		result = map_piece(supply, lane, range->base + done, bytes);
		if (result != CUDA_SUCCESS)
			break;
		range->lanes[done / plan->piece] = (uint8_t)lane;
		done += bytes;
	}
	if (supply)
		supply_end(supply);
	if (result == CUDA_ERROR_OUT_OF_MEMORY)
		*short_of = lane;
	if (result == CUDA_SUCCESS)
		result = range_allow(cards, range->base, range->mapped);
	if (result != CUDA_SUCCESS)
		tear_down(range, done);
	return result;
}

static void free_range(struct range *range)
{
	if (range) {
		free(range->lanes);
		free(range->home);
	}
	free(range);
}

static struct range *new_range(const struct plan *plan)
{
	struct range *range = calloc(1, sizeof(*range));

	if (!range)
		return NULL;
	range->mapped = plan->bytes;
	range->piece = plan->piece;
	range->pieces = plan->pieces;
	range->lanes = calloc(plan->pieces, sizeof(*range->lanes));
	range->home = calloc(plan->pieces, sizeof(*range->home));
	if (range->lanes && range->home)
		return range;
	free_range(range);
	return NULL;
}

CUresult range_map(const struct cards *cards, const struct plan *plan, struct range **made,
		   int *short_of)
{
	const struct cuda_real *real = cuda_real();
	struct range *range = new_range(plan);
	CUresult result;

	*short_of = -1;
	if (!range)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*short_of = take_lanes(cards, range, plan);
	if (*short_of >= 0) {
		free_range(range);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	range->away = range->mapped - range->lane[0];
	result = real->cuMemAddressReserve(&range->base, range->mapped, 0, 0, 0);
	if (result == CUDA_SUCCESS)
		result = map_pieces(cards, range, plan, short_of);
	if (result != CUDA_SUCCESS) {
		give_lanes(cards, range);
		free_range(range);
		return result;
	}
	*made = range;
	return CUDA_SUCCESS;
}

void range_unmap(const struct cards *cards, struct range *range)
{
	tear_down(range, range->mapped);
	give_lanes(cards, range);
	free_range(range);
}
