/* SPDX-License-Identifier: MIT */
/*
 * The program for parts, built for each member. Where nobody asked for parts it is built beside the
 * program's own work, which runs whole until then: compilers take longer than many programs run.
 */
#ifndef MVGAL_OPENCL_SPLIT_BUILD_H
#define MVGAL_OPENCL_SPLIT_BUILD_H

#include "program.h"

struct split_build {
	_Atomic(cl_program) inner[POOL_MEMBERS];
	_Atomic bool is_refused[POOL_MEMBERS]; /* it did not build there */
	bool is_under_way;
	bool is_at_home; /* what is left of it is the home's */
	bool is_slow;	 /* which was waited for in vain */
};

/* Builds it now where it is not. With the context's lock. */
cl_program split_build_on(struct program *program, unsigned int member, cl_int *status);

/* Whether there is nothing left to build for some members, a bit each; if there is, begins with it
 * as soon as its kernels have run for long enough. With the context's lock. */
bool split_build_is_ready(struct program *program, unsigned int members);

/* Whether there is nothing left now; if that is so but for the home's, which waits for what runs
 * there, it is waited for, for so many seconds at most and once. */
bool split_build_wait(struct program *program, unsigned int members, double seconds);

/* Whether it is being built. */
bool split_build_is_under_way(const struct program *program);

/* A launch in parts took so many seconds less than whole. */
void split_build_saved(double seconds);

/* The same for a launch of unknown length that has begun: builds if it runs for long enough. */
void split_build_watch(struct program *program, unsigned int members, cl_event running);

/* Waits for what is under way, and gives all up. */
void split_build_drop(struct split_build *build);

#endif
