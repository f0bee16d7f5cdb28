/* SPDX-License-Identifier: MIT */
/*
 * Ranges that nobody uses: some stay mapped for the next allocation of the same size, so that a
 * program that allocates and frees in turn does not map and unmap each time. Guarded by the pool's
 * lock.
 */
#ifndef MVGAL_CUDA_POOL_SPARE_H
#define MVGAL_CUDA_POOL_SPARE_H

#include "pool_map.h"

/* Keeps a range, or unmaps it. */
void spare_put(const struct cards *cards, struct range *range);

/* One of exactly that size, or NULL. */
struct range *spare_take(size_t mapped);

/* Unmaps all; says whether there was any. */
bool spare_drop(const struct cards *cards);

/* Bytes of a lane, and of all, that they hold. */
size_t spare_held(int lane);
size_t spare_bytes(void);

#endif
