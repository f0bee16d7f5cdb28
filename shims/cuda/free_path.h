/* SPDX-License-Identifier: MIT */
/*
 * The short way of launches on GPUs without a limit: they are counted, and the driver's function is
 * jumped to. What each thread knows of them is believed for some ms.
 */
#ifndef MVGAL_CUDA_FREE_PATH_H
#define MVGAL_CUDA_FREE_PATH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "real.h"

#define FREE_PATH_STREAMS 4

struct free_path {
	/* So many launches pass without a look at the time, if they are free. */
	uint32_t left;
	/* All are, whatever their stream and context: no other GPU is there. */
	bool all;
	/* Counts launches on the GPU. */
	_Atomic uint64_t *launches;
	/* The driver's functions. */
	const struct cuda_real *real;
	/* Streams and a context of a GPU without a limit, and since when that is known. */
	CUstream streams[FREE_PATH_STREAMS];
	CUcontext context;
	uint64_t from;
	/* When the time was last looked at. */
	uint64_t looked;
	/* Counts where there is no page. */
	_Atomic uint64_t nowhere;
};

/* In the thread's static block, for which there is room: the shim is there when the program starts.
 */
extern _Thread_local
    __attribute__((tls_model("initial-exec"), visibility("hidden"))) struct free_path free_path;

static inline bool free_path_is_default(CUstream stream)
{
	return stream == CU_STREAM_LEGACY || stream == CU_STREAM_PER_THREAD;
}

/* A launch is made: where `left`, and `all` or its stream is of them. */
static inline void free_path_pass(void)
{
	free_path.left--;
	atomic_fetch_add_explicit(free_path.launches, 1, memory_order_relaxed);
}

/* Whether a launch into that stream is free; it is counted then. */
bool free_path_passes(CUstream stream);

/* There is no limit on a GPU, to which the stream belongs, unless it is a default one, and the
 * context. `row` is the GPU's in the session. */
void free_path_set(uint32_t row, CUstream stream, CUcontext context);

/* In a child after fork. */
void free_path_forget(void);

#endif
