/* SPDX-License-Identifier: MIT */
/* Physical memory, its handles and its mappings: charged to the GPU that it is on, not to the
 * current one. */
#include "account.h"
#include "blocks.h"
#include "charge.h"
#include "charged.h"
#include "pool.h"

static const struct device *device_of_location(const CUmemLocation *location)
{
	return location->type == CU_MEM_LOCATION_TYPE_DEVICE ? account_device(location->id) : NULL;
}

CUresult charged_cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes,
			     const CUmemAllocationProp *props, unsigned long long flags)
{
	const struct cuda_real *real = cuda_real();
	const struct device *device = props ? device_of_location(&props->location) : NULL;
	CUmemGenericAllocationHandle made = 0;
	CUresult result = CUDA_ERROR_OUT_OF_MEMORY;

	if (!real->cuMemCreate)
		return CUDA_ERROR_NOT_FOUND;
	if (!device || !handle)
		return real->cuMemCreate(handle, bytes, props, flags);
	if (!account_reserve(device, bytes))
		return result;
	blocks_lock();
	if (blocks_prepare() && !pool_create(&made, bytes, props, &result))
		result = real->cuMemCreate(&made, bytes, props, flags);
	if (result == CUDA_SUCCESS) {
		account_keep(device, bytes);
		blocks_created(made, device, bytes);
		*handle = made;
	} else {
		account_cancel(device, bytes);
	}
	blocks_unlock();
	return result;
}

HOOK CUresult cuMemRelease(CUmemGenericAllocationHandle handle)
{
	const struct cuda_real *real = cuda_real();
	CUresult result;

	if (!real->cuMemRelease)
		return CUDA_ERROR_NOT_FOUND;
	blocks_lock();
	result = real->cuMemRelease(handle);
	if (result == CUDA_SUCCESS)
		blocks_released(handle);
	blocks_unlock();
	return result;
}

HOOK CUresult cuMemMap(CUdeviceptr pointer, size_t bytes, size_t offset,
		       CUmemGenericAllocationHandle handle, unsigned long long flags)
{
	const struct cuda_real *real = cuda_real();
	CUresult result = CUDA_ERROR_OUT_OF_MEMORY;

	if (!real->cuMemMap)
		return CUDA_ERROR_NOT_FOUND;
	blocks_lock();
	if (blocks_prepare())
		result = real->cuMemMap(pointer, bytes, offset, handle, flags);
	if (result == CUDA_SUCCESS)
		blocks_mapped(pointer, bytes, handle);
	blocks_unlock();
	return result;
}

HOOK CUresult cuMemUnmap(CUdeviceptr pointer, size_t bytes)
{
	const struct cuda_real *real = cuda_real();
	CUresult result;

	if (!real->cuMemUnmap)
		return CUDA_ERROR_NOT_FOUND;
	blocks_lock();
	result = real->cuMemUnmap(pointer, bytes);
	if (result == CUDA_SUCCESS)
		blocks_unmapped(pointer, bytes);
	blocks_unlock();
	return result;
}

HOOK CUresult cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle, void *address)
{
	const struct cuda_real *real = cuda_real();
	CUresult result = CUDA_ERROR_OUT_OF_MEMORY;

	if (!real->cuMemRetainAllocationHandle)
		return CUDA_ERROR_NOT_FOUND;
	blocks_lock();
	if (blocks_prepare())
		result = real->cuMemRetainAllocationHandle(handle, address);
	if (result == CUDA_SUCCESS)
		blocks_retained(*handle, (uintptr_t)address);
	blocks_unlock();
	return result;
}

/* Another's memory is charged to the other; NVML may count it for this process too. */
HOOK CUresult cuMemImportFromShareableHandle(CUmemGenericAllocationHandle *handle, void *shared,
					     int type)
{
	const struct cuda_real *real = cuda_real();
	CUmemAllocationProp props;
	CUresult result;

	if (!real->cuMemImportFromShareableHandle)
		return CUDA_ERROR_NOT_FOUND;
	blocks_lock();
	result = real->cuMemImportFromShareableHandle(handle, shared, type);
	if (result == CUDA_SUCCESS && !blocks_imported(*handle) &&
	    real->cuMemGetAllocationPropertiesFromHandle &&
	    real->cuMemGetAllocationPropertiesFromHandle(&props, *handle) == CUDA_SUCCESS)
		account_blur(device_of_location(&props.location));
	blocks_unlock();
	return result;
}
