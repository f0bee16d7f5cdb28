/* SPDX-License-Identifier: MIT */
/*
 * What the program may ask of pooled memory, answered as of one allocation of its own GPU.
 */
#include "pool.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "pool_cards.h"
#include "pool_table.h"
#include "real.h"

enum {
	ATTRIBUTE_CONTEXT = 1,
	ATTRIBUTE_MEMORY_TYPE = 2,
	ATTRIBUTE_DEVICE_POINTER = 3,
	ATTRIBUTE_HOST_POINTER = 4,
	ATTRIBUTE_BUFFER_ID = 7,
	ATTRIBUTE_IS_MANAGED = 8,
	ATTRIBUTE_DEVICE_ORDINAL = 9,
	ATTRIBUTE_IS_LEGACY_IPC = 10,
	ATTRIBUTE_RANGE_START = 11,
	ATTRIBUTE_RANGE_SIZE = 12,
	ATTRIBUTE_MAPPED = 13,
	ATTRIBUTE_HANDLE_TYPES = 14,
	ATTRIBUTE_IS_RDMA = 15,
	ATTRIBUTE_ACCESS_FLAGS = 16,
	ATTRIBUTE_MEMPOOL = 17,
	ATTRIBUTE_MAPPING_SIZE = 18,
	ATTRIBUTE_MAPPING_BASE = 19,
	ATTRIBUTE_BLOCK_ID = 20,
};

#define MEMORY_TYPE_DEVICE 2

/* Numbers of allocations that the driver does not give. */
#define OWN_ID ((cuuint64_t)1 << 63)

#define PUT(type, what) (*(type *)value = (type)(what))

/* False where the driver is to answer. */
static bool answer(void *value, int attribute, CUdeviceptr pointer, const struct cards *cards,
		   const struct pool_block *block)
{
	switch (attribute) {
	case ATTRIBUTE_CONTEXT:
		PUT(CUcontext, block->context);
		return true;
	case ATTRIBUTE_MEMORY_TYPE:
		PUT(unsigned int, MEMORY_TYPE_DEVICE);
		return true;
	case ATTRIBUTE_DEVICE_POINTER:
		PUT(CUdeviceptr, pointer);
		return true;
	case ATTRIBUTE_BUFFER_ID:
	case ATTRIBUTE_BLOCK_ID:
		PUT(cuuint64_t, block->serial | OWN_ID);
		return true;
	case ATTRIBUTE_DEVICE_ORDINAL:
		PUT(int, cards->card[0].device);
		return true;
	case ATTRIBUTE_RANGE_START:
	case ATTRIBUTE_MAPPING_BASE:
		PUT(CUdeviceptr, block->base);
		return true;
	case ATTRIBUTE_RANGE_SIZE:
	case ATTRIBUTE_MAPPING_SIZE:
		PUT(size_t, block->bytes);
		return true;
	case ATTRIBUTE_MAPPED:
		PUT(unsigned char, 1);
		return true;
	case ATTRIBUTE_IS_MANAGED:
	case ATTRIBUTE_IS_LEGACY_IPC:
	case ATTRIBUTE_IS_RDMA:
		PUT(unsigned char, 0);
		return true;
	case ATTRIBUTE_HANDLE_TYPES:
		PUT(cuuint64_t, CU_MEM_HANDLE_TYPE_NONE);
		return true;
	case ATTRIBUTE_ACCESS_FLAGS:
		PUT(unsigned int, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
		return true;
	case ATTRIBUTE_MEMPOOL:
		PUT(CUmemoryPool, NULL);
		return true;
	default:
		return false;
	}
}

__attribute__((visibility("default"))) CUresult cuPointerGetAttribute(void *value, int attribute,
								      CUdeviceptr pointer)
{
	const struct cuda_real *real = cuda_real();
	const struct cards *cards = cards_pooled();
	struct pool_block block;

	if (!real->cuPointerGetAttribute)
		return CUDA_ERROR_NOT_FOUND;
	if (cards && value && table_find(pointer, &block)) {
		if (attribute == ATTRIBUTE_HOST_POINTER)
			return CUDA_ERROR_INVALID_VALUE;
		if (answer(value, attribute, pointer, cards, &block))
			return CUDA_SUCCESS;
	}
	return real->cuPointerGetAttribute(value, attribute, pointer);
}

__attribute__((visibility("default"))) CUresult
cuPointerGetAttributes(unsigned int count, int *attributes, void **values, CUdeviceptr pointer)
{
	const struct cuda_real *real = cuda_real();
	const struct cards *cards = cards_pooled();
	struct pool_block block;
	CUresult result;

	if (!real->cuPointerGetAttributes)
		return CUDA_ERROR_NOT_FOUND;
	result = real->cuPointerGetAttributes(count, attributes, values, pointer);
	if (result != CUDA_SUCCESS || !cards || !table_find(pointer, &block))
		return result;
	for (unsigned int i = 0; i < count; i++) {
		if (attributes[i] == ATTRIBUTE_HOST_POINTER)
			*(void **)values[i] = NULL;
		else
			answer(values[i], attributes[i], pointer, cards, &block);
	}
	return result;
}

__attribute__((visibility("default"))) CUresult
cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes, CUdeviceptr pointer)
{
	const struct cuda_real *real = cuda_real();
	struct pool_block block;

	if (!real->cuMemGetAddressRange_v2)
		return CUDA_ERROR_NOT_FOUND;
	if (!table_find(pointer, &block))
		return real->cuMemGetAddressRange_v2(base, bytes, pointer);
	if (base)
		*base = block.base;
	if (bytes)
		*bytes = block.bytes;
	return CUDA_SUCCESS;
}

__attribute__((visibility("default"))) CUresult cuIpcGetMemHandle(CUipcMemHandle *handle,
								  CUdeviceptr pointer)
{
	const struct cuda_real *real = cuda_real();
	static atomic_flag is_told = ATOMIC_FLAG_INIT;
	struct pool_block block;

	if (!real->cuIpcGetMemHandle)
		return CUDA_ERROR_NOT_FOUND;
	if (!table_find(pointer, &block))
		return real->cuIpcGetMemHandle(handle, pointer);
	if (!atomic_flag_test_and_set(&is_told))
		fprintf(stderr,
			"mvgal: %zu bytes of pooled memory cannot be shared with another process "
			"(CUDA IPC): run without --pool\n",
			block.bytes);
	return CUDA_ERROR_NOT_SUPPORTED;
}

__attribute__((visibility("default"))) CUresult
cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *props,
				       CUmemGenericAllocationHandle handle)
{
	const struct cuda_real *real = cuda_real();
	const struct cards *cards = cards_pooled();
	CUresult result;

	if (!real->cuMemGetAllocationPropertiesFromHandle)
		return CUDA_ERROR_NOT_FOUND;
	result = real->cuMemGetAllocationPropertiesFromHandle(props, handle);
	/* As the program asked for it, which knows one GPU alone. */
	if (result == CUDA_SUCCESS && cards && props &&
	    props->location.type == CU_MEM_LOCATION_TYPE_DEVICE)
		props->location.id = cards->card[0].device;
	return result;
}
