/* SPDX-License-Identifier: MIT */
#include "pool_spare.h"

#include <stdlib.h>

#include "pool_arena.h"
#include "pool_near.h"

#define MOST_RANGES 16
#define MOST_BYTES ((size_t)1 << 30)

/* Guarded by the pool's lock. The newest first. */
static struct {
	struct range *first;
	int count;
	size_t bytes;
} spare;

static void unlink_at(struct range **link)
{
	struct range *range = *link;

	*link = range->next;
	range->next = NULL;
	spare.count--;
	spare.bytes -= range->mapped;
}

void spare_put(const struct cards *cards, struct range *range)
{
	near_forget(cards, range);
	free(range->arena);
	range->arena = NULL;
	if (range->mapped > MOST_BYTES) {
		range_unmap(cards, range);
		return;
	}
	/* The oldest go. */
	while (spare.count == MOST_RANGES || spare.bytes + range->mapped > MOST_BYTES) {
		struct range **link = &spare.first, *oldest;

		while ((*link)->next)
			link = &(*link)->next;
		oldest = *link;
		unlink_at(link);
		range_unmap(cards, oldest);
	}
	range->next = spare.first;
	spare.first = range;
	spare.count++;
	spare.bytes += range->mapped;
}

struct range *spare_take(size_t mapped)
{
	for (struct range **link = &spare.first; *link; link = &(*link)->next) {
		struct range *range = *link;

		if (range->mapped != mapped)
			continue;
		unlink_at(link);
		return range;
	}
	return NULL;
}

bool spare_drop(const struct cards *cards)
{
	bool any = spare.first != NULL;

	while (spare.first) {
		struct range *range = spare.first;

		unlink_at(&spare.first);
		range_unmap(cards, range);
	}
	return any;
}

size_t spare_held(int lane)
{
	size_t bytes = 0;

	for (const struct range *range = spare.first; range; range = range->next)
		bytes += range->lane[lane];
	return bytes;
}

size_t spare_bytes(void)
{
	return spare.bytes;
}
