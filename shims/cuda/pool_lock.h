/* SPDX-License-Identifier: MIT */
/*
 * One allocation, or what is unmapped, at a time. A fork of the program waits for it. What is asked
 * of the driver meanwhile does not spoil a stream that some thread captures.
 */
#ifndef MVGAL_CUDA_POOL_LOCK_H
#define MVGAL_CUDA_POOL_LOCK_H

/* Before any lock of the pool is taken. */
void pool_watch_forks(void);

void pool_lock(void);
void pool_unlock(void);

#endif
