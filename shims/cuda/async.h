/* SPDX-License-Identifier: MIT */
/*
 * Memory of the driver's pools, from which streams allocate: a pool is charged for what it has of
 * the GPU, used or not. It grows when something is allocated; it shrinks by itself, at
 * synchronisations, which shows when it is looked at next.
 */
#ifndef MVGAL_CUDA_ASYNC_H
#define MVGAL_CUDA_ASYNC_H

#include "devices.h"

struct async_pool;

/* Charges what the pools of a GPU have now; does nothing while a thread allocates from one. */
void async_settle(const struct device *device);

/* Memory of a pool was freed. */
void async_freed(struct async_pool *pool, uint64_t bytes);

void async_after_fork(void);

#endif
