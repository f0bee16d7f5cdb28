/* SPDX-License-Identifier: MIT */
/* The driver's own functions. */
#ifndef MVGAL_CUDA_REAL_H
#define MVGAL_CUDA_REAL_H

#include "hooks.h"

#define MVGAL_FIELD(result, name, parameters, arguments) result(*name) parameters;

/* NULL where the driver does not have it. */
struct cuda_real {
	MVGAL_CUDA_HOOKS(MVGAL_FIELD)
	MVGAL_CUDA_USED(MVGAL_FIELD)
};

struct nvml_real {
	MVGAL_NVML_HOOKS(MVGAL_FIELD)
	MVGAL_NVML_USED(MVGAL_FIELD)
};

#undef MVGAL_FIELD

/*
 * The functions; the library is found at the first call, and stays open. Where there is none, all
 * of them are NULL.
 */
const struct cuda_real *cuda_real(void);
const struct nvml_real *nvml_real(void);

/* The library that a program has opened by its own path is the real one, if it is the first. */
void real_seen(const char *path);

/* dlsym of the C library. */
void *real_dlsym(void *handle, const char *name);

/* What stands in place of a function of the driver, by its name or where it is; NULL for any other.
 */
void *hook_named(const char *name);
void *hook_of(const void *real);

#endif
