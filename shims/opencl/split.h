/* SPDX-License-Identifier: MIT */
/*
 * Launches in parts: along one dimension, a run of work-groups for each member, where
 * analysis/analysis.h proves that nobody can tell the difference and balance.h that it pays.
 */
#ifndef MVGAL_OPENCL_SPLIT_H
#define MVGAL_OPENCL_SPLIT_H

#include "launch.h"
#include "stamp.h"

/* Whether there is anything to split over, and it is asked for. */
bool split_is_wanted(void);

/* False: it is to run whole. */
bool split_launch(cl_command_queue queue, struct kernel *kernel, const struct ndrange *range,
		  cl_uint count, const cl_event *waits, cl_event *event, cl_int *status);

/* Whether the time of the kernel's next whole launch is of interest; between command_begin and
 * _end. */
bool split_asks(const struct kernel *kernel);

/* Whether a launch that was just judged may write to the memory of an argument. */
bool split_may_write(const struct kernel *kernel, const struct ndrange *range, cl_uint argument);

/* How long a launch that ran whole takes is looked at later: its event and its stamp are taken. */
void split_ran_whole(const struct queue *queue, struct kernel *kernel, const struct ndrange *range,
		     unsigned int member, cl_event inner, struct stamp *stamp);

void split_forget_program(struct program *program);
void split_forget_kernel(struct kernel *kernel);

#endif
