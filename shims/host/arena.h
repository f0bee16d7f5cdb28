/* SPDX-License-Identifier: MIT */
/* Three big arrays, each part of which belongs to one member of a team. */
#ifndef MVGAL_HOST_ARENA_H
#define MVGAL_HOST_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "host.h"
#include "kernels.h"

/* What one member works on, and what it found. */
struct arena_part {
	uint64_t offset; /* bytes */
	uint64_t bytes;
	uint64_t b_sum; /* of b's words, by the pattern */
	uint64_t read_sum;
	uint64_t wrong;
} __attribute__((aligned(128))); /* no two members write to one cache line */

struct mvgal_host_arena {
	void *mapping;
	size_t mapping_bytes;
	uint8_t *a, *b, *c;
	uint64_t bytes;
	uint64_t seed;
	uint64_t generation; /* counts the samples: each writes other words */
	uint32_t cpu_count;
	uint32_t *cpus;
	struct arena_part *parts;
};

/* Compares a member's part with what `operation` must have left there; returns the words that
 * differ. */
uint64_t arena_verify(const struct mvgal_host_arena *arena, const struct arena_part *part,
		      uint32_t operation, uint32_t passes);

/* mvgal_host_memory() with kernels of the caller's; the operation must have the store. */
int arena_measure(struct mvgal_host_arena *arena, const struct kernels *kernels, uint32_t operation,
		  uint32_t store, uint32_t passes, struct mvgal_host_sample *sample);

#endif
