/* SPDX-License-Identifier: MIT */
/*
 * Pooled memory: the program sees one GPU with the memory of all that it was given.
 *
 * What its own card has room for, the driver allocates there as ever. What it has not is laid out
 * over the cards, mapped piece by piece at one run of addresses, which the own card reads and
 * writes over the links. The hooks of the memory functions ask here; where nothing is pooled all of
 * this says so at once.
 */
#ifndef MVGAL_CUDA_POOL_H
#define MVGAL_CUDA_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

bool pool_is_on(void);

/* The same, of what is known already: it opens no driver in a program that has not done so. */
bool pool_is_known(void);

/*
 * Before an allocation: whether the driver is to make it. Where it is not, or the driver has no
 * memory for it, pool_alloc makes it.
 */
bool pool_is_local(size_t bytes);

/* CUDA_ERROR_OUT_OF_MEMORY too where nothing is pooled. The accounts of the cards are charged. */
CUresult pool_alloc(CUdeviceptr *pointer, size_t bytes);

/* The same for a pitched allocation. */
CUresult pool_alloc_pitch(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height);

/*
 * The same for one in the order of a stream; `from` is the memory pool, NULL for the device's own.
 * While the stream is captured all is the driver's.
 */
bool pool_is_local_async(size_t bytes, CUmemoryPool from, CUstream stream, bool per_thread);
CUresult pool_alloc_async(CUdeviceptr *pointer, size_t bytes, CUstream stream, bool per_thread);

/* False where the pointer is none of the pool's: it is the driver's. */
bool pool_free(CUdeviceptr pointer, CUresult *result);
bool pool_free_async(CUdeviceptr pointer, CUstream stream, bool per_thread, CUresult *result);

/* For cuMemGetInfo and NVML: the memory of all cards. False where that is what the driver says. */
bool pool_info(size_t *unused, size_t *total);

/* For cuDeviceTotalMem. */
bool pool_total(CUdevice device, size_t *total);

/*
 * Before cuMemCreate by the program itself: true where the memory must come from another card,
 * which `placed` names: it is to be charged to that, and made by pool_create.
 */
bool pool_place(const CUmemAllocationProp *asked, size_t bytes, CUmemAllocationProp *placed);

/* False where the memory is the driver's to make. */
bool pool_create(CUmemGenericAllocationHandle *handle, size_t bytes,
		 const CUmemAllocationProp *placed, CUresult *result);

/* A context is about to be destroyed or reset, or is so already: its allocations go with it. */
void pool_context_goes(CUcontext context);
void pool_context_gone(CUcontext context);

#endif
