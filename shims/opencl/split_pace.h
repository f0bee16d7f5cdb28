/* SPDX-License-Identifier: MIT */
/*
 * Programs enqueue launches by the hundred before the first one is over. How a launch runs is
 * decided as it is enqueued, by what those before it took: as long as that is being found out, few
 * of them are ahead of what runs.
 */
#ifndef MVGAL_OPENCL_SPLIT_PACE_H
#define MVGAL_OPENCL_SPLIT_PACE_H

#include "kernel.h"
#include "queue.h"

/* Before a launch is enqueued: waits for an earlier one of the kernel on the queue where that is to
 * tell how this one runs. Not with the context's lock, and not while a user event is not set. */
void split_pace(const struct queue *queue, struct kernel *kernel);

#endif
