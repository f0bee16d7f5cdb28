/* SPDX-License-Identifier: MIT */
/*
 * Charging memory: first reserved, then kept where the driver has allocated it, or cancelled where
 * it has not.
 *
 * A GPU that is NULL, as of memory that lies in the host, is charged nothing.
 */
#ifndef MVGAL_CUDA_ACCOUNT_H
#define MVGAL_CUDA_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "devices.h"

/* Before anything else of memory: children of fork have accounts of their own. */
void account_begin(void);

/* The GPU of the calling thread's context, or of a number; NULL where the shim is to do nothing. */
const struct device *account_current(void);
const struct device *account_device(CUdevice device);

/* Takes bytes for an allocation that is about to be made; no where they are over a limit. */
bool account_reserve(const struct device *device, uint64_t bytes);

/* What became of them. */
void account_keep(const struct device *device, uint64_t bytes);
void account_cancel(const struct device *device, uint64_t bytes);

/* Memory that is there already, whatever the limit. */
void account_force(const struct device *device, uint64_t bytes);

/* Memory that was kept is free again. */
void account_release(const struct device *device, uint64_t bytes);

/* For memory that other parts of the shim make: they count it in the session's page themselves. */
bool account_take(CUdevice device, size_t bytes);
void account_give(CUdevice device, size_t bytes);

/*
 * NVML's figure for this process says less than what is charged (managed memory that lies
 * elsewhere) or more (memory of another process): while there is such memory, what the driver
 * itself needs is not asked for.
 */
void account_blur(const struct device *device);
void account_unblur(const struct device *device);

/*
 * While memory comes or goes of which no reservation tells: NVML's figure and what is charged are
 * of different moments.
 */
void account_busy(void);
void account_idle(void);

/* Counts what the driver itself needs, where that was not done of late. Not with a lock of the
 * shim. */
void account_look(const struct device *device);

/* A context is gone: what the driver itself needs is less. */
void account_context_gone(void);

#endif
