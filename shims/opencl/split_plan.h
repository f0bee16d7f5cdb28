/* SPDX-License-Identifier: MIT */
/* Who runs which part of a launch. With the context's lock. */
#ifndef MVGAL_OPENCL_SPLIT_PLAN_H
#define MVGAL_OPENCL_SPLIT_PLAN_H

#include "split_part.h"

struct split_plan {
	unsigned int count; /* 0: it is to run whole */
	struct split_part parts[BALANCE_PARTS];
	enum guest_turn turn;	 /* what the last part is, or that of a rehearsal */
	struct split_part guest; /* of a rehearsal: beside the others */
	const char *why;	 /* it is to run whole */
};

/* Shares of members that are alike, more or less, and of the end of the range for a guest. */
void split_plan(struct kernel *kernel, const struct analysis_verdict *verdict,
		struct balance_class *class, bool with_guest, struct split_plan *plan);

/* Groups [first, groups) dealt out to members that are alike, by turns, in parts of so many at
 * least: what they cost is not known, and may be little at one end and much in the middle. */
void split_plan_deal(const struct context *context, uint64_t first, uint64_t groups, uint64_t least,
		     struct split_plan *plan);

#endif
