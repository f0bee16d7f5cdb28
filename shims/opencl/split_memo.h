/* SPDX-License-Identifier: MIT */
/*
 * What was said of a kernel's launches: to judge one may take milliseconds, and programs set
 * arguments, or make kernels, for each anew. With the context's lock.
 */
#ifndef MVGAL_OPENCL_SPLIT_MEMO_H
#define MVGAL_OPENCL_SPLIT_MEMO_H

#include "analysis.h"
#include "opencl.h"

#define SPLIT_MEMOS 4

struct split_memo;

struct split_memos {
	struct split_memo *entries[SPLIT_MEMOS];
	uint64_t clock;
	double cost, judged; /* seconds: what the last one took, and when it was over */
};

/* The verdict on a launch, said before or now; NULL: it would cost more than it can bring, where
 * launches take `seconds`, or 0 where that is not known. */
const struct analysis_verdict *memo_judge(struct split_memos *memos,
					  const struct analysis *analysis, size_t kernel,
					  const struct analysis_launch *launch, double seconds);

void memo_forget(struct split_memos *memos);

#endif
