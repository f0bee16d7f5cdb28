/* SPDX-License-Identifier: MIT */
/* How many bytes arrays take: by format, channels and extents. */
#ifndef MVGAL_CUDA_ARRAY_SIZE_H
#define MVGAL_CUDA_ARRAY_SIZE_H

#include "abi.h"

/*
 * Bytes of an array, and of one with levels of half the extents each; UINT64_MAX for more than
 * there can be. 0 for what has no memory of its own (sparse, deferred), and for a format that is
 * not known here: what such an array takes shows in NVML's figure for the process.
 */
uint64_t array_bytes(const CUDA_ARRAY3D_DESCRIPTOR *shape);
uint64_t mipmap_bytes(const CUDA_ARRAY3D_DESCRIPTOR *shape, unsigned int levels);

#endif
