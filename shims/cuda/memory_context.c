/* SPDX-License-Identifier: MIT */
/* A context that goes takes all memory along that was allocated in it, and that nobody has freed.
 */
#include "account.h"
#include "charge.h"
#include "launch.h"
#include "pool.h"

static void gone(CUcontext context)
{
	if (context)
		launch_context_gone(context);
	if (context)
		ledger_take_owned(context, charge_drop);
	account_context_gone();
}

HOOK CUresult cuCtxDestroy_v2(CUcontext context)
{
	const struct cuda_real *real = cuda_real();
	CUresult result;

	if (!real->cuCtxDestroy_v2)
		return CUDA_ERROR_NOT_FOUND;
	pool_context_goes(context);
	result = real->cuCtxDestroy_v2(context);
	if (result == CUDA_SUCCESS)
		gone(context);
	return result;
}

static bool is_active(CUdevice device)
{
	const struct cuda_real *real = cuda_real();
	unsigned int flags;
	int active = 0;

	return real->cuDevicePrimaryCtxGetState &&
	       real->cuDevicePrimaryCtxGetState(device, &flags, &active) == CUDA_SUCCESS && active;
}

/* The primary context of a GPU, if it has one; nobody holds it the longer for it. */
static CUcontext primary_of(CUdevice device)
{
	const struct cuda_real *real = cuda_real();
	CUcontext context = NULL;

	if (!account_device(device) || !is_active(device) || !real->cuDevicePrimaryCtxRetain ||
	    !real->cuDevicePrimaryCtxRelease_v2 ||
	    real->cuDevicePrimaryCtxRetain(&context, device) != CUDA_SUCCESS)
		return NULL;
	real->cuDevicePrimaryCtxRelease_v2(device);
	return context;
}

HOOK CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
	const struct cuda_real *real = cuda_real();
	CUcontext context;
	CUresult result;

	if (!real->cuDevicePrimaryCtxRelease_v2)
		return CUDA_ERROR_NOT_FOUND;
	context = primary_of(device);
	result = real->cuDevicePrimaryCtxRelease_v2(device);
	if (result == CUDA_SUCCESS && context && !is_active(device)) {
		pool_context_gone(context);
		gone(context);
	}
	return result;
}

HOOK CUresult cuDevicePrimaryCtxReset_v2(CUdevice device)
{
	const struct cuda_real *real = cuda_real();
	CUcontext context;
	CUresult result;

	if (!real->cuDevicePrimaryCtxReset_v2)
		return CUDA_ERROR_NOT_FOUND;
	context = primary_of(device);
	pool_context_goes(context);
	result = real->cuDevicePrimaryCtxReset_v2(device);
	if (result == CUDA_SUCCESS)
		gone(context);
	return result;
}
