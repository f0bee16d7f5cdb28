/* SPDX-License-Identifier: MIT */
/* The program for parts, compiled for a member. Without locks: it takes its time. */
#ifndef MVGAL_OPENCL_SPLIT_MAKE_H
#define MVGAL_OPENCL_SPLIT_MAKE_H

#include "program.h"

/* In the member's context; NULL where it is refused. */
cl_program split_make(cl_context context, const struct program *program, unsigned int member,
		      cl_int *status);

/* The same for one of several members: of one like it that has been `made`, or from its text. */
cl_program split_make_beside(cl_context context, const struct program *program, unsigned int member,
			     _Atomic(cl_program) const *made);

#endif
