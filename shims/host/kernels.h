/* SPDX-License-Identifier: MIT */
/* The inner loops, one set an instruction set. */
#ifndef MVGAL_HOST_KERNELS_H
#define MVGAL_HOST_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Arrays are aligned to, and their sizes multiples of, this many bytes. */
#define KERNEL_GRANULE 4096

/* The widest vector, and the most chains, of any instruction set. */
#define KERNEL_MAX_BYTES 64
#define KERNEL_MAX_CHAINS 24

/* The indices of `write`, `copy` and `triad` are enum mvgal_host_store; NULL where there is no
 * such. */
struct kernels {
	size_t vector_bytes;
	uint64_t (*read)(const void *b, size_t bytes);
	void (*write[2])(void *a, size_t bytes, uint64_t word);
	void (*copy[2])(void *a, const void *b, size_t bytes);
	void (*triad[2])(void *a, const void *b, const void *c, size_t bytes);

	/*
	 * Independent chains of multiply-adds. Each instruction set has a step x -> f(x, c) that is
	 * one instruction there and that no compiler can fold with the next one, and chains enough
	 * to cover its latency on all units. `state` holds a vector for each chain, `constants` one
	 * vector.
	 */
	uint32_t chains;
	void (*fma_fp32)(float *state, const float *constants, uint64_t iterations);
	void (*fma_fp64)(double *state, const double *constants, uint64_t iterations);

	/* The same recurrence on one number for each chain, with one constant for each chain. */
	void (*scalar_fp32)(float *state, const float *constants, uint64_t iterations);
	void (*scalar_fp64)(double *state, const double *constants, uint64_t iterations);
};

/* The kernels of an enum mvgal_host_isa, or NULL where this processor has no such instructions. */
const struct kernels *kernels_for(uint32_t isa);

#endif
