/* SPDX-License-Identifier: MIT */
/* Lines of an image on their way from one member to another: what is between two places along one
 * of its axes. With the context's lock. */
#ifndef MVGAL_OPENCL_LINES_H
#define MVGAL_OPENCL_LINES_H

#include "memory.h"

/* How far it goes along each axis; layers of an array are the last. */
void lines_region(const struct memory *image, size_t region[3]);
/* Notes which axis is the slowest, and what lies along it. */
void lines_note(struct memory *image);

/* Moves [begin, end) along the axis, of what neither side is working on, and waits for it. */
cl_int lines_move(struct memory *image, unsigned int from, unsigned int to, unsigned int axis,
		  size_t begin, size_t end);

#endif
