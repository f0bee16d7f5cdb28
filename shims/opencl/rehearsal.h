/* SPDX-License-Identifier: MIT */
/*
 * Parts that a guest runs for itself, to be timed, while another member runs the same: nobody waits
 * for it, and what it writes is forgotten. One at a time in a context. With its lock.
 */
#ifndef MVGAL_OPENCL_REHEARSAL_H
#define MVGAL_OPENCL_REHEARSAL_H

#include "split_part.h"

/* Begins one of a part that the launch itself is yet to run elsewhere; gives its event and how its
 * time is to be had, or an error of OpenCL's, and then it is not begun. */
cl_int rehearsal_begin(const struct split_work *work, const struct split_part *part,
		       cl_event *event, struct stamp **stamp);

/* Whether there is one that is not over. */
bool rehearsal_is_on(struct context *context);

/* Before the member is given anything that counts: what rehearses there may write to its memory. */
void rehearsal_wait(struct context *context, unsigned int member);

void rehearsal_forget(struct context *context);

#endif
