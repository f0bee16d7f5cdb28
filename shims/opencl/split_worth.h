/* SPDX-License-Identifier: MIT */
/* What may be spent on finding out what parts bring. With the context's lock. */
#ifndef MVGAL_OPENCL_SPLIT_WORTH_H
#define MVGAL_OPENCL_SPLIT_WORTH_H

#include "split_plan.h"

/* So much of one launch, beside what the kernel ran so far. */
#define WORTH_OF_LAUNCH 0.25

/* So many bytes were moved in so many seconds. */
void worth_moved(struct context *context, size_t bytes, double seconds);

/* Whether a plan may be run for what takes so many seconds at home, where it is not known yet what
 * that brings. */
bool worth_trying(const struct split_work *work, const struct balance_class *class,
		  const struct split_plan *plan, double seconds);

/* Whether a guest may do so, or rehearse, for which so many bytes are to be moved. */
bool worth_rehearsing(const struct split_work *work, const struct balance_class *class,
		      size_t missing);

#endif
