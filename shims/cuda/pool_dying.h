/* SPDX-License-Identifier: MIT */
/*
 * Allocations that were freed in the order of a stream: they are the stream's until it has come
 * past that point. Guarded by the pool's lock, but for dying_is_captured.
 */
#ifndef MVGAL_CUDA_POOL_DYING_H
#define MVGAL_CUDA_POOL_DYING_H

#include "pool_cards.h"

bool dying_is_captured(CUstream stream, bool per_thread);

/* Marks the point. The second free of the same is refused. */
CUresult dying_add(CUdeviceptr pointer, CUcontext context, CUstream stream, bool per_thread);

/* Frees what is past its point; with `wait`, all. Says whether there was any. */
bool dying_reap(const struct cards *cards, bool wait);

/* Forgets those of a context that goes; the events went with one that is gone. */
void dying_drop(CUcontext context, bool is_gone);

/* Takes the pool's lock. */
bool dying_has(CUdeviceptr pointer);

#endif
