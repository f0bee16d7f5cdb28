/* SPDX-License-Identifier: MIT */
/* What the parameters of a launch point to. */
#ifndef MVGAL_CUDA_POOL_PARAMS_H
#define MVGAL_CUDA_POOL_PARAMS_H

#include "abi.h"

#define PARAMS_POINTERS 16

/* Words of the parameters that may be addresses of pooled memory, each once; how many there are. */
int params_pointers(CUfunction function, void **parameters, void **extra,
		    CUdeviceptr pointers[PARAMS_POINTERS]);

#endif
