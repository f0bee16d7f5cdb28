/* SPDX-License-Identifier: MIT */
/* The pools that the shim knows, for who allocates from them. All but the lock itself is called
 * under it. */
#ifndef MVGAL_CUDA_ASYNC_POOL_H
#define MVGAL_CUDA_ASYNC_POOL_H

#include <stdbool.h>

#include "account.h"
#include "real.h"

struct async_pool {
	struct async_pool *next;
	CUmemoryPool pool;
	/* NULL for one of host memory. */
	const struct device *device;
	uint64_t charged;
	/* Allocated by the program, and not freed. */
	uint64_t outstanding;
	/* By the program: its memory goes with the last that is outstanding. */
	bool is_destroyed;
};

void async_lock(void);
void async_unlock(void);

struct async_pool *async_find(CUmemoryPool pool);
struct async_pool *async_add(CUmemoryPool pool, const struct device *device);
void async_destroyed(struct async_pool *pool);

/* Whether the pool has as much as that which is not used: then it hardly grows. */
bool async_has_room(const struct async_pool *pool, uint64_t bytes);

/* Charges what the pool has now; says no where that is over a limit, but for what must be. */
bool async_charge(struct async_pool *pool, bool must);
void async_charge_all(const struct device *device);

#endif
