/* SPDX-License-Identifier: MIT */
/*
 * The GPUs that a pooled program sees: one.
 *
 * Programs count GPUs by CUDA_VISIBLE_DEVICES and NVML too, as PyTorch does. So the variable names
 * the program's own GPU alone, and MVGAL_POOL_GPUS those of the pool: the driver, which reads the
 * variable in cuInit, gets these.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "real.h"
#include "settings.h"

#define VISIBLE "CUDA_VISIBLE_DEVICES"
#define INVALID_DEVICE 101
#define EXPORT __attribute__((visibility("default"))) CUresult

/* The variable is there already: the C library changes it in one step for whoever reads it
 * meanwhile. */
static CUresult init_with(const char *gpus, unsigned int flags)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	CUresult result = CUDA_ERROR_OUT_OF_MEMORY;
	char *before;

	pthread_mutex_lock(&lock);
	before = strdup(getenv(VISIBLE));
	if (before && setenv(VISIBLE, gpus, 1) == 0) {
		result = cuda_real()->cuInit(flags);
		setenv(VISIBLE, before, 1);
	}
	pthread_mutex_unlock(&lock);
	free(before);
	return result;
}

EXPORT cuInit(unsigned int flags)
{
	const struct cuda_real *real = cuda_real();
	const char *gpus = getenv("MVGAL_POOL_GPUS");

	if (!real->cuInit)
		return CUDA_ERROR_NOT_FOUND;
	if (!settings()->enabled || !settings()->pool || !gpus || !getenv(VISIBLE))
		return real->cuInit(flags);
	return init_with(gpus, flags);
}

EXPORT cuDeviceGetCount(int *count)
{
	const struct cuda_real *real = cuda_real();
	CUresult result;

	if (!real->cuDeviceGetCount)
		return CUDA_ERROR_NOT_FOUND;
	result = real->cuDeviceGetCount(count);
	if (result == CUDA_SUCCESS && count && *count > 1 && pool_is_on())
		*count = 1;
	return result;
}

EXPORT cuDeviceGet(CUdevice *device, int ordinal)
{
	const struct cuda_real *real = cuda_real();

	if (!real->cuDeviceGet)
		return CUDA_ERROR_NOT_FOUND;
	return ordinal > 0 && pool_is_on() ? INVALID_DEVICE : real->cuDeviceGet(device, ordinal);
}
