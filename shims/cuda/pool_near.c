/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pool_near.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "pool_table.h"
#include "real.h"
#include "say.h"

/* What of the own card is kept for them: a 32nd, of cards where that is worth it. */
#define KEPT_PART 32
#define KEPT_LEAST ((size_t)256 << 20)

/* How long to wait for a moment in which nobody gives work. */
#define HOLD_NS 5000000

/* Pieces that are moved together. */
#define BATCH 64

static struct {
	/* Held to read by whoever gives work to the GPU. */
	pthread_rwlock_t work;
	/* Ranges that have such pieces. */
	struct range *first;
	size_t bytes;
} near = {.work = PTHREAD_RWLOCK_INITIALIZER};

/* A piece that changes its place; the new one is mapped aside meanwhile. */
struct move {
	struct range *range;
	uint32_t piece;
	size_t bytes;
	CUmemGenericAllocationHandle target;
	CUdeviceptr aside;
};

struct batch {
	const struct cards *cards;
	struct move moves[BATCH];
	int count;
	/* Whether the pieces come to the own card, or leave it. */
	bool comes;
};

bool near_enter(void)
{
	if (!cards_are_known())
		return false;
	pthread_rwlock_rdlock(&near.work);
	return true;
}

void near_leave(bool entered)
{
	if (entered)
		pthread_rwlock_unlock(&near.work);
}

/* Nobody gives work from now on; no where somebody does all the while, perhaps until this thread is
 * done. */
static bool hold_work(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += HOLD_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return pthread_rwlock_timedwrlock(&near.work, &until) == 0;
}

static size_t share_of(const struct cards *cards)
{
	size_t share = cards->card[0].total / KEPT_PART;

	return cards->count < 2 || share < KEPT_LEAST ? 0 : share;
}

size_t near_kept(const struct cards *cards)
{
	size_t share = share_of(cards);

	return share > near.bytes ? share - near.bytes : 0;
}

size_t near_spare(const struct cards *cards)
{
	size_t share = share_of(cards);

	return near.bytes > share ? near.bytes - share : 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static CUdeviceptr address_of(const struct range *range, uint32_t piece)
{
	return range->base + (size_t)piece * range->piece;
}

static size_t bytes_of(const struct range *range, uint32_t piece)
{
	size_t from = (size_t)piece * range->piece;

	return range->mapped - from < range->piece ? range->mapped - from : range->piece;
}

/* Waits for all work of the contexts that may use a range. */
static bool settle(const struct range *range)
{
	const struct cuda_real *real = cuda_real();
	CUcontext current = NULL, popped;
	CUresult result;

	real->cuCtxGetCurrent(&current);
	if (real->cuCtxSynchronize() != CUDA_SUCCESS)
		return false;
	if (!range->context || range->context == current)
		return true;
	if (real->cuCtxPushCurrent_v2(range->context) != CUDA_SUCCESS)
		return false;
	result = real->cuCtxSynchronize();
	real->cuCtxPopCurrent_v2(&popped);
	return result == CUDA_SUCCESS;
}

/* Where a piece goes: memory of the own card that is made for it, or what it had before. */
static bool find_target(const struct batch *batch, struct move *move)
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

static void drop_target(const struct batch *batch, const struct move *move)
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
static bool begin_move(const struct batch *batch, struct move *move)
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
	    real->cuMemcpyDtoDAsync_v2(move->aside, address_of(move->range, move->piece),
				       move->bytes, NULL) == CUDA_SUCCESS)
		return true;
	unmap_aside(move);
	drop_target(batch, move);
	return false;
}

static void note_change(struct range *range, uint32_t piece, CUmemGenericAllocationHandle home,
			size_t bytes)
{
	table_lock();
	range->home[piece] = home;
	if (home) {
		range->near += bytes;
		near.bytes += bytes;
	} else {
		range->near -= bytes;
		near.bytes -= bytes;
	}
	table_unlock();
}

/*
 * Maps the target where the piece was. Both places hold the same: if the driver does not map the
 * one, the other stays; if neither, the program's next access of the addresses fails, which is
 * told.
 */
static void end_move(const struct batch *batch, struct move *move)
{
	const struct cuda_real *real = cuda_real();
	CUdeviceptr at = address_of(move->range, move->piece);
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
		note_change(move->range, move->piece, before, move->bytes);
		return;
	}
	real->cuMemRelease(before);
	if (!moved) {
		drop_target(batch, move);
		return;
	}
	real->cuMemRelease(move->target);
	note_change(move->range, move->piece, 0, move->bytes);
	cards_give(batch->cards, 0, move->bytes);
}

/* Copies what is in the batch and maps it anew. No work is under way. */
static void end_batch(struct batch *batch)
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

static bool add_move(struct batch *batch, struct range *range, uint32_t piece)
{
	struct move *move = &batch->moves[batch->count];

	*move = (struct move){.range = range, .piece = piece, .bytes = bytes_of(range, piece)};
	if (!begin_move(batch, move))
		return false;
	if (++batch->count == BATCH)
		end_batch(batch);
	return true;
}

static void unlink_range(struct range *range)
{
	struct range **link = &near.first;

	while (*link && *link != range)
		link = &(*link)->next_near;
	if (*link)
		*link = range->next_near;
	range->next_near = NULL;
}

/* With the work held off. */
static size_t send_back(const struct cards *cards, struct range *range, size_t bytes)
{
	struct batch batch = {.cards = cards};
	size_t before = near.bytes;

	for (uint32_t i = 0; i < range->pieces && before - near.bytes < bytes; i++) {
		if (!range->home[i] || !add_move(&batch, range, i))
			continue;
		/* Each counts once it is back. */
		if (batch.count && before - near.bytes + bytes_of(range, i) >= bytes)
			end_batch(&batch);
	}
	end_batch(&batch);
	if (!range->near)
		unlink_range(range);
	return before - near.bytes;
}

