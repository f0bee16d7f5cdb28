/* SPDX-License-Identifier: MIT */
#include "ranges.h"

#include <stdlib.h>
#include <string.h>

/* The first interval that ends behind `at`. */
static unsigned int find(const struct ranges *ranges, size_t at)
{
	unsigned int low = 0, high = ranges->count;

	while (low < high) {
		const unsigned int middle = low + (high - low) / 2;

		if (ranges->list[middle].end > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool grow(struct ranges *ranges)
{
	const unsigned int room = ranges->room ? ranges->room * 2 : 4;
	struct range *list;

	if (ranges->count < ranges->room)
		return true;
	list = realloc(ranges->list, room * sizeof(*list));
	if (!list)
		return false;
	ranges->list = list;
	ranges->room = room;
	return true;
}

/* Puts `by` intervals in the place of `from` at `index`, which have their room. */
static void shift(struct ranges *ranges, unsigned int index, unsigned int from, unsigned int by)
{
	memmove(ranges->list + index + by, ranges->list + index + from,
		(ranges->count - index - from) * sizeof(*ranges->list));
	ranges->count += by - from;
}

bool ranges_add(struct ranges *ranges, size_t start, size_t end)
{
	unsigned int first, last;

	if (start >= end)
		return true;
	if (!grow(ranges))
		return false;
	/* Also those that only touch it. */
	first = find(ranges, start ? start - 1 : 0);
	for (last = first; last < ranges->count && ranges->list[last].start <= end; last++) {
		if (ranges->list[last].start < start)
			start = ranges->list[last].start;
		if (ranges->list[last].end > end)
			end = ranges->list[last].end;
	}
	shift(ranges, first, last - first, 1);
	ranges->list[first] = (struct range){start, end};
	return true;
}

bool ranges_remove(struct ranges *ranges, size_t start, size_t end)
{
	unsigned int first, last;
	struct range before, after;

	if (start >= end || !ranges->count)
		return true;
	first = find(ranges, start);
	for (last = first; last < ranges->count && ranges->list[last].start < end; last++)
		continue;
	if (first == last)
		return true;
	before = (struct range){ranges->list[first].start, start};
	after = (struct range){end, ranges->list[last - 1].end};
	/* One that is cut in the middle is two. */
	if (last - first == 1 && before.start < before.end && after.start < after.end &&
	    !grow(ranges)) {
		ranges->list[first].end = start;
		return false;
	}
	shift(ranges, first, last - first, (before.start < before.end) + (after.start < after.end));
	if (before.start < before.end)
		ranges->list[first++] = before;
	if (after.start < after.end)
		ranges->list[first] = after;
	return true;
}

bool ranges_first(const struct ranges *ranges, size_t start, size_t end, struct range *found)
{
	const unsigned int index = find(ranges, start);

	if (start >= end || index == ranges->count || ranges->list[index].start >= end)
		return false;
	*found = ranges->list[index];
	if (found->start < start)
		found->start = start;
	if (found->end > end)
		found->end = end;
	return true;
}

bool ranges_first_gap(const struct ranges *ranges, size_t start, size_t end, struct range *found)
{
	const unsigned int index = find(ranges, start);

	if (start >= end)
		return false;
	if (index < ranges->count && ranges->list[index].start <= start) {
		/* Intervals do not touch: behind one there is a gap. */
		start = ranges->list[index].end;
		if (start >= end)
			return false;
		*found = (struct range){start, end};
		if (index + 1 < ranges->count && ranges->list[index + 1].start < end)
			found->end = ranges->list[index + 1].start;
		return true;
	}
	*found = (struct range){start, end};
	if (index < ranges->count && ranges->list[index].start < end)
		found->end = ranges->list[index].start;
	return true;
}

bool ranges_has(const struct ranges *ranges, size_t start, size_t end)
{
	struct range gap;

	return !ranges_first_gap(ranges, start, end, &gap);
}

void ranges_free(struct ranges *ranges)
{
	free(ranges->list);
	*ranges = (struct ranges){0};
}
