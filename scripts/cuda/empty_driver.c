/* SPDX-License-Identifier: MIT */
/*
 * A libcuda.so.1 whose calls do nothing, and whose work takes no time: what a launch costs with it
 * is the shim's own. MVGAL_EMPTY_GPUS is how many GPUs it has.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRIVER(name, ...) __attribute__((visibility("default"), used)) int name(__VA_ARGS__)

static char things[8];

/* A handle of anything. */
static int give(void **out, int which)
{
	*out = &things[which];
	return 0;
}

DRIVER(cuInit, unsigned int flags)
{
	return (int)(flags & 0);
}

DRIVER(cuDeviceGet, int *device, int ordinal)
{
	*device = ordinal;
	return 0;
}

DRIVER(cuDeviceGetCount, int *count)
{
	const char *text = getenv("MVGAL_EMPTY_GPUS");

	*count = text ? atoi(text) : 1;
	return 0;
}

DRIVER(cuDeviceGetPCIBusId, char *text, int length, int device)
{
	snprintf(text, (size_t)length, "0000:%02x:00.0", device + 1);
	return 0;
}

DRIVER(cuDevicePrimaryCtxRetain, void **context, int device)
{
	(void)device;
	return give(context, 0);
}

DRIVER(cuCtxSetCurrent, void *context)
{
	return context != &things[0];
}

DRIVER(cuCtxGetCurrent, void **context)
{
	return give(context, 0);
}

DRIVER(cuCtxGetDevice, int *device)
{
	*device = 0;
	return 0;
}

DRIVER(cuCtxSynchronize, void)
{
	return 0;
}

DRIVER(cuModuleLoadData, void **module, const void *image)
{
	(void)image;
	return give(module, 1);
}

DRIVER(cuModuleGetFunction, void **function, void *module, const char *name)
{
	(void)module, (void)name;
	return give(function, 2);
}

DRIVER(cuStreamCreate, void **stream, unsigned int flags)
{
	(void)flags;
	return give(stream, 3);
}

DRIVER(cuStreamGetCtx, void *stream, void **context)
{
	(void)stream;
	return give(context, 0);
}

DRIVER(cuStreamIsCapturing, void *stream, int *status)
{
	(void)stream;
	*status = 0;
	return 0;
}

DRIVER(cuThreadExchangeStreamCaptureMode, int *mode)
{
	*mode = 0;
	return 0;
}

DRIVER(cuEventCreate, void **event, unsigned int flags)
{
	(void)flags;
	return give(event, 4);
}

DRIVER(cuEventRecord, void *event, void *stream)
{
	(void)event, (void)stream;
	return 0;
}

DRIVER(cuEventQuery, void *event)
{
	(void)event;
	return 0;
}

DRIVER(cuEventElapsedTime, float *ms, void *from, void *to)
{
	(void)from, (void)to;
	*ms = 0;
	return 0;
}

DRIVER(cuMemAlloc_v2, unsigned long long *pointer, size_t bytes)
{
	(void)bytes;
	*pointer = 1 << 20;
	return 0;
}

DRIVER(cuMemFree_v2, unsigned long long pointer)
{
	(void)pointer;
	return 0;
}

DRIVER(cuLaunchKernel, void *function, unsigned int gx, unsigned int gy, unsigned int gz,
       unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared, void *stream,
       void **parameters, void **extra)
{
	(void)function, (void)gx, (void)gy, (void)gz, (void)bx, (void)by, (void)bz;
	(void)shared, (void)stream, (void)parameters, (void)extra;
	return 0;
}
