/* SPDX-License-Identifier: MIT */
/* Small allocations within one piece of memory: which of its units are whose. */
#ifndef MVGAL_CUDA_POOL_ARENA_H
#define MVGAL_CUDA_POOL_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARENA_UNITS 512
#define ARENA_UNIT 4096
#define ARENA_BYTES ((size_t)ARENA_UNITS * ARENA_UNIT)

/* The largest allocation that is a small one. */
#define ARENA_MOST (ARENA_BYTES / 2)

struct arena {
	/* By unit: whether it is taken; of the first of a block, how many it has and what was asked
	 * for. */
	bool is_taken[ARENA_UNITS];
	uint16_t run[ARENA_UNITS];
	size_t asked[ARENA_UNITS];
	uint32_t taken;
};

/* Where in the memory the block begins; -1 where there is no such gap. */
long arena_take(struct arena *arena, size_t bytes);

/* The block that holds that offset; false where none does. */
bool arena_find(const struct arena *arena, size_t offset, size_t *begin, size_t *asked);

void arena_give(struct arena *arena, size_t begin);

#endif
