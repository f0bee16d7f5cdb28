/* SPDX-License-Identifier: MIT */
/* Who runs which part of a launch. With the context's lock. */
#ifndef MVGAL_OPENCL_SPLIT_PLAN_H
#define MVGAL_OPENCL_SPLIT_PLAN_H

#include "split_part.h"

struct split_plan {
	unsigned int count; /* 0: it is to run whole */
	struct split_part parts[POOL_MEMBERS];
	enum guest_turn turn;	 /* what the last part is, or that of a rehearsal */
	struct split_part guest; /* of a rehearsal: beside the others */
	const char *why;	 /* it is to run whole */
};

/* Shares of the groups from `first` on, of members that are alike, more or less; and of the end of
 * the range for a guest. */
void split_plan(struct kernel *kernel, const struct analysis_verdict *verdict,
		struct balance_class *class, bool with_guest, uint64_t first,
		struct split_plan *plan);

#endif
