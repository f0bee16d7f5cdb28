/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of memory objects are. Of a buffer each range may be valid on any members, of an
 * image all or nothing. All with the lock of the context, which is spread; in one that is not, all
 * is valid at home and nobody asks.
 */
#ifndef MVGAL_OPENCL_RESIDENCY_H
#define MVGAL_OPENCL_RESIDENCY_H

#include "memory.h"

enum residency_access {
	RESIDENCY_READ,	 /* the range is needed as it is */
	RESIDENCY_WRITE, /* it is overwritten, and not read */
};

/*
 * Gives the member's object, in which [offset, offset + size) of `memory` is valid: what is not is
 * copied from another member. Parts of buffers are parts of their buffer here. NULL: not to be had.
 */
cl_mem residency_need(struct memory *memory, unsigned int member, size_t offset, size_t size,
		      enum residency_access access, cl_int *status);

/* Whether the range is valid on a member as it is. */
bool residency_is_on(const struct memory *memory, unsigned int member, size_t offset, size_t size);

/* How many bytes of the range would have to be moved to a member. */
size_t residency_missing(const struct memory *memory, unsigned int member, size_t offset,
			 size_t size);

/* A member that has the start of a root's range, and how much of it. */
bool residency_source(const struct memory *root, struct range range, unsigned int *member,
		      struct range *found);

/* Reads a range of a buffer from wherever its parts are, and waits for it. */
cl_int residency_read(struct memory *memory, size_t offset, size_t size, void *to);

/* The same of an image with its pitches. False: it has to be had at one place. */
bool residency_read_image(struct memory *image, const size_t origin[3], const size_t region[3],
			  size_t row_pitch, size_t slice_pitch, void *to, cl_int *status);

/* The member has not got the range of a root any more. */
void residency_lost(struct memory *root, unsigned int member, struct range range);

/* What is enqueued on the member writes the range: nobody else has it now. */
void residency_wrote(struct memory *memory, unsigned int member, size_t offset, size_t size);

#endif
