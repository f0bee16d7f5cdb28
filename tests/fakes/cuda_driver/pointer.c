/* What the driver says of an address. */
#include "driver.h"
#include <string.h>

enum { TYPE_HOST = 1, TYPE_DEVICE = 2 };

static uint64_t range_start(const struct block *block)
{
	return block->va;
}

EXPORT CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *size, CUdeviceptr va)
{
	INITIALISED();
	struct block *block = block_at(va);
	struct piece *piece = piece_at(va);

	if (!block || !piece)
		return CUDA_ERROR_NOT_FOUND;
	/* Of mapped memory it is the mapping. */
	if (base)
		*base = block->kind == RANGE ? piece->va : range_start(block);
	if (size)
		*size = block->kind == RANGE ? piece->size : block->size;
	return 0;
}

static CUresult attribute(void *out, int which, uint64_t va)
{
	struct block *block = block_at(va);
	struct piece *piece = piece_at(va);
	bool host;

	if (!block || (!piece && which != 11 && which != 12))
		return CUDA_ERROR_INVALID_VALUE;
	host = block->kind == HOST_BLOCK || block->kind == REGISTERED;
	switch (which) {
	case 1: /* context */
		if (block->kind == RANGE)
			return CUDA_ERROR_INVALID_VALUE;
		*(CUcontext *)out = block->context;
		return 0;
	case 2: /* memory type */
		*(unsigned int *)out = host || piece->place == HOST ? TYPE_HOST : TYPE_DEVICE;
		if (block->kind == MANAGED)
			*(unsigned int *)out = TYPE_DEVICE;
		return 0;
	case 3: /* device pointer */
		*(uint64_t *)out = va;
		return 0;
	case 4: /* host pointer */
		if (!host && block->kind != MANAGED)
			return CUDA_ERROR_INVALID_VALUE;
		*(uint64_t *)out = va;
		return 0;
	case 6: /* synchronous memory operations */
		*(unsigned int *)out = 0;
		return 0;
	case 7: /* buffer */
		*(unsigned long long *)out = block->id;
		return 0;
	case 8: /* managed */
		*(unsigned int *)out = block->kind == MANAGED;
		return 0;
	case 9: /* the device it lies on; of one that is not seen, the first */
		*(int *)out = ordinal_of(piece->place != HOST ? piece->place
					 : block->device < 0  ? 0
							      : block->device);
		if (*(int *)out < 0)
			*(int *)out = 0;
		return 0;
	case 10: /* can be exported by cuIpcGetMemHandle */
		*(unsigned int *)out = block->kind == DEVICE_BLOCK;
		return 0;
	case 11: /* start of the range */
		*(uint64_t *)out = block->va;
		return 0;
	case 12: /* its size */
		*(size_t *)out = block->size;
		return 0;
	case 13: /* mapped */
		*(unsigned int *)out = 1;
		return 0;
	case 14: /* types of handles it may be exported as */
		*(int *)out = 0;
		return 0;
	case 17: /* pool */
		*(CUmemoryPool *)out = block->pool;
		return 0;
	default:
		return CUDA_ERROR_NOT_SUPPORTED;
	}
}

EXPORT CUresult cuPointerGetAttribute(void *out, int which, CUdeviceptr va)
{
	INITIALISED();
	return out ? attribute(out, which, va) : CUDA_ERROR_INVALID_VALUE;
}

/* Of an address that it does not know it says nothing, without an error. */
EXPORT CUresult cuPointerGetAttributes(unsigned int count, int *which, void **out, CUdeviceptr va)
{
	INITIALISED();
	for (unsigned int i = 0; i < count; i++) {
		static const size_t sizes[] = {
		    [1] = 8, [2] = 4,  [3] = 8,	 [4] = 8,  [6] = 4,  [7] = 8,  [8] = 4,
		    [9] = 4, [10] = 4, [11] = 8, [12] = 8, [13] = 4, [14] = 4, [17] = 8};

		if (which[i] < 1 || which[i] > 17 || !sizes[which[i]])
			return CUDA_ERROR_INVALID_VALUE;
		if (attribute(out[i], which[i], va)) {
			memset(out[i], 0, sizes[which[i]]);
			if (which[i] == 9)
				*(int *)out[i] = -2;
		}
	}
	return 0;
}

EXPORT CUresult cuPointerSetAttribute(const void *value, int which, CUdeviceptr va)
{
	INITIALISED();
	return value && which == 6 && piece_at(va) ? 0 : CUDA_ERROR_INVALID_VALUE;
}
