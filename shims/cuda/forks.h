/* SPDX-License-Identifier: MIT */
/* Locks in a child after fork: what another thread of the parent held would never be let go. */
#ifndef MVGAL_CUDA_FORKS_H
#define MVGAL_CUDA_FORKS_H

#include <pthread.h>

/*
 * Has a lock made anew in children, from its first use on. What it guards must be sound at any
 * time: a child may find it in the midst of a change.
 */
void fork_renews(pthread_mutex_t *lock);

#endif
