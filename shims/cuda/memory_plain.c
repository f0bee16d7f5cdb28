/* SPDX-License-Identifier: MIT */
/* Memory by pointer: cuMemAlloc, with a pitch, managed; and what frees all of it. */
#include "charge.h"
#include "charged.h"

CUresult charged_cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes)
{
	const struct cuda_real *real = cuda_real();
	const struct device *device = account_current();
	struct charge charge;
	CUdeviceptr made = 0;
	CUresult result;

	if (!real->cuMemAlloc_v2)
		return CUDA_ERROR_NOT_FOUND;
	if (!device || !pointer)
		return real->cuMemAlloc_v2(pointer, bytes);
	if (!charge_begin(&charge, LEDGER_MEMORY, device, bytes))
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = real->cuMemAlloc_v2(&made, bytes);
	if (result == CUDA_SUCCESS)
		*pointer = made;
	return charge_end(&charge, result, made);
}

/* Charged in full to the GPU of the context, wherever the pages lie. */
HOOK CUresult cuMemAllocManaged(CUdeviceptr *pointer, size_t bytes, unsigned int flags)
{
	const struct cuda_real *real = cuda_real();
	const struct device *device = account_current();
	struct charge charge;
	CUdeviceptr made = 0;
	CUresult result;

	if (!real->cuMemAllocManaged)
		return CUDA_ERROR_NOT_FOUND;
	if (!device || !pointer)
		return real->cuMemAllocManaged(pointer, bytes, flags);
	if (!charge_begin(&charge, LEDGER_MANAGED, device, bytes))
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = real->cuMemAllocManaged(&made, bytes, flags);
	if (result == CUDA_SUCCESS)
		*pointer = made;
	return charge_end(&charge, result, made);
}

/* Rows begin at multiples of this at least: CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT of all GPUs so
 * far. */
#define PITCH_ALIGNMENT 512

static uint64_t least_bytes(size_t width, size_t height)
{
	uint64_t pitch, bytes;

	if (__builtin_add_overflow(width, (uint64_t)PITCH_ALIGNMENT - 1, &pitch) ||
	    __builtin_mul_overflow(pitch / PITCH_ALIGNMENT * PITCH_ALIGNMENT, height, &bytes))
		return UINT64_MAX;
	return bytes;
}

CUresult charged_cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width,
				    size_t height, unsigned int element)
{
	const struct cuda_real *real = cuda_real();
	const struct device *device = account_current();
	struct charge charge;
	CUdeviceptr made = 0;
	size_t made_pitch = 0;
	CUresult result;

	if (!real->cuMemAllocPitch_v2)
		return CUDA_ERROR_NOT_FOUND;
	if (!device || !pointer || !pitch)
		return real->cuMemAllocPitch_v2(pointer, pitch, width, height, element);
	if (!charge_begin(&charge, LEDGER_MEMORY, device, least_bytes(width, height)))
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = real->cuMemAllocPitch_v2(&made, &made_pitch, width, height, element);
	if (result == CUDA_SUCCESS && !charge_correct(&charge, (uint64_t)made_pitch * height)) {
		if (real->cuMemFree_v2)
			real->cuMemFree_v2(made);
		result = CUDA_ERROR_OUT_OF_MEMORY;
	}
	if (result == CUDA_SUCCESS) {
		*pointer = made;
		*pitch = made_pitch;
	}
	return charge_end(&charge, result, made);
}

CUresult charged_cuMemFree_v2(CUdeviceptr pointer)
{
	const struct cuda_real *real = cuda_real();
	struct ledger_entry *entry;

	if (!real->cuMemFree_v2)
		return CUDA_ERROR_NOT_FOUND;
	entry = charge_free_begin(pointer);
	return charge_free_end(entry, real->cuMemFree_v2(pointer));
}
