/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pool_move.h"

#include <time.h>

#include "pool_table.h"
#include "real.h"
#include "say.h"

static size_t near_bytes;

size_t moves_near(void)
{
	return near_bytes;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

CUdeviceptr range_piece_at(const struct range *range, uint32_t piece)
{
	return range->base + (size_t)piece * range->piece;
}

size_t range_piece_bytes(const struct range *range, uint32_t piece)
{
	size_t from = (size_t)piece * range->piece;

	return range->mapped - from < range->piece ? range->mapped - from : range->piece;
}

/* Where a piece goes: memory of the own card that is made for it, or what it had before. */
static bool find_target(const struct moves *batch, struct move *move)
{
	const struct cuda_real *real = cuda_real();
	CUmemAllocationProp props;

	if (!batch->comes) {
		move->target = move->range->home[move->piece];
		return true;
	}
	if (!cards_take(batch->cards, 0, move->bytes))
		return false;
	cards_props(batch->cards, 0, &props);
	if (real->cuMemCreate(&move->target, move->bytes, &props, 0) == CUDA_SUCCESS)
		return true;
	cards_give(batch->cards, 0, move->bytes);
	return false;
}

static void drop_target(const struct moves *batch, const struct move *move)
{
	if (!batch->comes)
		return;
	cuda_real()->cuMemRelease(move->target);
	cards_give(batch->cards, 0, move->bytes);
}

static void unmap_aside(struct move *move)
{
	cuda_real()->cuMemUnmap(move->aside, move->bytes);
	cuda_real()->cuMemAddressFree(move->aside, move->bytes);
}

/* Maps the target aside, and begins to copy. */
static bool begin_move(const struct moves *batch, struct move *move)
{
	const struct cuda_real *real = cuda_real();

	if (!find_target(batch, move))
		return false;
	if (real->cuMemAddressReserve(&move->aside, move->bytes, 0, 0, 0) != CUDA_SUCCESS) {
		drop_target(batch, move);
		return false;
	}
	if (real->cuMemMap(move->aside, move->bytes, 0, move->target, 0) != CUDA_SUCCESS) {
		real->cuMemAddressFree(move->aside, move->bytes);
		drop_target(batch, move);
		return false;
	}
	if (range_allow(batch->cards, move->aside, move->bytes) == CUDA_SUCCESS &&
	    real->cuMemcpyDtoDAsync_v2(move->aside, range_piece_at(move->range, move->piece),
				       move->bytes, NULL) == CUDA_SUCCESS)
		return true;
	unmap_aside(move);
	drop_target(batch, move);
	return false;
}

void moves_note(struct range *range, uint32_t piece, CUmemGenericAllocationHandle home,
		size_t bytes)
{
	table_lock();
	range->home[piece] = home;
	if (home) {
		range->near += bytes;
		near_bytes += bytes;
	} else {
		range->near -= bytes;
		near_bytes -= bytes;
	}
	table_unlock();
}

/*
 * Maps the target where the piece was. Both places hold the same: if the driver does not map the
 * one, the other stays; if neither, the program's next access of the addresses fails, which is
 * told.
 */
static void end_move(const struct moves *batch, struct move *move)
{
	const struct cuda_real *real = cuda_real();
	CUdeviceptr at = range_piece_at(move->range, move->piece);
	CUmemGenericAllocationHandle before = 0;
	bool moved = false;

	unmap_aside(move);
	if (real->cuMemRetainAllocationHandle(&before, (void *)(uintptr_t)at) != CUDA_SUCCESS) {
		drop_target(batch, move);
		return;
	}
	if (real->cuMemUnmap(at, move->bytes) == CUDA_SUCCESS) {
		moved = real->cuMemMap(at, move->bytes, 0, move->target, 0) == CUDA_SUCCESS;
		if ((!moved && real->cuMemMap(at, move->bytes, 0, before, 0) != CUDA_SUCCESS) ||
		    range_allow(batch->cards, at, move->bytes) != CUDA_SUCCESS)
			say("%zu bytes of pooled memory are lost: the driver does not map them "
			    "again",
			    move->bytes);
	}
	if (moved && batch->comes) {
		/* The mapping alone holds the own card's; the other's is kept. */
		real->cuMemRelease(move->target);
		moves_note(move->range, move->piece, before, move->bytes);
		return;
	}
	real->cuMemRelease(before);
	if (!moved) {
		drop_target(batch, move);
		return;
	}
	real->cuMemRelease(move->target);
	moves_note(move->range, move->piece, 0, move->bytes);
	cards_give(batch->cards, 0, move->bytes);
}

/* Copies what is in the batch and maps it anew. No work is under way. */
void moves_end(struct moves *batch)
{
	bool copied = batch->count && cuda_real()->cuStreamSynchronize(NULL) == CUDA_SUCCESS;

	for (int i = 0; i < batch->count; i++) {
		if (copied) {
			end_move(batch, &batch->moves[i]);
		} else {
			unmap_aside(&batch->moves[i]);
			drop_target(batch, &batch->moves[i]);
		}
	}
	batch->count = 0;
}

bool moves_add(struct moves *batch, struct range *range, uint32_t piece)
{
	struct move *move = &batch->moves[batch->count];

	*move =
	    (struct move){.range = range, .piece = piece, .bytes = range_piece_bytes(range, piece)};
	if (!begin_move(batch, move))
		return false;
	if (++batch->count == MOVES)
		moves_end(batch);
	return true;
}

/* How long a piece takes, copied twice: the first time finds out about the path. It stays where it
 * is. Negative where it cannot be told. */
double moves_time(const struct cards *cards, struct range *range, uint32_t piece)
{
	const struct cuda_real *real = cuda_real();
	struct moves batch = {.cards = cards, .comes = true};
	struct move move = {
	    .range = range, .piece = piece, .bytes = range_piece_bytes(range, piece)};
	double took = -1, began;

	if (!begin_move(&batch, &move))
		return took;
	if (real->cuStreamSynchronize(NULL) == CUDA_SUCCESS) {
		began = now();
		if (real->cuMemcpyDtoDAsync_v2(move.aside, range_piece_at(range, piece), move.bytes,
					       NULL) == CUDA_SUCCESS &&
		    real->cuStreamSynchronize(NULL) == CUDA_SUCCESS)
			took = now() - began;
	}
	unmap_aside(&move);
	drop_target(&batch, &move);
	return took;
}
