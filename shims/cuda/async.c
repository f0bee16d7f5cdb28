/* SPDX-License-Identifier: MIT */
#include "async.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "async_pool.h"

static struct {
	pthread_mutex_t lock;
	struct async_pool *first;
	atomic_bool has_any;
} async = {.lock = PTHREAD_MUTEX_INITIALIZER};

void async_lock(void)
{
	pthread_mutex_lock(&async.lock);
}

void async_unlock(void)
{
	pthread_mutex_unlock(&async.lock);
}

static uint64_t attribute(CUmemoryPool pool, int which)
{
	const struct cuda_real *real = cuda_real();
	uint64_t value = 0;

	if (!real->cuMemPoolGetAttribute ||
	    real->cuMemPoolGetAttribute(pool, which, &value) != CUDA_SUCCESS)
		return 0;
	return value;
}

struct async_pool *async_find(CUmemoryPool pool)
{
	for (struct async_pool *at = async.first; at; at = at->next)
		if (!at->is_destroyed && at->pool == pool)
			return at;
	return NULL;
}

struct async_pool *async_add(CUmemoryPool pool, const struct device *device)
{
	struct async_pool *added = calloc(1, sizeof(*added));

	if (!added)
		return NULL;
	*added = (struct async_pool){.next = async.first, .pool = pool, .device = device};
	async.first = added;
	async.has_any = true;
	return added;
}

static void remove_pool(struct async_pool *pool)
{
	struct async_pool **at = &async.first;

	while (*at && *at != pool)
		at = &(*at)->next;
	if (*at)
		*at = pool->next;
	account_release(pool->device, pool->charged);
	free(pool);
}

bool async_has_room(const struct async_pool *pool, uint64_t bytes)
{
	uint64_t reserved = attribute(pool->pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT);
	uint64_t used = attribute(pool->pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT);

	return reserved <= pool->charged && used <= reserved && bytes <= reserved - used;
}

bool async_charge(struct async_pool *pool, bool must)
{
	uint64_t now;

	/* Of one that is destroyed nothing can be asked. */
	if (!pool->device || pool->is_destroyed)
		return true;
	now = attribute(pool->pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT);
	if (now < pool->charged) {
		account_release(pool->device, pool->charged - now);
	} else if (now > pool->charged && must) {
		account_force(pool->device, now - pool->charged);
	} else if (now > pool->charged) {
		if (!account_reserve(pool->device, now - pool->charged))
			return false;
		account_keep(pool->device, now - pool->charged);
	}
	pool->charged = now;
	return true;
}

void async_charge_all(const struct device *device)
{
	for (struct async_pool *pool = async.first; pool; pool = pool->next)
		if (pool->device == device)
			async_charge(pool, true);
}

void async_settle(const struct device *device)
{
	/* It may be this very thread that has the lock. */
	if (!async.has_any || pthread_mutex_trylock(&async.lock) != 0)
		return;
	async_charge_all(device);
	async_unlock();
}

void async_freed(struct async_pool *pool, uint64_t bytes)
{
	async_lock();
	pool->outstanding -= bytes;
	if (pool->is_destroyed && !pool->outstanding)
		remove_pool(pool);
	else
		async_charge(pool, true);
	async_unlock();
}

void async_destroyed(struct async_pool *pool)
{
	pool->is_destroyed = true;
	if (!pool->outstanding)
		remove_pool(pool);
}

void async_after_fork(void)
{
	async.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	async.first = NULL;
	async.has_any = false;
}
