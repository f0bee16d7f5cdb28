/* SPDX-License-Identifier: MIT */
/*
 * Memory of the driver, charged: what the hooks of pool_memory.c call for what is not the pool's,
 * as charged_ and the name of the function.
 */
#ifndef MVGAL_CUDA_CHARGED_H
#define MVGAL_CUDA_CHARGED_H

#include "hooks.h"

#define MVGAL_CHARGED(result, name, parameters, arguments) result charged_##name parameters;
MVGAL_MEMORY_HOOKS(MVGAL_CHARGED)
#undef MVGAL_CHARGED

#endif
