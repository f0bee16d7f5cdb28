/* SPDX-License-Identifier: MIT */
/* The limit of memory at this very moment: for who allocates. */
#ifndef MVGAL_CUDA_LIMITS_NOW_H
#define MVGAL_CUDA_LIMITS_NOW_H

#include <stdint.h>

/*
 * Bytes that this process alone may have of a GPU, by the environment and the policy; the group's
 * limit is checked where bytes are taken (group.h). `index` is the CUDA ordinal, -1 where unknown;
 * `uuid` may be empty.
 */
uint64_t limits_own_bytes(int index, const char *id, const char *uuid);

void limits_after_fork(void);

#endif
