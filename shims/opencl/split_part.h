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

/*
 * The bytes of its root that the part touches of memory, by a window; of an image the lines, where
 * `axis` is the one along which it has lines, else all. False: none.
 */
bool split_part_range(const struct split_part *part, const struct memory *memory,
		      const struct analysis_window *window, const unsigned int *axis,
		      struct range *range);

/* Brings what the part touches. */
cl_int split_part_bring(const struct split_work *work, const struct split_part *part);
/* How many bytes would have to be moved for all parts. */
size_t split_parts_missing(const struct split_work *work, const struct split_part *parts,
			   unsigned int count);
/* Brings what all parts touch, as far as that is done better at once. */
void split_parts_exchange(const struct split_work *work, const struct split_part *parts,
			  unsigned int count);

/* Enqueues it, and gives its event; and, where that is not NULL, how its time is to be had. */
cl_int split_part_run(const struct split_work *work, const struct split_part *part, cl_event *event,
		      struct stamp **stamp);

/* The same on a queue of the part's member. */
cl_int split_part_run_on(const struct split_work *work, const struct split_part *part,
			 cl_command_queue queue, cl_event *event, struct stamp **stamp);

/* How parts are made of a launch: what is the same for all of them. */
struct split_cut {
	struct analysis_launch launch; /* its sizes alone: no arguments */
	unsigned int dimension;
	uint64_t group;
	bool has_hidden;
	cl_uint hidden; /* the number of that argument */
};
struct split_cut split_cut_of(const struct split_work *work);

/* Enqueues a part with a kernel of split_program.h, on a queue of the kernel's member. */
cl_int split_part_enqueue(const struct split_cut *cut, const struct split_part *part,
			  cl_kernel kernel, cl_command_queue queue, cl_event *event);

/* Notes what it writes, once it is enqueued: what is done over from then on leaves that alone. */
void split_part_wrote(const struct split_work *work, const struct split_part *part);
/* What cannot be in parts is brought together at home. */
cl_int split_part_send_home(const struct split_work *work, const struct split_part *part);

#endif
