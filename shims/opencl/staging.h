/* SPDX-License-Identifier: MIT */
/* Bytes of a buffer on their way from one member to another, by memory of the host that devices
 * reach at full speed. With the context's lock. */
#ifndef MVGAL_OPENCL_STAGING_H
#define MVGAL_OPENCL_STAGING_H

#include "context.h"
#include "ranges.h"

/* Moves what neither side is working on, and waits for it. */
cl_int staging_move(struct context *context, unsigned int source, cl_mem from, unsigned int target,
		    cl_mem to, struct range range);

/* Gives it up with the context. */
void staging_drop(struct staging *staging);

/*
 * Two halves of `room` bytes, `least` or more, for `whole` bytes to pass through: pinned where they
 * are many. `own` is to be freed then. NULL: no memory.
 */
unsigned char *staging_take(struct context *context, unsigned int member, size_t whole,
			    size_t least, size_t *room, unsigned char **own);

#endif
