/*
 * Memory pools. A pool takes memory of its device in chunks and gives it back when a chunk is
 * unused, its last use is over, something was synchronised, and more than the threshold is
 * reserved.
 */
#include "driver.h"
#include <stdlib.h>
#include <string.h>

enum { UNIT = 512, GIVEN_BACK_IN = 2 << 20 };

/* A stretch of a chunk, used or free. */
struct part {
	struct part *next;
	uint64_t at, size;
	bool used;
	struct point freed; /* when the memory may be used again */
};

struct chunk {
	struct chunk *next;
	uint64_t va, size;
	struct part *parts;
};

struct pool {
	int device;
	bool own; /* the device's default: it cannot be destroyed */
	uint64_t threshold, reserved, reserved_high, used, used_high;
	uint32_t read, write; /* peers with access */
	struct chunk *chunks;
};

static CUmemoryPool defaults[MAX_DEVICES], chosen[MAX_DEVICES];

static CUmemoryPool make(int device)
{
	CUmemoryPool pool = object_new(POOL, sizeof(*pool));

	pool->device = device;
	pool->read = pool->write = 1u << device;
	return pool;
}

static CUmemoryPool default_of(int device)
{
	if (!defaults[device]) {
		defaults[device] = make(device);
		defaults[device]->own = true;
	}
	return defaults[device];
}

static bool chunk_free(const struct chunk *chunk)
{
	return !chunk->parts->next && !chunk->parts->used && point_reached(chunk->parts->freed);
}

static void end_chunk(struct pool *pool, struct chunk **link)
{
	struct chunk *chunk = *link;
	struct piece *piece = piece_at(chunk->va);

	*link = chunk->next;
	pool->reserved -= chunk->size;
	extent_unmap(piece->extent, piece->bytes);
	space_release(piece->va, piece->size);
	piece_remove(piece);
	free(chunk->parts);
	free(chunk);
}

static void trim(struct pool *pool, uint64_t keep)
{
	for (struct chunk **link = &pool->chunks; *link && pool->reserved > keep;)
		if (chunk_free(*link) && pool->reserved - (*link)->size >= keep)
			end_chunk(pool, link);
		else
			link = &(*link)->next;
}

static void settle_one(void *object, void *device)
{
	struct pool *pool = object;

	if (pool->device == *(int *)device)
		trim(pool, pool->threshold);
}

void pool_settle(int device)
{
	objects_of(POOL, settle_one, &device);
}

static bool grow(struct pool *pool, uint64_t size)
{
	struct piece piece = {.place = pool->device,
			      .vmm = true,
			      .size = size,
			      .read = pool->read,
			      .write = pool->write};
	struct chunk *chunk;

	fake_lock();
	piece.extent = extent_new(pool->device, size);
	fake_unlock();
	if (piece.extent < 0)
		return false;
	piece.va = space_reserve(size, GIVEN_BACK_IN, 0);
	piece.bytes = extent_map(piece.extent);
	chunk = calloc(1, sizeof(*chunk));
	if (!chunk || !piece.va || !piece.bytes)
		abort();
	piece_add(piece);
	*chunk = (struct chunk){pool->chunks, piece.va, size, calloc(1, sizeof(struct part))};
	if (!chunk->parts)
		abort();
	*chunk->parts = (struct part){NULL, piece.va, size, false, {pool->device, 0}};
	pool->chunks = chunk;
	pool->reserved += size;
	if (pool->reserved > pool->reserved_high)
		pool->reserved_high = pool->reserved;
	return true;
}

static struct part *find_part(struct pool *pool, uint64_t size)
{
	for (struct chunk *chunk = pool->chunks; chunk; chunk = chunk->next)
		for (struct part *part = chunk->parts; part; part = part->next)
			if (!part->used && part->size >= size)
				return part;
	return NULL;
}

/* On the stream: after what freed the memory before, which the order of the device's work sees to.
 */
