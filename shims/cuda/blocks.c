/* SPDX-License-Identifier: MIT */
#include "blocks.h"

#include <pthread.h>
#include <stdlib.h>

#include "account.h"
#include "ranges.h"

struct block {
	const struct device *device;
	uint64_t bytes;
	uint64_t handles, mappings;
};

static struct {
	pthread_mutex_t lock;
	/* By handle, each a range of one; and by address. */
	struct ranges handles, mappings;
	/* Taken by what is created next. */
	struct block *spare;
} blocks = {.lock = PTHREAD_MUTEX_INITIALIZER};

void blocks_lock(void)
{
	pthread_mutex_lock(&blocks.lock);
	account_busy();
}

void blocks_unlock(void)
{
	account_idle();
	pthread_mutex_unlock(&blocks.lock);
}

bool blocks_prepare(void)
{
	if (!blocks.spare)
		blocks.spare = calloc(1, sizeof(struct block));
	return blocks.spare && ranges_prepare(&blocks.handles) && ranges_prepare(&blocks.mappings);
}

static struct block *block_of(const struct ranges *ranges, uint64_t at)
{
	const struct range *range = ranges_find(ranges, at);

	return range ? range->what : NULL;
}

static void drop_unused(struct block *block)
{
	if (block->handles || block->mappings)
		return;
	account_release(block->device, block->bytes);
	free(block);
}

void blocks_created(CUmemGenericAllocationHandle handle, const struct device *device,
		    uint64_t bytes)
{
	struct block *block = blocks.spare;

	blocks.spare = NULL;
	*block = (struct block){.device = device, .bytes = bytes, .handles = 1};
	ranges_add(&blocks.handles, (struct range){.from = handle, .length = 1, .what = block});
}

void blocks_released(CUmemGenericAllocationHandle handle)
{
	struct range *range = ranges_find(&blocks.handles, handle);
	struct block *block = range ? range->what : NULL;

	if (!block)
		return;
	if (--block->handles == 0)
		ranges_remove(&blocks.handles, range);
	drop_unused(block);
}

void blocks_retained(CUmemGenericAllocationHandle handle, CUdeviceptr address)
{
	struct block *block = block_of(&blocks.mappings, address);

	if (!block)
		return;
	if (block->handles++ == 0)
		ranges_add(&blocks.handles,
			   (struct range){.from = handle, .length = 1, .what = block});
}

bool blocks_imported(CUmemGenericAllocationHandle handle)
{
	struct block *block = block_of(&blocks.handles, handle);

	if (block)
		block->handles++;
	return block != NULL;
}

void blocks_mapped(CUdeviceptr pointer, uint64_t bytes, CUmemGenericAllocationHandle handle)
{
	struct block *block = block_of(&blocks.handles, handle);

	if (!block)
		return;
	block->mappings++;
	ranges_add(&blocks.mappings,
		   (struct range){.from = pointer, .length = bytes, .what = block});
}

void blocks_unmapped(CUdeviceptr pointer, uint64_t bytes)
{
	struct range range;

	while (ranges_take_within(&blocks.mappings, pointer, bytes, &range)) {
		struct block *block = range.what;

		block->mappings--;
		drop_unused(block);
	}
}

/* What a thread that is gone here was at is left as it is. */
void blocks_after_fork(void)
{
	blocks.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	blocks.handles = blocks.mappings = (struct ranges){0};
	blocks.spare = NULL;
}
