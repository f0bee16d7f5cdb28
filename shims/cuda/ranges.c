/* SPDX-License-Identifier: MIT */
#include "ranges.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_ROOM 64

bool ranges_prepare(struct ranges *ranges)
{
	size_t room = ranges->room ? 2 * ranges->room : LEAST_ROOM;
	struct range *rows;

	if (ranges->count < ranges->room)
		return true;
	rows = realloc(ranges->rows, room * sizeof(*rows));
	if (!rows)
		return false;
	ranges->rows = rows;
	ranges->room = room;
	return true;
}

/* How many begin below a number. */
static size_t below(const struct ranges *ranges, uint64_t at)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->rows[middle].from < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void ranges_add(struct ranges *ranges, struct range range)
{
	size_t i = below(ranges, range.from);

	memmove(&ranges->rows[i + 1], &ranges->rows[i], (ranges->count - i) * sizeof(range));
	ranges->rows[i] = range;
	ranges->count++;
}

struct range *ranges_find(const struct ranges *ranges, uint64_t at)
{
	size_t i = below(ranges, at);

	if (i < ranges->count && ranges->rows[i].from == at)
		return &ranges->rows[i];
	if (i > 0 && at - ranges->rows[i - 1].from < ranges->rows[i - 1].length)
		return &ranges->rows[i - 1];
	return NULL;
}

void ranges_remove(struct ranges *ranges, struct range *range)
{
	size_t i = (size_t)(range - ranges->rows);

	ranges->count--;
	memmove(range, range + 1, (ranges->count - i) * sizeof(*range));
}

bool ranges_take_within(struct ranges *ranges, uint64_t from, uint64_t length, struct range *taken)
{
	size_t i = below(ranges, from);

	if (i >= ranges->count || ranges->rows[i].from - from >= length)
		return false;
	*taken = ranges->rows[i];
	ranges_remove(ranges, &ranges->rows[i]);
	return true;
}
