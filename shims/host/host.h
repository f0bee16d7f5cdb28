/* SPDX-License-Identifier: MIT */
/*
 * libmvgal_host.so: measures the host's own processors and memory.
 *
 * Every call that measures starts one thread on each CPU of its list, pins it there, takes one
 * sample, checks the results, and joins the threads before it returns. Nothing else is kept between
 * calls but an arena. Time is CLOCK_MONOTONIC_RAW, from the moment at which all threads are ready
 * to the moment at which the last is done. What to measure, how often, and what the samples say is
 * up to the caller.
 *
 * Functions that can fail return 0 or a negative errno value.
 */
#ifndef MVGAL_HOST_H
#define MVGAL_HOST_H

#include <stdint.h>

#define MVGAL_HOST_ABI 1
#define MVGAL_HOST_API __attribute__((visibility("default")))

/* Instruction sets for which there are kernels. */
enum mvgal_host_isa {
	MVGAL_HOST_ISA_SSE2 = 0,   /* x86-64's baseline: no fused multiply-add */
	MVGAL_HOST_ISA_AVX2 = 1,   /* AVX2 and FMA3 */
	MVGAL_HOST_ISA_AVX512 = 2, /* AVX-512F */
	MVGAL_HOST_ISA_NEON = 3,   /* AArch64's baseline */
	MVGAL_HOST_ISA_COUNT
};

/* What one pass does to the arena's arrays a, b and c of `bytes` bytes each. */
enum mvgal_host_operation {
	MVGAL_HOST_READ = 0,  /* sum of b's 64-bit words:  1 x bytes */
	MVGAL_HOST_WRITE = 1, /* a[i] = constant:          1 x bytes */
	MVGAL_HOST_COPY = 2,  /* a[i] = b[i]:              2 x bytes */
	MVGAL_HOST_TRIAD = 3, /* a[i] = b[i] + s * c[i]:   3 x bytes, fp64 */
	MVGAL_HOST_OPERATION_COUNT
};

/* How a pass stores. Operations that store nothing take MVGAL_HOST_CACHED. */
enum mvgal_host_store {
	MVGAL_HOST_CACHED = 0,	  /* ordinary stores */
	MVGAL_HOST_STREAMING = 1, /* non-temporal stores, past the caches */
	MVGAL_HOST_LIBC = 2,	  /* memcpy(3) of the C library: MVGAL_HOST_COPY alone */
	MVGAL_HOST_STORE_COUNT
};

enum mvgal_host_precision { MVGAL_HOST_FP32 = 0, MVGAL_HOST_FP64 = 1, MVGAL_HOST_PRECISION_COUNT };

/* One sample. */
struct mvgal_host_sample {
	uint64_t nanoseconds;
	uint64_t work; /* bytes that the operation's definition moves; floating-point operations; or
			  clock cycles */
	uint64_t checked; /* results compared with what they must be */
	uint64_t wrong;	  /* of these, how many differ */
};

struct mvgal_host_arena;

/* The version of this interface: MVGAL_HOST_ABI of the library that is loaded. */
MVGAL_HOST_API uint32_t mvgal_host_abi(void);

/* The instruction sets that this processor and its kernel offer: bit n is enum mvgal_host_isa n. */
MVGAL_HOST_API uint32_t mvgal_host_instruction_sets(void);

/*
 * Maps three arrays of `bytes` bytes (a multiple of 4096), each part first touched by the thread
 * that will work on it, and fills them with pseudo-random numbers made from `seed`.
 *
 * cpus:  the kernel's numbers of the CPUs to use, one thread each; copied.
 * error: 0 or a negative errno value.
 *
 * Returns NULL on failure.
 */
MVGAL_HOST_API struct mvgal_host_arena *mvgal_host_arena_create(uint64_t bytes,
								const uint32_t *cpus,
								uint32_t cpu_count, uint64_t seed,
								int32_t *error);

MVGAL_HOST_API void mvgal_host_arena_destroy(struct mvgal_host_arena *arena);

/* Makes `passes` passes of one operation over the arena, and checks every word of the result. */
MVGAL_HOST_API int32_t mvgal_host_memory(struct mvgal_host_arena *arena, uint32_t isa,
					 uint32_t operation, uint32_t store, uint32_t passes,
					 struct mvgal_host_sample *sample);

/*
 * Runs independent chains of multiply-adds, `iterations` steps each, in registers on every CPU. One
 * lane of each chain, another in each call of another seed, is compared with the same recurrence in
 * scalar code. Where the instruction set has no fused multiply-add, a step is a multiplication and
 * an addition.
 */
MVGAL_HOST_API int32_t mvgal_host_fma(const uint32_t *cpus, uint32_t cpu_count, uint32_t isa,
				      uint32_t precision, uint64_t iterations, uint64_t seed,
				      struct mvgal_host_sample *sample);

/*
 * Runs a chain of `cycles` dependent integer additions, one a clock cycle, on every CPU at once:
 * the rate is the clock of the slowest.
 */
MVGAL_HOST_API int32_t mvgal_host_clock(const uint32_t *cpus, uint32_t cpu_count, uint64_t cycles,
					struct mvgal_host_sample *sample);

#endif
