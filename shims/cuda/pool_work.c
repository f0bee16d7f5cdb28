/* SPDX-License-Identifier: MIT */
/* Work for the GPU that passes by: not while pooled memory is mapped anew. */
#include "pool_near.h"
#include "real.h"

#define PASS(result, name, parameters, arguments)                                                  \
	__attribute__((visibility("default"))) result name parameters                              \
	{                                                                                          \
		result(*function) parameters = cuda_real()->name;                                  \
		bool entered;                                                                      \
		result code;                                                                       \
                                                                                                   \
		if (!function)                                                                     \
			return CUDA_ERROR_NOT_FOUND;                                               \
		entered = near_enter();                                                            \
		code = function arguments;                                                         \
		near_leave(entered);                                                               \
		return code;                                                                       \
	}

MVGAL_WORK_HOOKS(PASS)
