/* cuMemAlloc and its kin, what they say of pointers, and memory of the host. */
#include "driver.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { UNIT = 512, SLAB = 2 << 20 };

/* Small allocations of a context share pieces of 2 MiB, as the driver's do. */
struct slab {
	struct slab *next;
	CUcontext context;
	uint64_t va;
	size_t blocks;
	uint64_t units[SLAB / UNIT / 64];
};

static uint64_t ids;

uint64_t next_id(void)
{
	return ++ids;
}

static uint64_t round_up(uint64_t size, uint64_t to)
{
	return (size + to - 1) / to * to;
}

/* New memory of the device, at an address of its own. */
static CUresult make_piece(CUcontext context, uint64_t size, uint64_t *out)
{
	struct piece piece = {.size = size, .place = context->device};

	fake_lock();
	piece.extent = extent_new(context->device, size);
	fake_unlock();
	if (piece.extent < 0)
		return CUDA_ERROR_OUT_OF_MEMORY;
	piece.va = space_reserve(size, SLAB, 0);
	piece.bytes = extent_map(piece.extent);
	if (!piece.va || !piece.bytes)
		return CUDA_ERROR_UNKNOWN;
	piece_add(piece);
	*out = piece.va;
	return 0;
}

static void end_piece(struct piece *piece)
{
	extent_unmap(piece->extent, piece->bytes);
	space_release(piece->va, piece->size);
	piece_remove(piece);
}

static bool find_units(struct slab *slab, size_t units, size_t *at)
{
	size_t run = 0;

	for (size_t i = 0; i < SLAB / UNIT; i++) {
		run = slab->units[i / 64] >> (i % 64) & 1 ? 0 : run + 1;
		if (run == units) {
			*at = i + 1 - units;
			return true;
		}
	}
	return false;
}

static void mark_units(struct slab *slab, size_t at, size_t units, bool used)
{
	for (size_t i = at; i < at + units; i++)
		if (used)
			slab->units[i / 64] |= 1ull << (i % 64);
		else
			slab->units[i / 64] &= ~(1ull << (i % 64));
}

static CUresult allocate_small(CUcontext context, uint64_t size, struct block *block)
{
	size_t units = round_up(size, UNIT) / UNIT, at = 0;
	struct slab *slab = context->slabs;

	while (slab && !find_units(slab, units, &at))
		slab = slab->next;
	if (!slab) {
		uint64_t va;
		CUresult failure = make_piece(context, SLAB, &va);

		if (failure)
			return failure;
		slab = calloc(1, sizeof(*slab));
		if (!slab)
			abort();
		slab->context = context;
		slab->va = va;
		slab->next = context->slabs;
		context->slabs = slab;
		at = 0;
	}
	mark_units(slab, at, units, true);
	slab->blocks++;
	block->slab = slab;
	block->reserved = units * UNIT;
	block->va = slab->va + at * UNIT;
	return 0;
}

CUresult memory_allocate(CUcontext context, uint64_t size, uint64_t *out)
{
	struct block block = {.size = size,
			      .kind = DEVICE_BLOCK,
			      .context = context,
			      .device = context->device,
			      .id = next_id()};
	CUresult failure;

	if (!size || !out)
		return CUDA_ERROR_INVALID_VALUE;
	if (size > UINT64_MAX / 2)
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (size <= SLAB / 2) {
		failure = allocate_small(context, size, &block);
	} else {
		block.reserved = round_up(size, SLAB);
		failure = make_piece(context, block.reserved, &block.va);
	}
	if (failure)
		return failure;
	block_add(block);
	*out = block.va;
	return 0;
}

static void free_small(struct block *block)
{
	struct slab *slab = block->slab, **link = &slab->context->slabs;

	mark_units(slab, (block->va - slab->va) / UNIT, block->reserved / UNIT, false);
	if (--slab->blocks)
		return;
	while (*link != slab)
		link = &(*link)->next;
	*link = slab->next;
	end_piece(piece_at(slab->va));
	free(slab);
}

/* Memory of the host that the driver made. */
static void end_host(struct block *block)
{
	piece_remove(piece_at(block->va));
	if (block->kind != REGISTERED)
		munmap((void *)block->va, block->reserved);
}

static void end_block(struct block *block)
{
	struct block copy = *block;

	if (copy.kind == DEVICE_BLOCK && copy.slab)
		free_small(block);
	else if (copy.kind == DEVICE_BLOCK)
		end_piece(piece_at(copy.va));
	else if (copy.kind == MANAGED || copy.kind == HOST_BLOCK || copy.kind == REGISTERED)
		end_host(block);
	block_remove(block_exact(copy.va));
}

/* As the driver's, it waits for what the context still does. */
CUresult memory_free(uint64_t va)
{
	struct block *block = block_exact(va);

	if (!va)
		return 0;
	if (!block ||
	    (block->kind != DEVICE_BLOCK && block->kind != MANAGED && block->kind != POOL_BLOCK))
		return CUDA_ERROR_INVALID_VALUE;
	if (context_valid(block->context))
		wait_context(block->context);
	block = block_exact(va);
	if (!block)
		return CUDA_ERROR_INVALID_VALUE;
	if (block->kind == POOL_BLOCK)
		return pool_free(block, NULL);
	end_block(block);
	return 0;
}

void memory_free_context(CUcontext context)
{
	for (size_t i = block_count; i-- > 0;)
		if (blocks[i].context == context && blocks[i].kind <= HOST_BLOCK)
			end_block(&blocks[i]);
}

EXPORT CUresult cuMemAlloc(unsigned int *out, unsigned int size)
{
	CURRENT(context);
	(void)context;
	(void)out;
	(void)size;
	return CUDA_ERROR_NOT_SUPPORTED; /* 32-bit pointers */
}

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t size)
{
	CURRENT(context);
	if (capture_unsafe())
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	return memory_allocate(context, size, out);
}

