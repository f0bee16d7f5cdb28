/* SPDX-License-Identifier: MIT */
/* How much memory the driver is said to have, and to have left. */
#include "account.h"
#include "charge.h"
#include "pool.h"
#include "view.h"

HOOK CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	const struct cuda_real *real = cuda_real();
	CUresult result;

	if (!real->cuDeviceTotalMem_v2)
		return CUDA_ERROR_NOT_FOUND;
	result = real->cuDeviceTotalMem_v2(bytes, device);
	if (result == CUDA_SUCCESS && !pool_total(device, bytes))
		*bytes = view_of_device(account_device(device), *bytes, 0).total;
	return result;
}

HOOK CUresult cuMemGetInfo_v2(size_t *unused, size_t *total)
{
	const struct cuda_real *real = cuda_real();
	struct memory_view view;
	CUresult result;

	if (!real->cuMemGetInfo_v2)
		return CUDA_ERROR_NOT_FOUND;
	result = real->cuMemGetInfo_v2(unused, total);
	if (result != CUDA_SUCCESS || !unused || !total || pool_info(unused, total))
		return result;
	/* What contexts and code take counts from the first question on. */
	account_look(account_current());
	view = view_of_device(account_current(), *total, *unused);
	*unused = view.unused;
	*total = view.total;
	return result;
}
