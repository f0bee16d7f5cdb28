/* SPDX-License-Identifier: MIT */
/* What is known of programs and kernels whose launches may be split. With the context's lock. */
#ifndef MVGAL_OPENCL_SPLIT_PROGRAM_H
#define MVGAL_OPENCL_SPLIT_PROGRAM_H

#include "analysis.h"
#include "balance.h"
#include "split.h"
#include "split_build.h"
#include "split_memo.h"
#include "stamp.h"

struct split_past;

struct split_program {
	struct analysis *analysis; /* NULL: neither source nor SPIR-V, or no memory */
	struct split_past *pasts;  /* of each kernel in it, and of those that are not */
	size_t past_count;
	struct split_build build;
};

/* Parts that were launched, whose times are not known yet. */
struct split_run {
	struct balance_class *class;
	uint64_t key;
	double moving;
	/* Seconds that its kernel was charged with when it was launched. */
	double counted, charged;
	double before;	 /* what the slices took that were run before; 0: it is not known */
	uint64_t groups; /* of the launch */
	const struct queue *queue; /* to be told from others: it may be gone */
	unsigned int behind;	   /* launches of the kernel there since then */
	unsigned int count;
	struct {
		cl_event event;
		struct stamp *stamp; /* NULL: the driver tells its time */
		unsigned int member;
		uint64_t from, to;
	} parts[BALANCE_PARTS];
	bool is_whole, is_first;
	/* What the last part is, and who it was for. */
	enum guest_turn turn;
	unsigned int guest;
};

#define SPLIT_TOLD 8

/* Of all kernel objects of one name: programs make one for each launch, and drop it. */
struct split_past {
	struct balance balance;
	struct split_run run, rehearsal;
	double spent; /* seconds that it ran, as far as is known: many launches are never timed */
	double lost;  /* of these, what parts took more than the whole */
	struct split_memos memos;
	double seconds; /* of the launch before, or its longest part; 0: not known */
	/* Sums of what was told. */
	uint32_t told[SPLIT_TOLD];
	unsigned int told_count;
};

struct split_kernel {
	int number; /* in the analysis; -1: not there */
	struct analysis_kernel_info info;
	cl_kernel inner[POOL_MEMBERS];
	uint64_t set[POOL_MEMBERS];
	/* The verdict of the launch before. */
	uint64_t generation;
	uint64_t grid[10];
	struct analysis_verdict verdict;
	bool has_verdict, is_compared;
	double counted; /* of the launch that begins: see split_count */
	struct split_past *past;
};

/* NULL: no memory. */
struct split_kernel *split_kernel_of(struct kernel *kernel);

/* Those that may take part, a bit each. */
unsigned int split_members(const struct context *context);

/* Seconds that a program's kernels ran. */
double split_spent(const struct split_program *split);

/* A launch of a class begins, which takes as long as the one before: the seconds. */
double split_count(struct split_past *past, const struct balance_class *class);

/* Seconds that what is over took on a member; 0: it failed, or that is not known. */
double split_seconds_of(cl_event event, unsigned int member);

/* Gives up the events of parts. */
void split_drop_run(struct split_run *run);

/* Whether it is not over yet, and tries something out. */
bool split_is_trying(const struct split_run *run);

/* Takes the times of the launch before, once it is over. */
void split_learn(struct split_kernel *split);

/* Judges the launch; NULL: that would take longer than it is worth. */
const struct analysis_verdict *split_judge(struct kernel *kernel, const struct ndrange *range,
					   struct analysis_launch *launch,
					   struct analysis_arg args[ANALYSIS_ARGS]);

/* The member's kernel of the text for parts, its arguments set but the hidden one. */
cl_kernel split_kernel_on(struct kernel *kernel, unsigned int member, cl_int *status);
/* The same, one more that is the caller's. */
cl_kernel split_kernel_new(struct kernel *kernel, unsigned int member, cl_int *status);

#endif
