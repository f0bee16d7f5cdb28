/* SPDX-License-Identifier: MIT */
/*
 * Removing what other versions left in the cache. Done when a version is unpacked, under the lock.
 *
 * A version goes when it was not started for two weeks and no process runs from it. Two versions
 * that are used in turn therefore stay; a service that has run for longer than that keeps its
 * files.
 */
#ifndef MVGAL_LAUNCHER_SWEEP_H
#define MVGAL_LAUNCHER_SWEEP_H

/* What directories are called until they are whole, and from when they are to go. */
#define SWEEP_NEW ".new-"
#define SWEEP_OLD ".old-"

/* Removes what starts that were killed left behind. */
void sweep_leftovers(int store);

/* Removes versions other than `keep`. Without /proc nothing is removed. */
void sweep_versions(int store, const char *keep);

#endif
