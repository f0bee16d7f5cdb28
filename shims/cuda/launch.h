/* SPDX-License-Identifier: MIT */
/* What other hooks tell those of launches. */
#ifndef MVGAL_CUDA_LAUNCH_H
#define MVGAL_CUDA_LAUNCH_H

#include "abi.h"

/* A context is about to go, or has gone, with all its streams and events. */
void launch_context_gone(CUcontext context);

#endif
