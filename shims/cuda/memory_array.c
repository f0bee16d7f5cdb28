/* SPDX-License-Identifier: MIT */
/* Arrays, and arrays with levels. */
#include "array_size.h"
#include "charge.h"

HOOK CUresult cuArrayCreate_v2(CUarray *array, const CUDA_ARRAY_DESCRIPTOR *shape)
{
	const struct cuda_real *real = cuda_real();
	const struct device *device = account_current();
	struct charge charge;
	CUarray made = NULL;
	CUresult result;

	if (!real->cuArrayCreate_v2)
		return CUDA_ERROR_NOT_FOUND;
	if (!device || !array || !shape)
		return real->cuArrayCreate_v2(array, shape);
	if (!charge_begin(&charge, LEDGER_ARRAY, device,
			  array_bytes(&(CUDA_ARRAY3D_DESCRIPTOR){
			      .Width = shape->Width,
			      .Height = shape->Height,
			      .Format = shape->Format,
			      .NumChannels = shape->NumChannels,
			  })))
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = real->cuArrayCreate_v2(&made, shape);
	if (result == CUDA_SUCCESS)
		*array = made;
	return charge_end(&charge, result, (uintptr_t)made);
}

HOOK CUresult cuArray3DCreate_v2(CUarray *array, const CUDA_ARRAY3D_DESCRIPTOR *shape)
{
	const struct cuda_real *real = cuda_real();
	const struct device *device = account_current();
	struct charge charge;
	CUarray made = NULL;
	CUresult result;

	if (!real->cuArray3DCreate_v2)
		return CUDA_ERROR_NOT_FOUND;
	if (!device || !array || !shape)
		return real->cuArray3DCreate_v2(array, shape);
	if (!charge_begin(&charge, LEDGER_ARRAY, device, array_bytes(shape)))
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = real->cuArray3DCreate_v2(&made, shape);
	if (result == CUDA_SUCCESS)
		*array = made;
	return charge_end(&charge, result, (uintptr_t)made);
}

HOOK CUresult cuArrayDestroy(CUarray array)
{
	const struct cuda_real *real = cuda_real();
	struct ledger_entry *entry;

	if (!real->cuArrayDestroy)
		return CUDA_ERROR_NOT_FOUND;
	entry = charge_free_begin((uintptr_t)array);
	return charge_free_end(entry, real->cuArrayDestroy(array));
}

HOOK CUresult cuMipmappedArrayCreate(CUmipmappedArray *array, const CUDA_ARRAY3D_DESCRIPTOR *shape,
				     unsigned int levels)
{
	const struct cuda_real *real = cuda_real();
	const struct device *device = account_current();
	CUmipmappedArray made = NULL;
	struct charge charge;
	CUresult result;

	if (!real->cuMipmappedArrayCreate)
		return CUDA_ERROR_NOT_FOUND;
	if (!device || !array || !shape)
		return real->cuMipmappedArrayCreate(array, shape, levels);
	if (!charge_begin(&charge, LEDGER_MIPMAP, device, mipmap_bytes(shape, levels)))
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = real->cuMipmappedArrayCreate(&made, shape, levels);
	if (result == CUDA_SUCCESS)
		*array = made;
	return charge_end(&charge, result, (uintptr_t)made);
}

HOOK CUresult cuMipmappedArrayDestroy(CUmipmappedArray array)
{
	const struct cuda_real *real = cuda_real();
	struct ledger_entry *entry;

	if (!real->cuMipmappedArrayDestroy)
		return CUDA_ERROR_NOT_FOUND;
	entry = charge_free_begin((uintptr_t)array);
	return charge_free_end(entry, real->cuMipmappedArrayDestroy(array));
}
