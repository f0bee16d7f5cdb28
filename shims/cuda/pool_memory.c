/* SPDX-License-Identifier: MIT */
/*
 * The memory functions of a pooled program: what is the driver's, and what the pool's.
 */
#include "pool.h"
#include "real.h"

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
	const struct cuda_real *real = cuda_real();

	if (!real->cuMemAlloc_v2)
		return CUDA_ERROR_NOT_FOUND;
	LOCAL_OR(pool_is_local(bytes), real->cuMemAlloc_v2(pointer, bytes),
		 pool_alloc(pointer, bytes));
}

EXPORT cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height,
			  unsigned int element)
{
	const struct cuda_real *real = cuda_real();

	if (!real->cuMemAllocPitch_v2)
		return CUDA_ERROR_NOT_FOUND;
	LOCAL_OR((!height || width > SIZE_MAX / height || pool_is_local(width * height)),
		 real->cuMemAllocPitch_v2(pointer, pitch, width, height, element),
		 pool_alloc_pitch(pointer, pitch, width, height));
}

EXPORT cuMemFree_v2(CUdeviceptr pointer)
{
	const struct cuda_real *real = cuda_real();
	CUresult result;

	if (!real->cuMemFree_v2)
		return CUDA_ERROR_NOT_FOUND;
	return pool_free(pointer, &result) ? result : real->cuMemFree_v2(pointer);
}

#define ASYNC(name, free_name, from_name, per_thread)                                              \
	EXPORT name(CUdeviceptr *pointer, size_t bytes, CUstream stream)                           \
	{                                                                                          \
		const struct cuda_real *real = cuda_real();                                        \
                                                                                                   \
		if (!real->name)                                                                   \
			return CUDA_ERROR_NOT_FOUND;                                               \
		LOCAL_OR(pool_is_local_async(bytes, NULL, stream, per_thread),                     \
			 real->name(pointer, bytes, stream),                                       \
			 pool_alloc_async(pointer, bytes, stream, per_thread));                    \
	}                                                                                          \
	EXPORT from_name(CUdeviceptr *pointer, size_t bytes, CUmemoryPool pool, CUstream stream)   \
	{                                                                                          \
		const struct cuda_real *real = cuda_real();                                        \
                                                                                                   \
		if (!real->from_name)                                                              \
			return CUDA_ERROR_NOT_FOUND;                                               \
		LOCAL_OR(pool_is_local_async(bytes, pool, stream, per_thread),                     \
			 real->from_name(pointer, bytes, pool, stream),                            \
			 pool_alloc_async(pointer, bytes, stream, per_thread));                    \
	}                                                                                          \
	EXPORT free_name(CUdeviceptr pointer, CUstream stream)                                     \
	{                                                                                          \
		const struct cuda_real *real = cuda_real();                                        \
		CUresult result;                                                                   \
                                                                                                   \
		if (!real->free_name)                                                              \
			return CUDA_ERROR_NOT_FOUND;                                               \
		if (pool_free_async(pointer, stream, per_thread, &result))                         \
			return result;                                                             \
		return real->free_name(pointer, stream);                                           \
	}

ASYNC(cuMemAllocAsync, cuMemFreeAsync, cuMemAllocFromPoolAsync, false)
ASYNC(cuMemAllocAsync_ptsz, cuMemFreeAsync_ptsz, cuMemAllocFromPoolAsync_ptsz, true)

EXPORT cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes,
		   const CUmemAllocationProp *props, unsigned long long flags)
{
	const struct cuda_real *real = cuda_real();
	CUmemAllocationProp placed;

	if (!real->cuMemCreate)
		return CUDA_ERROR_NOT_FOUND;
	if (pool_place(props, bytes, &placed))
		props = &placed;
	return real->cuMemCreate(handle, bytes, props, flags);
}

EXPORT cuMemGetInfo_v2(size_t *unused, size_t *total)
{
	const struct cuda_real *real = cuda_real();

	if (!real->cuMemGetInfo_v2)
		return CUDA_ERROR_NOT_FOUND;
	return pool_info(unused, total) ? CUDA_SUCCESS : real->cuMemGetInfo_v2(unused, total);
}

EXPORT cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	const struct cuda_real *real = cuda_real();

	if (!real->cuDeviceTotalMem_v2)
		return CUDA_ERROR_NOT_FOUND;
	return bytes && pool_total(device, bytes) ? CUDA_SUCCESS
						  : real->cuDeviceTotalMem_v2(bytes, device);
}

EXPORT cuCtxDestroy_v2(CUcontext context)
{
	const struct cuda_real *real = cuda_real();

	if (!real->cuCtxDestroy_v2)
		return CUDA_ERROR_NOT_FOUND;
	pool_context_gone(context);
	return real->cuCtxDestroy_v2(context);
}

EXPORT cuDevicePrimaryCtxReset_v2(CUdevice device)
{
	const struct cuda_real *real = cuda_real();

	if (!real->cuDevicePrimaryCtxReset_v2)
		return CUDA_ERROR_NOT_FOUND;
	pool_primary_gone(device);
	return real->cuDevicePrimaryCtxReset_v2(device);
}
