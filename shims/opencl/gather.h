/* SPDX-License-Identifier: MIT */
/* Reading what lies on several members. */
#ifndef MVGAL_OPENCL_GATHER_H
#define MVGAL_OPENCL_GATHER_H

#include "memory.h"

/*
 * Reads a range of a buffer, each part from a member that has it, when all is done that the member
 * was given, and waits for it. Drivers copy to memory that is not pinned by a processor: members of
 * large reads get a thread each for as long as it takes. With the context's lock.
 */
cl_int gather_read(struct memory *root, struct range range, unsigned char *to);

/*
 * The same of an image, whose lines are its own: with pitches in bytes, that of its lines not 0.
 * What is read has to lie in it.
 */
cl_int gather_read_image(struct memory *image, const size_t origin[3], const size_t region[3],
			 size_t row_pitch, size_t slice_pitch, unsigned char *to);

#endif
