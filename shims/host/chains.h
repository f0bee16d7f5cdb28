/* SPDX-License-Identifier: MIT */
/* The chains of multiply-adds that one member of a team runs. */
#ifndef MVGAL_HOST_CHAINS_H
#define MVGAL_HOST_CHAINS_H

#include <stddef.h>
#include <stdint.h>

#include "host.h"
#include "kernels.h"

struct chains {
	union {
		float fp32[KERNEL_MAX_CHAINS * KERNEL_MAX_BYTES / sizeof(float)];
		double fp64[KERNEL_MAX_CHAINS * KERNEL_MAX_BYTES / sizeof(double)];
	} state;
	union {
		float fp32[KERNEL_MAX_BYTES / sizeof(float)];
		double fp64[KERNEL_MAX_BYTES / sizeof(double)];
	} constants;
	uint64_t wrong;
} __attribute__((aligned(128)));

/* Puts the first values of every chain and the constants of every lane in place. */
void chains_start(struct chains *chains, const struct kernels *kernels, uint32_t precision,
		  uint64_t seed);

/*
 * Runs one lane of each chain again in scalar code, `iterations` steps from its first value;
 * returns how many end elsewhere than in `chains`.
 */
uint64_t chains_verify(const struct chains *chains, const struct kernels *kernels,
		       uint32_t precision, uint64_t seed, uint64_t iterations);

#endif
