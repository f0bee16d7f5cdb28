/* SPDX-License-Identifier: MIT */
/* Ranges of numbers that do not overlap, in order. */
#ifndef MVGAL_CUDA_RANGES_H
#define MVGAL_CUDA_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t from, length;
	void *what;
};

struct ranges {
	struct range *rows;
	size_t count, room;
};

/* Room for one more; no without memory. */
bool ranges_prepare(struct ranges *ranges);

/* Adds one for which there is room. */
void ranges_add(struct ranges *ranges, struct range range);

/* The one that a number lies in; NULL for none. */
struct range *ranges_find(const struct ranges *ranges, uint64_t at);

/* Takes out the first that lies within others from `from` on; no where there is none. */
bool ranges_take_within(struct ranges *ranges, uint64_t from, uint64_t length, struct range *taken);

void ranges_remove(struct ranges *ranges, struct range *range);

#endif
