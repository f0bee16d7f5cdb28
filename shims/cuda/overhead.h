/* SPDX-License-Identifier: MIT */
/* What the driver has of a GPU for this process beside what it asked for: contexts, modules, its
 * own rounding. */
#ifndef MVGAL_CUDA_OVERHEAD_H
#define MVGAL_CUDA_OVERHEAD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Bytes that NVML says this process has of a GPU, by its stable name: 0 where it does not list it.
 * No where NVML does not answer.
 */
bool overhead_usage(const char *id, uint64_t *bytes);

/* In a child after fork: NVML's handles are the parent's. */
void overhead_after_fork(void);

#endif
