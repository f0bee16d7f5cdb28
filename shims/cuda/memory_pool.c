/* SPDX-License-Identifier: MIT */
/* The driver's pools themselves. */
#include "async_pool.h"
#include "charge.h"

HOOK CUresult cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *props)
{
	const struct cuda_real *real = cuda_real();
	CUresult result;

	if (!real->cuMemPoolCreate)
		return CUDA_ERROR_NOT_FOUND;
	result = real->cuMemPoolCreate(pool, props);
	if (result == CUDA_SUCCESS) {
		bool is_devices = props->location.type == CU_MEM_LOCATION_TYPE_DEVICE;

		async_lock();
		async_add(*pool, is_devices ? account_device(props->location.id) : NULL);
		async_unlock();
	}
	return result;
}

HOOK CUresult cuMemPoolDestroy(CUmemoryPool pool)
{
	const struct cuda_real *real = cuda_real();
	struct async_pool *known;
	CUresult result;

	if (!real->cuMemPoolDestroy)
		return CUDA_ERROR_NOT_FOUND;
	account_busy();
	async_lock();
	known = async_find(pool);
	result = real->cuMemPoolDestroy(pool);
	if (known && result == CUDA_SUCCESS)
		async_destroyed(known);
	async_unlock();
	account_idle();
	return result;
}

HOOK CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t keep)
{
	const struct cuda_real *real = cuda_real();
	struct async_pool *known;
	CUresult result;

	if (!real->cuMemPoolTrimTo)
		return CUDA_ERROR_NOT_FOUND;
	account_busy();
	result = real->cuMemPoolTrimTo(pool, keep);
	async_lock();
	known = async_find(pool);
	if (known)
		async_charge(known, true);
	async_unlock();
	account_idle();
	return result;
}
