/* SPDX-License-Identifier: MIT */
/* A set of bytes: intervals in order, with gaps between them. */
#ifndef MVGAL_OPENCL_RANGES_H
#define MVGAL_OPENCL_RANGES_H

#include <stdbool.h>
#include <stddef.h>

struct range {
	size_t start, end; /* end is behind the last */
};

struct ranges {
	struct range *list;
	unsigned int count, room;
};

/* False: no memory, and nothing has changed. */
bool ranges_add(struct ranges *ranges, size_t start, size_t end);
/* Where there is no memory to part an interval, the rest of it goes too: it is not known then. */
bool ranges_remove(struct ranges *ranges, size_t start, size_t end);
bool ranges_has(const struct ranges *ranges, size_t start, size_t end);
/* The first part of [start, end) that is in, or that is not. False: there is none. */
bool ranges_first(const struct ranges *ranges, size_t start, size_t end, struct range *found);
bool ranges_first_gap(const struct ranges *ranges, size_t start, size_t end, struct range *found);
void ranges_free(struct ranges *ranges);

#endif
