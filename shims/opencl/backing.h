/* SPDX-License-Identifier: MIT */
/*
 * What it takes to run a part again on the home: what it read as it was. The home has that, or
 * waits for it: parts before it on the member that can be run again make it. Where something else
 * is written over it, those groups are left out that touch that, as far as the rest is still one
 * part: members' shares change from launch to launch. For flight.c, some of whose interface it is.
 * All with the lock.
 */
#ifndef MVGAL_OPENCL_BACKING_H
#define MVGAL_OPENCL_BACKING_H

#include "flight.h"

enum flight_state {
	FLIGHT_UP,
	FLIGHT_DONE_OVER,
	FLIGHT_LOST,
};

/* What a part touches of an argument. */
struct flight_use {
	void *object;	       /* memory or a sampler, held: the kernel has it for an argument */
	struct memory *memory; /* NULL: a sampler */
	struct analysis_use windows;
	/* Of the memory's root; what of it has been written since it was read, from the first byte
	 * to the last; and what of either the home waits for. */
	struct range reads, writes;
	struct range rewritten;
	struct ranges awaited;
};

struct flight {
	struct flight *next; /* of the context's, in order */
	_Atomic unsigned int references;
	_Atomic enum flight_state state;
	uint64_t launch;
	cl_event event;
	/* The home's kernel with the arguments of then, and the groups that it can run again. */
	cl_kernel kernel;
	struct split_cut cut;
	struct split_part part;
	bool is_over;	/* without an error */
	bool is_backed; /* it can be run again */
	unsigned int count;
	struct flight_use uses[]; /* room for all arguments */
};

/* Holds what the part of a launch uses. */
void backing_begin(struct flight *flight, const struct split_work *work);
/* It cannot be run again: nor can parts before it be where it wrote, or those that wait for it. */
void backing_end(struct flight *flight, const struct context *context);
/* None of a member can be. */
void backing_forget(const struct context *context, unsigned int member);

#endif
