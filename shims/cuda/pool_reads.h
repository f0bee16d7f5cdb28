/* SPDX-License-Identifier: MIT */
/*
 * Which kernels read pooled memory again and again.
 *
 * What a launch refers to is what its parameters point to, as far as the driver tells these apart
 * (CUDA 12.4 on); descriptors of tensors begin with the address. Where that lies on other cards the
 * launch is timed, and one that took three times as long as it takes to bring all of it once is
 * worth bringing it (pool_near.h): from the next launch of the same on, if that has proved right.
 */
#ifndef MVGAL_CUDA_POOL_READS_H
#define MVGAL_CUDA_POOL_READS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

/* What a launch gives from before it to after it. */
struct reads {
	int watch;
	bool entered;
};

struct reads reads_before(CUfunction function, void **parameters, void **extra, uint64_t kind,
			  CUstream stream);

/* For work of which nothing is known. */
struct reads reads_none(void);

void reads_after(struct reads reads, CUstream stream);

/* Its events went with it: another context may have its handle. */
void reads_context_gone(CUcontext context);

#endif