static CUresult allocate(struct stream *stream, struct pool *pool, uint64_t size, CUdeviceptr *out)
{
	uint64_t wanted = (size + UNIT - 1) / UNIT * UNIT;
	uint64_t least = (wanted + GIVEN_BACK_IN - 1) / GIVEN_BACK_IN * GIVEN_BACK_IN;
	struct part *part;

	if (!size || !out)
		return CUDA_ERROR_INVALID_VALUE;
	if (size > UINT64_MAX / 2)
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (stream->capture)
		return CUDA_ERROR_NOT_SUPPORTED; /* nodes that allocate: this driver has none */
	if (capture_implicit(stream))
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	part = find_part(pool, wanted);
	if (!part) {
		if (!(least < described.pool_chunk && grow(pool, described.pool_chunk)) &&
		    !grow(pool, least)) {
			trim(pool, 0);
			if (!grow(pool, least))
				return CUDA_ERROR_OUT_OF_MEMORY;
		}
		part = find_part(pool, wanted);
	}
	if (part->size > wanted) {
		struct part *rest = malloc(sizeof(*rest));

		if (!rest)
			abort();
		*rest = (struct part){part->next, part->at + wanted, part->size - wanted, false,
				      part->freed};
		part->next = rest;
		part->size = wanted;
	}
	part->used = true;
	pool->used += wanted;
	if (pool->used > pool->used_high)
		pool->used_high = pool->used;
	block_add((struct block){.va = part->at,
				 .size = size,
				 .reserved = wanted,
				 .kind = POOL_BLOCK,
				 .context = stream->context,
				 .device = pool->device,
				 .pool = pool,
				 .id = next_id()});
	*out = part->at;
	return 0;
}

static void merge(struct chunk *chunk)
{
	for (struct part *part = chunk->parts; part->next;) {
		struct part *next = part->next;

		if (part->used || next->used) {
			part = next;
			continue;
		}
		if (next->freed.level > part->freed.level)
			part->freed = next->freed;
		part->size += next->size;
		part->next = next->next;
		free(next);
	}
}

/* Without a stream the memory is no longer in use. */
CUresult pool_free(struct block *block, CUstream stream)
{
	struct pool *pool = block->pool;
	struct point when = {pool->device, 0};

	if (stream && stream->context->device == pool->device)
		when = stream_tail(stream);
	else if (stream)
		wait_point(stream_tail(stream));
	for (struct chunk *chunk = pool->chunks; chunk; chunk = chunk->next)
		for (struct part *part = chunk->parts; part; part = part->next)
			if (part->at == block->va) {
				part->used = false;
				part->freed = when;
				pool->used -= part->size;
				block_remove(block);
				merge(chunk);
				return 0;
			}
	return CUDA_ERROR_INVALID_VALUE;
}

static CUresult free_async(struct stream *stream, CUdeviceptr va)
{
	struct block *block = block_exact(va);

	if (stream->capture)
		return CUDA_ERROR_NOT_SUPPORTED;
	if (!block)
		return CUDA_ERROR_INVALID_VALUE;
	return block->kind == POOL_BLOCK ? pool_free(block, stream) : memory_free(va);
}

static CUmemoryPool current(int device)
{
	return object_is(chosen[device], POOL) ? chosen[device] : default_of(device);
}

#define ASYNC(NAME, PARAMETERS, PER_THREAD, BODY)                                                  \
	EXPORT CUresult NAME PARAMETERS                                                            \
	{                                                                                          \
		struct stream *of;                                                                 \
		CURRENT(context);                                                                  \
		early_ = stream_of(context, stream, PER_THREAD, &of);                              \
		if (early_)                                                                        \
			return early_;                                                             \
		return BODY;                                                                       \
	}

#define FROM_POOL object_is(pool, POOL) ? allocate(of, pool, size, out) : CUDA_ERROR_INVALID_VALUE

ASYNC(cuMemAllocAsync, (CUdeviceptr * out, size_t size, CUstream stream), false,
      allocate(of, current(of->context->device), size, out))
ASYNC(cuMemAllocAsync_ptsz, (CUdeviceptr * out, size_t size, CUstream stream), true,
      allocate(of, current(of->context->device), size, out))
ASYNC(cuMemAllocFromPoolAsync, (CUdeviceptr * out, size_t size, CUmemoryPool pool, CUstream stream),
      false, FROM_POOL)
ASYNC(cuMemAllocFromPoolAsync_ptsz,
      (CUdeviceptr * out, size_t size, CUmemoryPool pool, CUstream stream), true, FROM_POOL)
ASYNC(cuMemFreeAsync, (CUdeviceptr va, CUstream stream), false, free_async(of, va))
ASYNC(cuMemFreeAsync_ptsz, (CUdeviceptr va, CUstream stream), true, free_async(of, va))

EXPORT CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *out, CUdevice device)
{
	DEVICE(device);
	*out = default_of(device);
	return 0;
}

