/* SPDX-License-Identifier: MIT */
/* Lines of an image on their way from one member to another: what is between two places along one
 * of its axes. With the context's lock. */
#ifndef MVGAL_OPENCL_LINES_H
#define MVGAL_OPENCL_LINES_H

#include "memory.h"

/* How far it goes along each axis: layers of arrays are the last but one where it has lines. */
void lines_region(const struct memory *image, size_t region[3]);

/* Moves [begin, end) along the axis, of what neither side is working on, and waits for it. */
cl_int lines_move(struct memory *image, unsigned int from, unsigned int to, unsigned int axis,
		  size_t begin, size_t end);

/* All of it. */
cl_int lines_move_all(struct memory *image, unsigned int from, unsigned int to);

#endif
