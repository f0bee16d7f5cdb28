/* SPDX-License-Identifier: MIT */
/* Hooks of other parts of the shim, which go to the driver. */
#include "real.h"

#define PASS(result, name, parameters, arguments)                                                  \
	__attribute__((weak, visibility("default"))) result name parameters                        \
	{                                                                                          \
		const struct cuda_real *real = cuda_real();                                        \
                                                                                                   \
		return real->name ? real->name arguments : CUDA_ERROR_NOT_FOUND;                   \
	}
MVGAL_MEMORY_HOOKS(PASS)
MVGAL_POOL_HOOKS(PASS)
MVGAL_LAUNCH_HOOKS(PASS)

#define PASS_NVML(result, name, parameters, arguments)                                             \
	__attribute__((weak, visibility("default"))) result name parameters                        \
	{                                                                                          \
		const struct nvml_real *real = nvml_real();                                        \
                                                                                                   \
		return real->name ? real->name arguments : NVML_ERROR_FUNCTION_NOT_FOUND;          \
	}
MVGAL_NVML_HOOKS(PASS_NVML)
