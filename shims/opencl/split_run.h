/* SPDX-License-Identifier: MIT */
/* Runs what was planned, and leaves its times to be looked at. With the context's lock. */
#ifndef MVGAL_OPENCL_SPLIT_RUN_H
#define MVGAL_OPENCL_SPLIT_RUN_H

#include "split_first.h"

/* The parts of a plan; `first` where they are the rest of a first launch, else NULL. Gives the
 * program's event where one is asked for. */
void split_run_parts(struct split_work *work, struct balance_class *class, struct split_plan *plan,
		     const struct split_first *first, cl_event *event, cl_int *status);

/* Nothing is left of a first launch: it ran whole, as far as anyone can tell. */
void split_run_at_home(struct split_work *work, struct split_first *first, cl_event *event,
		       cl_int *status);

#endif