EXPORT CUresult cuDeviceGetMemPool(CUmemoryPool *out, CUdevice device)
{
	DEVICE(device);
	*out = current(device);
	return 0;
}

EXPORT CUresult cuDeviceSetMemPool(CUdevice device, CUmemoryPool pool)
{
	DEVICE(device);
	if (!object_is(pool, POOL) || pool->device != device)
		return CUDA_ERROR_INVALID_VALUE;
	chosen[device] = pool;
	return 0;
}

EXPORT CUresult cuMemPoolCreate(CUmemoryPool *out, const CUmemPoolProps *props)
{
	INITIALISED();
	if (!out || !props || props->type != 1 || props->location.type != 1 ||
	    !is_device(props->location.id))
		return CUDA_ERROR_INVALID_VALUE;
	*out = make(visible[props->location.id]);
	return 0;
}

EXPORT CUresult cuMemPoolDestroy(CUmemoryPool pool)
{
	INITIALISED();
	if (!object_is(pool, POOL) || pool->own)
		return CUDA_ERROR_INVALID_VALUE;
	if (context_valid(context_primary(pool->device)))
		wait_context(context_primary(pool->device));
	for (size_t i = block_count; i-- > 0;)
		if (blocks[i].kind == POOL_BLOCK && blocks[i].pool == pool)
			pool_free(&blocks[i], NULL);
	trim(pool, 0);
	object_end(pool);
	return 0;
}

EXPORT CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t keep)
{
	INITIALISED();
	if (!object_is(pool, POOL))
		return CUDA_ERROR_INVALID_VALUE;
	trim(pool, keep);
	return 0;
}

enum { REUSE_LAST = 3, THRESHOLD = 4, RESERVED, RESERVED_HIGH, USED, USED_HIGH };

EXPORT CUresult cuMemPoolGetAttribute(CUmemoryPool pool, int which, void *out)
{
	INITIALISED();
	if (!object_is(pool, POOL) || !out || which < 1 || which > USED_HIGH)
		return CUDA_ERROR_INVALID_VALUE;
	if (which <= REUSE_LAST)
		*(int *)out = 1;
	else
		*(uint64_t *)out = which == THRESHOLD	    ? pool->threshold
				   : which == RESERVED	    ? pool->reserved
				   : which == RESERVED_HIGH ? pool->reserved_high
				   : which == USED	    ? pool->used
							    : pool->used_high;
	return 0;
}

/* The high marks can only be set back. */
EXPORT CUresult cuMemPoolSetAttribute(CUmemoryPool pool, int which, void *value)
{
	INITIALISED();
	if (!object_is(pool, POOL) || !value || which < 1 || which > USED_HIGH)
		return CUDA_ERROR_INVALID_VALUE;
	if (which == THRESHOLD)
		pool->threshold = *(uint64_t *)value;
	else if (which == RESERVED_HIGH && !*(uint64_t *)value)
		pool->reserved_high = pool->reserved;
	else if (which == USED_HIGH && !*(uint64_t *)value)
		pool->used_high = pool->used;
	else if (which > REUSE_LAST)
		return CUDA_ERROR_INVALID_VALUE;
	return 0;
}

EXPORT CUresult cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *list, size_t count)
{
	INITIALISED();
	if (!object_is(pool, POOL) || !list)
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++) {
		uint32_t bit;

		if (list[i].location.type != 1 || !is_device(list[i].location.id))
			return CUDA_ERROR_INVALID_VALUE;
		bit = 1u << visible[list[i].location.id];
		pool->read = list[i].flags & 1 ? pool->read | bit : pool->read & ~bit;
		pool->write = list[i].flags & 2 ? pool->write | bit : pool->write & ~bit;
	}
	for (struct chunk *chunk = pool->chunks; chunk; chunk = chunk->next) {
		piece_at(chunk->va)->read = pool->read;
		piece_at(chunk->va)->write = pool->write;
	}
	return 0;
}

EXPORT CUresult cuMemPoolGetAccess(int *flags, CUmemoryPool pool, CUmemLocation *location)
{
	INITIALISED();
	if (!object_is(pool, POOL) || !flags || !location || location->type != 1 ||
	    !is_device(location->id))
		return CUDA_ERROR_INVALID_VALUE;
	*flags = (pool->read >> visible[location->id] & 1 ? 1 : 0) |
		 (pool->write >> visible[location->id] & 1 ? 2 : 0);
	return 0;
}
