/* SPDX-License-Identifier: MIT */
/* A context that goes takes all memory along that was allocated in it, and that nobody has freed.
 */
#include "account.h"
#include "charge.h"
#include "launch.h"
#include "pool.h"
#include "pool_reads.h"

/* After account_busy: what is not gone stays charged. */
static CUresult end(CUcontext context, CUresult result, bool is_gone)
{
	if (is_gone && context) {
		launch_context_gone(context);
		reads_context_gone(context);
		ledger_take_owned(context, charge_drop);
	}
	account_idle();
	if (is_gone)
		account_context_gone();
	return result;
}

HOOK CUresult cuCtxDestroy_v2(CUcontext context)
{
	const struct cuda_real *real = cuda_real();
	CUresult result;

	if (!real->cuCtxDestroy_v2)
		return CUDA_ERROR_NOT_FOUND;
	pool_context_goes(context);
	account_busy();
	result = real->cuCtxDestroy_v2(context);
	return end(context, result, result == CUDA_SUCCESS);
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
	bool is_gone;

	if (!real->cuDevicePrimaryCtxRelease_v2)
		return CUDA_ERROR_NOT_FOUND;
	context = primary_of(device);
	account_busy();
	result = real->cuDevicePrimaryCtxRelease_v2(device);
	is_gone = result == CUDA_SUCCESS && context && !is_active(device);
	if (is_gone)
		pool_context_gone(context);
	return end(context, result, is_gone);
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
	account_busy();
	result = real->cuDevicePrimaryCtxReset_v2(device);
	return end(context, result, result == CUDA_SUCCESS);
}
