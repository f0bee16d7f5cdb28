/* SPDX-License-Identifier: MIT */
/*
 * The functions of the driver that sample.c calls, and the ways to find them.
 *
 * A row is X(name, symbol, suffix, (parameters)): the name that cuGetProcAddress knows, the one
 * that is exported, and what that one ends in for the default stream of the thread.
 */
#ifndef MVGAL_SAMPLE_DRIVER_H
#define MVGAL_SAMPLE_DRIVER_H

#include "abi.h"

#define DRIVER_FUNCTIONS(X)                                                                        \
	X(cuInit, cuInit, , (unsigned int flags))                                                  \
	X(cuDeviceGet, cuDeviceGet, , (CUdevice * device, int ordinal))                            \
	X(cuDeviceGetCount, cuDeviceGetCount, , (int *count))                                      \
	X(cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain, , (CUcontext * context, CUdevice d)) \
	X(cuCtxSetCurrent, cuCtxSetCurrent, , (CUcontext context))                                 \
	X(cuCtxSynchronize, cuCtxSynchronize, , (void))                                            \
	X(cuModuleLoadData, cuModuleLoadData, , (CUmodule * module, const void *image))            \
	X(cuModuleGetFunction, cuModuleGetFunction, ,                                              \
	  (CUfunction * function, CUmodule module, const char *name))                              \
	X(cuMemGetInfo, cuMemGetInfo_v2, , (size_t * unused, size_t * total))                      \
	X(cuMemAlloc, cuMemAlloc_v2, , (CUdeviceptr * pointer, size_t bytes))                      \
	X(cuMemFree, cuMemFree_v2, , (CUdeviceptr pointer))                                        \
	X(cuMemAllocPitch, cuMemAllocPitch_v2, ,                                                   \
	  (CUdeviceptr * pointer, size_t * pitch, size_t width, size_t height, unsigned int size)) \
	X(cuMemAllocManaged, cuMemAllocManaged, ,                                                  \
	  (CUdeviceptr * pointer, size_t bytes, unsigned int flags))                               \
	X(cuArrayCreate, cuArrayCreate_v2, ,                                                       \
	  (CUarray * array, const CUDA_ARRAY_DESCRIPTOR *shape))                                   \
	X(cuArrayDestroy, cuArrayDestroy, , (CUarray array))                                       \
	X(cuMemAllocAsync, cuMemAllocAsync, _ptsz,                                                 \
	  (CUdeviceptr * pointer, size_t bytes, CUstream stream))                                  \
	X(cuMemFreeAsync, cuMemFreeAsync, _ptsz, (CUdeviceptr pointer, CUstream stream))           \
	X(cuMemPoolCreate, cuMemPoolCreate, , (CUmemoryPool * pool, const CUmemPoolProps *props))  \
	X(cuMemPoolTrimTo, cuMemPoolTrimTo, , (CUmemoryPool pool, size_t keep))                    \
	X(cuMemAllocFromPoolAsync, cuMemAllocFromPoolAsync, _ptsz,                                 \
	  (CUdeviceptr * pointer, size_t bytes, CUmemoryPool pool, CUstream stream))               \
	X(cuMemCreate, cuMemCreate, ,                                                              \
	  (CUmemGenericAllocationHandle * handle, size_t bytes, const CUmemAllocationProp *props,  \
	   unsigned long long flags))                                                              \
	X(cuMemRelease, cuMemRelease, , (CUmemGenericAllocationHandle handle))                     \
	X(cuMemAddressReserve, cuMemAddressReserve, ,                                              \
	  (CUdeviceptr * pointer, size_t bytes, size_t alignment, CUdeviceptr at,                  \
	   unsigned long long flags))                                                              \
	X(cuMemAddressFree, cuMemAddressFree, , (CUdeviceptr pointer, size_t bytes))               \
	X(cuMemMap, cuMemMap, ,                                                                    \
	  (CUdeviceptr pointer, size_t bytes, size_t offset, CUmemGenericAllocationHandle handle,  \
	   unsigned long long flags))                                                              \
	X(cuMemUnmap, cuMemUnmap, , (CUdeviceptr pointer, size_t bytes))                           \
	X(cuMemSetAccess, cuMemSetAccess, ,                                                        \
	  (CUdeviceptr pointer, size_t bytes, const CUmemAccessDesc *access, size_t count))        \
	X(cuMemsetD8, cuMemsetD8_v2, _ptds,                                                        \
	  (CUdeviceptr pointer, unsigned char value, size_t bytes))                                \
	X(cuMemcpyDtoH, cuMemcpyDtoH_v2, _ptds, (void *to, CUdeviceptr from, size_t bytes))        \
	X(cuLaunchKernel, cuLaunchKernel, _ptsz,                                                   \
	  (CUfunction function, unsigned int gx, unsigned int gy, unsigned int gz,                 \
	   unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared,                 \
	   CUstream stream, void **parameters, void **extra))                                      \
	X(cuStreamSynchronize, cuStreamSynchronize, _ptsz, (CUstream stream))                      \
	X(cuEventCreate, cuEventCreate, , (CUevent * event, unsigned int flags))                   \
	X(cuEventRecord, cuEventRecord, _ptsz, (CUevent event, CUstream stream))                   \
	X(cuEventSynchronize, cuEventSynchronize, , (CUevent event))

struct driver {
#define MEMBER(name, symbol, suffix, parameters) CUresult(*name) parameters;
	DRIVER_FUNCTIONS(MEMBER)
#undef MEMBER
};

/*
 * Finds the driver by a way: `library` is a path, for ways that take one. NULL, or what is missing.
 */
const char *find_driver(struct driver *driver, const char *way, const char *library);

/* The whole sample, as a library that another program opens has it. */
int sample_main(int argc, char **argv);

#endif
