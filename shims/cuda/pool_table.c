/* SPDX-License-Identifier: MIT */
#include "pool_table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "pool_arena.h"

static struct {
	pthread_mutex_t lock;
	/* Sorted by address. */
	struct range **ranges;
	size_t space;
	atomic_size_t count;
	/* Bytes of them that are not the own card's; and where any ever lay. */
	atomic_size_t away;
	_Atomic CUdeviceptr low, high;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER, .low = UINT64_MAX};

void table_lock(void)
{
	pthread_mutex_lock(&table.lock);
}

void table_unlock(void)
{
	pthread_mutex_unlock(&table.lock);
}

/* How many ranges begin at or below the address. */
static size_t upper(CUdeviceptr pointer)
{
	size_t low = 0, high = table.count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (table.ranges[middle]->base <= pointer)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where the range that holds the address is; the count where there is none. */
static size_t index_of(CUdeviceptr pointer)
{
	size_t i = upper(pointer);

	if (i && pointer - table.ranges[i - 1]->base < table.ranges[i - 1]->mapped)
		return i - 1;
	return table.count;
}

bool table_add(struct range *range)
{
	static unsigned long long serial;
	size_t at;

	table_lock();
	if (table.count == table.space) {
		size_t space = table.space ? table.space * 2 : 64;
		struct range **grown = realloc(table.ranges, space * sizeof(*grown));

		if (!grown) {
			table_unlock();
			return false;
		}
		table.ranges = grown;
		table.space = space;
	}
	at = upper(range->base);
	memmove(table.ranges + at + 1, table.ranges + at,
		(table.count - at) * sizeof(*table.ranges));
	table.ranges[at] = range;
	range->serial = ++serial;
	table.count++;
	table.away += range->away;
	if (range->base < table.low)
		table.low = range->base;
	if (range->base + range->mapped > table.high)
		table.high = range->base + range->mapped;
	table_unlock();
	return true;
}

bool table_find(CUdeviceptr pointer, struct pool_block *block)
{
	const struct range *range;
	size_t i, begin = 0;
	bool found = false;

	if (!table.count)
		return false;
	table_lock();
	i = index_of(pointer);
	if (i < table.count) {
		range = table.ranges[i];
		*block = (struct pool_block){range->base, range->asked, range->context,
					     range->serial << 16, range->piece};
		found = true;
		if (range->arena) {
			found =
			    arena_find(range->arena, pointer - range->base, &begin, &block->bytes);
			block->base += begin;
			block->serial |= begin / ARENA_UNIT;
			block->piece = 0;
		}
	}
	table_unlock();
	return found;
}

bool table_has_away(void)
{
	return atomic_load_explicit(&table.away, memory_order_relaxed) != 0;
}

bool table_may_hold(CUdeviceptr pointer)
{
	return pointer >= atomic_load_explicit(&table.low, memory_order_relaxed) &&
	       pointer < atomic_load_explicit(&table.high, memory_order_relaxed);
}

struct range *table_range(CUdeviceptr pointer)
{
	struct range *range = NULL;
	size_t i;

	table_lock();
	i = index_of(pointer);
	if (i < table.count)
		range = table.ranges[i];
	table_unlock();
	return range;
}

size_t table_away(CUdeviceptr pointer, size_t window, unsigned long long now, size_t *looked_at)
{
	size_t i, away = 0;

	*looked_at = 0;
	table_lock();
	i = index_of(pointer);
	if (i < table.count && !table.ranges[i]->arena) {
		struct range *range = table.ranges[i];
		size_t from = pointer - range->base;

		*looked_at = range->mapped - from < window ? range->mapped - from : window;
		range->used = now;
		if (*looked_at == range->mapped) {
			away = range->away - range->near;
		} else {
			for (size_t at = from / range->piece; at * range->piece < from + *looked_at;
			     at++)
				if (range->lanes[at] && !range->home[at])
					away += range->piece;
		}
	}
	table_unlock();
	return away;
}

CUdeviceptr table_take_small(size_t bytes, CUcontext context)
{
	CUdeviceptr pointer = 0;

	table_lock();
	for (size_t i = 0; !pointer && i < table.count; i++) {
		struct range *range = table.ranges[i];
		long begin;

		if (!range->arena || range->context != context)
			continue;
		begin = arena_take(range->arena, bytes);
		if (begin >= 0)
			pointer = range->base + (size_t)begin;
	}
	table_unlock();
	return pointer;
}

static void remove_at(size_t i)
{
	table.count--;
	table.away -= table.ranges[i]->away;
	memmove(table.ranges + i, table.ranges + i + 1, (table.count - i) * sizeof(*table.ranges));
}

bool table_remove(CUdeviceptr base, struct range **emptied)
{
	size_t i, begin, asked;
	bool found = false;

	*emptied = NULL;
	if (!table.count)
		return false;
	table_lock();
	i = index_of(base);
	if (i < table.count) {
		struct range *range = table.ranges[i];

		if (!range->arena)
			found = base == range->base;
		else if (arena_find(range->arena, base - range->base, &begin, &asked))
			found = base == range->base + begin;
		if (found && range->arena)
			arena_give(range->arena, begin);
		if (found && (!range->arena || !range->arena->taken)) {
			remove_at(i);
			*emptied = range;
		}
	}
	table_unlock();
	return found;
}

struct range *table_remove_context(CUcontext context)
{
	struct range *list = NULL;

	table_lock();
	for (size_t i = table.count; i > 0; i--) {
		struct range *range = table.ranges[i - 1];

		if (range->context != context)
			continue;
		remove_at(i - 1);
		range->next = list;
		list = range;
	}
	table_unlock();
	return list;
}
