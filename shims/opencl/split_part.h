/* SPDX-License-Identifier: MIT */
/* One part of a launch: its memory, its launch, and what it has written. With the context's lock.
 */
#ifndef MVGAL_OPENCL_SPLIT_PART_H
#define MVGAL_OPENCL_SPLIT_PART_H

#include "split_program.h"
#include "stamp.h"

struct split_work {
	struct queue *queue;
	struct kernel *kernel;
	const struct analysis_launch *launch;
	const struct analysis_verdict *verdict;
};

struct split_part {
	unsigned int member;
	uint64_t from, to; /* groups */
};

/* Brings what the part touches. */
cl_int split_part_bring(const struct split_work *work, const struct split_part *part);

/* Enqueues it, and gives its event; and, where that is not NULL, how its time is to be had. */
cl_int split_part_run(const struct split_work *work, const struct split_part *part, cl_event *event,
		      struct stamp **stamp);

/* Notes what it has written; what cannot be in parts is brought together at home. */
cl_int split_part_wrote(const struct split_work *work, const struct split_part *part);

#endif