/* The range that was used longest ago, but none of those that are wanted. */
static struct range *oldest(const struct near_window *wanted, int count)
{
	struct range *found = NULL;

	for (struct range *range = near.first; range; range = range->next_near) {
		bool is_wanted = false;

		for (int i = 0; i < count && !is_wanted; i++)
			is_wanted = wanted[i].from - range->base < range->mapped;
		if (!is_wanted && (!found || range->used < found->used))
			found = range;
	}
	return found;
}

static size_t shrink(const struct cards *cards, size_t bytes, const struct near_window *wanted,
		     int count)
{
	size_t given = 0, part = 1;
	struct range *range;

	while (given < bytes && part && (range = oldest(wanted, count)) && settle(range)) {
		part = send_back(cards, range, bytes - given);
		given += part;
	}
	return given;
}

size_t near_shrink(const struct cards *cards, size_t bytes)
{
	size_t given;

	if (!near.first || !hold_work())
		return 0;
	given = shrink(cards, bytes, NULL, 0);
	pthread_rwlock_unlock(&near.work);
	return given;
}

/* How long a piece takes, copied twice: the first time finds out about the path. It stays where it
 * is. Negative where it cannot be told. */
static double time_of(const struct cards *cards, struct range *range, uint32_t piece)
{
	const struct cuda_real *real = cuda_real();
	struct batch batch = {.cards = cards, .comes = true};
	struct move move = {.range = range, .piece = piece, .bytes = bytes_of(range, piece)};
	double took = -1, began;

	if (!begin_move(&batch, &move))
		return took;
	if (real->cuStreamSynchronize(NULL) == CUDA_SUCCESS) {
		began = now();
		if (real->cuMemcpyDtoDAsync_v2(move.aside, address_of(range, piece), move.bytes,
					       NULL) == CUDA_SUCCESS &&
		    real->cuStreamSynchronize(NULL) == CUDA_SUCCESS)
			took = now() - began;
	}
	unmap_aside(&move);
	drop_target(&batch, &move);
	return took;
}

/* The next piece of a window that lies elsewhere; no after the last. */
static bool next_away(const struct range *range, const struct near_window *window, uint32_t *piece)
{
	size_t end = window->from - range->base + window->bytes;

	while (*piece < range->pieces && (size_t)*piece * range->piece < end) {
		if (range->lanes[*piece] && !range->home[*piece])
			return true;
		++*piece;
	}
	return false;
}

static uint32_t first_of(const struct range *range, const struct near_window *window)
{
	return (uint32_t)((window->from - range->base) / range->piece);
}

static bool is_worth(const struct cards *cards, const struct near_window *windows, int count,
		     double worth)
{
	size_t away = 0, first = 0;
	struct range *some = NULL;
	uint32_t one = 0;
	double took;

	for (int i = 0; i < count; i++) {
		struct range *range = table_range(windows[i].from);
		uint32_t piece = range ? first_of(range, &windows[i]) : 0;

		for (; range && next_away(range, &windows[i], &piece); piece++) {
			away += bytes_of(range, piece);
			if (some)
				continue;
			some = range;
			one = piece;
			first = bytes_of(range, piece);
		}
	}
	if (!some)
		return false;
	if (cards_own_free(cards) < first)
		shrink(cards, first, windows, count);
	took = time_of(cards, some, one);
	return took >= 0 && took * (double)away / (double)first <= worth;
}

static void bring_window(const struct cards *cards, const struct near_window *windows, int count,
			 const struct near_window *window)
{
	struct range *range = table_range(window->from);
	struct batch batch = {.cards = cards, .comes = true};
	size_t unused = cards_own_free(cards);
	uint32_t piece;
	bool was_near;

	if (!range || !settle(range))
		return;
	was_near = range->near > 0;
	piece = first_of(range, window);
	for (; next_away(range, window, &piece); piece++) {
		size_t bytes = bytes_of(range, piece);

		if (unused < bytes)
			unused += shrink(cards, bytes - unused, windows, count);
		if (unused < bytes || !add_move(&batch, range, piece))
			break;
		unused -= bytes;
	}
	end_batch(&batch);
	if (!was_near && range->near) {
		range->next_near = near.first;
		near.first = range;
	}
}

size_t near_bring(const struct cards *cards, const struct near_window *windows, int count,
		  double worth)
{
	size_t before;

	if (!hold_work())
		return 0;
	before = near.bytes;
	if (cuda_real()->cuCtxSynchronize() == CUDA_SUCCESS &&
	    is_worth(cards, windows, count, worth))
		for (int i = 0; i < count; i++)
			bring_window(cards, windows, count, &windows[i]);
	pthread_rwlock_unlock(&near.work);
	return near.bytes > before ? near.bytes - before : 0;
}

void near_forget(const struct cards *cards, struct range *range)
{
	const struct cuda_real *real = cuda_real();

	if (!range->near)
		return;
	for (uint32_t i = 0; i < range->pieces; i++) {
		CUdeviceptr at = address_of(range, i);
		CUmemGenericAllocationHandle home = range->home[i];
		size_t bytes = bytes_of(range, i);

		if (!home)
			continue;
		if (real->cuMemUnmap(at, bytes) != CUDA_SUCCESS ||
		    real->cuMemMap(at, bytes, 0, home, 0) != CUDA_SUCCESS ||
		    range_allow(cards, at, bytes) != CUDA_SUCCESS)
			say("%zu bytes of pooled memory are lost: the driver does not map them "
			    "again",
			    bytes);
		real->cuMemRelease(home);
		note_change(range, i, 0, bytes);
		cards_give(cards, 0, bytes);
	}
	unlink_range(range);
}
