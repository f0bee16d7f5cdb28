/* SPDX-License-Identifier: MIT */
/*
 * How long a command took on a member whose driver tells no times (as rusticl's before Mesa 23.1):
 * by the clock, when it and what was before it were over.
 */
#ifndef MVGAL_OPENCL_STAMP_H
#define MVGAL_OPENCL_STAMP_H

#include "opencl.h"

struct stamp;

/* It was seen that the member tells none. */
void stamp_need(unsigned int member);

/* Before the command is enqueued. NULL: there is no need, or no way. */
struct stamp *stamp_begin(cl_command_queue queue, unsigned int member);

/* The command's event. */
void stamp_end(struct stamp *stamp, cl_event event);

/* Seconds; 0 where it is not known, negative where it will be. */
double stamp_seconds(const struct stamp *stamp);

void stamp_drop(struct stamp *stamp);

#endif
