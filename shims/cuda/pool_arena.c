/* SPDX-License-Identifier: MIT */
#include "pool_arena.h"

#include <string.h>

long arena_take(struct arena *arena, size_t bytes)
{
	uint32_t units = (uint32_t)((bytes + ARENA_UNIT - 1) / ARENA_UNIT), gap = 0;

	if (!units || units > ARENA_UNITS - arena->taken)
		return -1;
	for (uint32_t i = 0; i < ARENA_UNITS; i++) {
		uint32_t begin = i + 1 - units;

		gap = arena->is_taken[i] ? 0 : gap + 1;
		if (gap < units)
			continue;
		memset(&arena->is_taken[begin], true, units);
		arena->run[begin] = (uint16_t)units;
		arena->asked[begin] = bytes;
		arena->taken += units;
		return (long)begin * ARENA_UNIT;
	}
	return -1;
}

bool arena_find(const struct arena *arena, size_t offset, size_t *begin, size_t *asked)
{
	size_t unit = offset / ARENA_UNIT;

	if (unit >= ARENA_UNITS || !arena->is_taken[unit])
		return false;
	while (!arena->run[unit])
		unit--;
	*begin = unit * ARENA_UNIT;
	*asked = arena->asked[unit];
	return true;
}

void arena_give(struct arena *arena, size_t begin)
{
	size_t unit = begin / ARENA_UNIT;

	memset(&arena->is_taken[unit], false, arena->run[unit]);
	arena->taken -= arena->run[unit];
	arena->run[unit] = 0;
}
