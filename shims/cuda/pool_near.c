/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pool_near.h"

#include <pthread.h>
#include <time.h>

#include "pool_move.h"
#include "pool_table.h"
#include "real.h"
#include "say.h"

/* What of the own card is kept for them: a 32nd, of cards where that is worth it. */
#define KEPT_PART 32
#define KEPT_LEAST ((size_t)256 << 20)

/* How long to wait for a moment in which nobody gives work. */
#define HOLD_NS 5000000

static struct {
	/* Held to read by whoever gives work to the GPU. */
	pthread_rwlock_t work;
	/* Ranges that have such pieces. */
	struct range *first;
} near = {.work = PTHREAD_RWLOCK_INITIALIZER};

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

	return share > moves_near() ? share - moves_near() : 0;
}

size_t near_spare(const struct cards *cards)
{
	size_t share = share_of(cards);

	return moves_near() > share ? moves_near() - share : 0;
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
	struct moves batch = {.cards = cards};
	size_t before = moves_near();

	for (uint32_t i = 0; i < range->pieces && before - moves_near() < bytes; i++) {
		if (!range->home[i] || !moves_add(&batch, range, i))
			continue;
		/* Each counts once it is back. */
		if (batch.count && before - moves_near() + range_piece_bytes(range, i) >= bytes)
			moves_end(&batch);
	}
	moves_end(&batch);
	if (!range->near)
		unlink_range(range);
	return before - moves_near();
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
			away += range_piece_bytes(range, piece);
			if (some)
				continue;
			some = range;
			one = piece;
			first = range_piece_bytes(range, piece);
		}
	}
	if (!some)
		return false;
	if (cards_own_free(cards) < first)
		shrink(cards, first, windows, count);
	took = moves_time(cards, some, one);
	return took >= 0 && took * (double)away / (double)first <= worth;
}

static void bring_window(const struct cards *cards, const struct near_window *windows, int count,
			 const struct near_window *window)
{
	struct range *range = table_range(window->from);
	struct moves batch = {.cards = cards, .comes = true};
	size_t unused = cards_own_free(cards);
	uint32_t piece;
	bool was_near;

	if (!range || !settle(range))
		return;
	was_near = range->near > 0;
	piece = first_of(range, window);
	for (; next_away(range, window, &piece); piece++) {
		size_t bytes = range_piece_bytes(range, piece);

		if (unused < bytes)
			unused += shrink(cards, bytes - unused, windows, count);
		if (unused < bytes || !moves_add(&batch, range, piece))
			break;
		unused -= bytes;
	}
	moves_end(&batch);
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
	before = moves_near();
	if (cuda_real()->cuCtxSynchronize() == CUDA_SUCCESS &&
	    is_worth(cards, windows, count, worth))
		for (int i = 0; i < count; i++)
			bring_window(cards, windows, count, &windows[i]);
	pthread_rwlock_unlock(&near.work);
	return moves_near() > before ? moves_near() - before : 0;
}

void near_forget(const struct cards *cards, struct range *range)
{
	const struct cuda_real *real = cuda_real();

	if (!range->near)
		return;
	for (uint32_t i = 0; i < range->pieces; i++) {
		CUdeviceptr at = range_piece_at(range, i);
		CUmemGenericAllocationHandle home = range->home[i];
		size_t bytes = range_piece_bytes(range, i);

		if (!home)
			continue;
		if (real->cuMemUnmap(at, bytes) != CUDA_SUCCESS ||
		    real->cuMemMap(at, bytes, 0, home, 0) != CUDA_SUCCESS ||
		    range_allow(cards, at, bytes) != CUDA_SUCCESS)
			say("%zu bytes of pooled memory are lost: the driver does not map them "
			    "again",
			    bytes);
		real->cuMemRelease(home);
		moves_note(range, i, 0, bytes);
		cards_give(cards, 0, bytes);
	}
	unlink_range(range);
}
