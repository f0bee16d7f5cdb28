/* SPDX-License-Identifier: MIT */
/*
 * The first launch of a kernel, which may take a microsecond or an hour: nothing that was enqueued
 * can be taken back. One that is large is enqueued at home slice by slice, and what is left of it
 * when it has turned out to be a long one, and its program is built for parts, is dealt out in
 * parts.
 */
#ifndef MVGAL_OPENCL_SPLIT_FIRST_H
#define MVGAL_OPENCL_SPLIT_FIRST_H

#include "split_plan.h"

struct split_first {
	struct analysis_verdict verdict; /* that of the work, from the first slice on */
	struct balance_class *class;
	uint64_t at;		/* the groups before it are enqueued */
	double seconds;		/* that those slices took which were waited for; 0: not known */
	cl_event begun;		/* of the first slice, which is over */
	cl_event running;	/* of the last one, where it is not waited for; else NULL */
	uint64_t last;		/* where that begins */
	struct split_plan plan; /* of the groups from `at` on; none where they are all enqueued */
};

/* Whether a launch of a class that was not measured is large enough, and goes without being built
 * for parts. With the context's lock. */
bool split_first_may(const struct split_work *work, const struct balance_class *class);

/* Runs it at home as far as that. NULL, and nothing was enqueued: it is to run whole. The lock is
 * let go while a slice is waited for. */
struct split_first *split_first_run(struct split_work *work, struct balance_class *class,
				    cl_int *status);

void split_first_free(struct split_first *first);

#endif