EXPORT CUresult cuMemAllocPitch_v2(CUdeviceptr *out, size_t *pitch, size_t width, size_t height,
				   unsigned int element)
{
	CURRENT(context);
	if (capture_unsafe())
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	if (!pitch || !width || !height || (element != 4 && element != 8 && element != 16))
		return CUDA_ERROR_INVALID_VALUE;
	*pitch = round_up(width, UNIT);
	return memory_allocate(context, *pitch * height, out);
}

EXPORT CUresult cuMemFree_v2(CUdeviceptr va)
{
	CURRENT(context);
	(void)context;
	if (capture_unsafe())
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	return memory_free(va);
}

EXPORT CUresult cuMemFree(unsigned int va)
{
	CURRENT(context);
	(void)context;
	return memory_free(va);
}

static CUresult info(CUcontext context, size_t *free_bytes, size_t *total)
{
	fake_lock();
	fake_reap();
	*total = described.devices[context->device].memory;
	*free_bytes = *total - shared->used[context->device];
	fake_unlock();
	return 0;
}

EXPORT CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total)
{
	CURRENT(context);
	return info(context, free_bytes, total);
}

EXPORT CUresult cuMemGetInfo(unsigned int *free_bytes, unsigned int *total)
{
	size_t wide[2];

	CURRENT(context);
	info(context, &wide[0], &wide[1]);
	*free_bytes = (unsigned int)(wide[0] > UINT32_MAX ? UINT32_MAX : wide[0]);
	*total = (unsigned int)(wide[1] > UINT32_MAX ? UINT32_MAX : wide[1]);
	return 0;
}

static CUresult make_host(CUcontext context, void **out, size_t size, enum block_kind kind,
			  unsigned int flags)
{
	uint64_t room = round_up(size ? size : 1, 4096);
	void *bytes;

	if (!out || !size)
		return CUDA_ERROR_INVALID_VALUE;
	bytes = mmap(NULL, room, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bytes == MAP_FAILED)
		return CUDA_ERROR_OUT_OF_MEMORY;
	piece_add((struct piece){
	    .va = (uint64_t)bytes, .size = room, .bytes = bytes, .place = HOST, .extent = -1});
	block_add((struct block){.va = (uint64_t)bytes,
				 .size = size,
				 .reserved = room,
				 .kind = kind,
				 .context = context,
				 .device = context->device,
				 .flags = flags,
				 .id = next_id()});
	*out = bytes;
	return 0;
}

EXPORT CUresult cuMemAllocManaged(CUdeviceptr *out, size_t size, unsigned int flags)
{
	void *bytes = NULL;

	CURRENT(context);
	if (capture_unsafe())
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	if (!out || (flags != 1 && flags != 2))
		return CUDA_ERROR_INVALID_VALUE;
	early_ = make_host(context, &bytes, size, MANAGED, flags);
	*out = (CUdeviceptr)bytes;
	return early_;
}

EXPORT CUresult cuMemAllocHost_v2(void **out, size_t size)
{
	CURRENT(context);
	return make_host(context, out, size, HOST_BLOCK, 0);
}

EXPORT CUresult cuMemHostAlloc(void **out, size_t size, unsigned int flags)
{
	CURRENT(context);
	return flags > 7 ? CUDA_ERROR_INVALID_VALUE
			 : make_host(context, out, size, HOST_BLOCK, flags);
}

EXPORT CUresult cuMemFreeHost(void *bytes)
{
	CURRENT(context);
	struct block *block = block_exact((uint64_t)bytes);

	if (!bytes)
		return 0;
	if (!block || block->kind != HOST_BLOCK)
		return CUDA_ERROR_INVALID_VALUE;
	wait_context(context);
	block = block_exact((uint64_t)bytes);
	if (block)
		end_block(block);
	return 0;
}

static CUresult host_register(CUcontext context, void *bytes, size_t size, unsigned int flags)
{
	uint64_t va = (uint64_t)bytes;

	if (!bytes || !size || flags > 15)
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < piece_count; i++)
		if (pieces[i].va < va + size && va < pieces[i].va + pieces[i].size)
			return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
	piece_add(
	    (struct piece){.va = va, .size = size, .bytes = bytes, .place = HOST, .extent = -1});
	block_add((struct block){.va = va,
				 .size = size,
				 .kind = REGISTERED,
				 .context = context,
				 .device = context->device,
				 .flags = flags,
				 .id = next_id()});
	return 0;
}

EXPORT CUresult cuMemHostRegister_v2(void *bytes, size_t size, unsigned int flags)
{
	CURRENT(context);
	return host_register(context, bytes, size, flags);
}

EXPORT CUresult cuMemHostUnregister(void *bytes)
{
	CURRENT(context);
	struct block *block = block_exact((uint64_t)bytes);

	if (!block || block->kind != REGISTERED)
		return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
	wait_context(context);
	block = block_exact((uint64_t)bytes);
	if (block)
		end_block(block);
	return 0;
}

EXPORT CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *out, void *bytes, unsigned int flags)
{
	CURRENT(context);
	struct block *block = block_at((uint64_t)bytes);

	(void)context;
	if (flags || !block || (block->kind != HOST_BLOCK && block->kind != REGISTERED))
		return CUDA_ERROR_INVALID_VALUE;
	*out = (CUdeviceptr)bytes;
	return 0;
}

EXPORT CUresult cuMemHostGetFlags(unsigned int *flags, void *bytes)
{
	CURRENT(context);
	struct block *block = block_at((uint64_t)bytes);

	(void)context;
	if (!block || block->kind != HOST_BLOCK)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = block->flags;
	return 0;
}
