/* SPDX-License-Identifier: MIT */
/*
 * Physical memory that the program maps by itself: it lives until all its handles are released and
 * all its mappings are gone.
 *
 * All but the lock itself is called under it, and so is the driver: nobody else can be given a
 * handle or an address that was just given up.
 */
#ifndef MVGAL_CUDA_BLOCKS_H
#define MVGAL_CUDA_BLOCKS_H

#include <stdbool.h>

#include "abi.h"
#include "devices.h"

void blocks_lock(void);
void blocks_unlock(void);

/* Room to note one more handle or mapping; no without memory. */
bool blocks_prepare(void);

/* Memory was made, of as many bytes that were charged. Prepared for. */
void blocks_created(CUmemGenericAllocationHandle handle, const struct device *device,
		    uint64_t bytes);

/* A handle was released, or given again for what is mapped at an address, or given again itself. */
void blocks_released(CUmemGenericAllocationHandle handle);
void blocks_retained(CUmemGenericAllocationHandle handle, CUdeviceptr address);
bool blocks_imported(CUmemGenericAllocationHandle handle);

void blocks_mapped(CUdeviceptr pointer, uint64_t bytes, CUmemGenericAllocationHandle handle);
void blocks_unmapped(CUdeviceptr pointer, uint64_t bytes);

void blocks_after_fork(void);

#endif
