/* SPDX-License-Identifier: MIT */
/* The memory functions: what is the driver's, charged, and what the pool's. */
#include "charged.h"
#include "pool.h"

#define EXPORT __attribute__((visibility("default"))) CUresult

/* `call` where the driver is to allocate, and the pool what that could not. */
#define LOCAL_OR(is_local, call, pooled)                                                           \
	CUresult result = is_local ? call : CUDA_ERROR_OUT_OF_MEMORY;                              \
                                                                                                   \
	if (result == CUDA_ERROR_OUT_OF_MEMORY)                                                    \
		result = pooled;                                                                   \
	return result

EXPORT cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes)
{
	LOCAL_OR(pool_is_local(bytes), charged_cuMemAlloc_v2(pointer, bytes),
		 pool_alloc(pointer, bytes));
}

EXPORT cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height,
			  unsigned int element)
{
	LOCAL_OR((!height || width > SIZE_MAX / height || pool_is_local(width * height)),
		 charged_cuMemAllocPitch_v2(pointer, pitch, width, height, element),
		 pool_alloc_pitch(pointer, pitch, width, height));
}

EXPORT cuMemFree_v2(CUdeviceptr pointer)
{
	CUresult result;

	return pool_free(pointer, &result) ? result : charged_cuMemFree_v2(pointer);
}

#define ASYNC(name, free_name, from_name, per_thread)                                              \
	EXPORT name(CUdeviceptr *pointer, size_t bytes, CUstream stream)                           \
	{                                                                                          \
		LOCAL_OR(pool_is_local_async(bytes, NULL, stream, per_thread),                     \
			 charged_##name(pointer, bytes, stream),                                   \
			 pool_alloc_async(pointer, bytes, stream, per_thread));                    \
	}                                                                                          \
	EXPORT from_name(CUdeviceptr *pointer, size_t bytes, CUmemoryPool pool, CUstream stream)   \
	{                                                                                          \
		LOCAL_OR(pool_is_local_async(bytes, pool, stream, per_thread),                     \
			 charged_##from_name(pointer, bytes, pool, stream),                        \
			 pool_alloc_async(pointer, bytes, stream, per_thread));                    \
	}                                                                                          \
	EXPORT free_name(CUdeviceptr pointer, CUstream stream)                                     \
	{                                                                                          \
		CUresult result;                                                                   \
                                                                                                   \
		if (pool_free_async(pointer, stream, per_thread, &result))                         \
			return result;                                                             \
		return charged_##free_name(pointer, stream);                                       \
	}

ASYNC(cuMemAllocAsync, cuMemFreeAsync, cuMemAllocFromPoolAsync, false)
ASYNC(cuMemAllocAsync_ptsz, cuMemFreeAsync_ptsz, cuMemAllocFromPoolAsync_ptsz, true)

EXPORT cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes,
		   const CUmemAllocationProp *props, unsigned long long flags)
{
	CUmemAllocationProp placed;

	if (pool_place(props, bytes, &placed))
		props = &placed;
	return charged_cuMemCreate(handle, bytes, props, flags);
}
