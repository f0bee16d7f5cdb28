/* SPDX-License-Identifier: MIT */
#include "stamp.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "clock.h"
#include "pool.h"

/* Held by its owner, and by each callback that is to come. */
struct stamp {
	atomic_uint holds;
	_Atomic double begin, end; /* seconds; 0: not yet */
	atomic_bool is_void;
};

static atomic_bool is_silent[POOL_MEMBERS];

void stamp_need(unsigned int member)
{
	atomic_store(&is_silent[member], true);
}

void stamp_drop(struct stamp *stamp)
{
	if (stamp && atomic_fetch_sub(&stamp->holds, 1) == 1)
		free(stamp);
}

static void CL_CALLBACK took_begin(cl_event event, cl_int status, void *data)
{
	struct stamp *stamp = data;

	(void)event;
	atomic_store(&stamp->begin, clock_seconds());
	if (status != CL_COMPLETE)
		atomic_store(&stamp->is_void, true);
	stamp_drop(stamp);
}

static void CL_CALLBACK took_end(cl_event event, cl_int status, void *data)
{
	struct stamp *stamp = data;

	(void)event;
	if (status != CL_COMPLETE)
		atomic_store(&stamp->is_void, true);
	atomic_store(&stamp->end, clock_seconds());
	stamp_drop(stamp);
}

static bool ask(struct stamp *stamp, cl_event event,
		void(CL_CALLBACK *took)(cl_event event, cl_int status, void *data))
{
	atomic_fetch_add(&stamp->holds, 1);
	if (of(event)->clSetEventCallback(event, CL_COMPLETE, took, stamp) == CL_SUCCESS)
		return true;
	atomic_store(&stamp->is_void, true);
	stamp_drop(stamp);
	return false;
}

struct stamp *stamp_begin(cl_command_queue queue, unsigned int member)
{
	struct stamp *stamp;
	cl_event before;
	bool asked;

	if (!atomic_load(&is_silent[member]))
		return NULL;
	stamp = calloc(1, sizeof(*stamp));
	if (!stamp)
		return NULL;
	atomic_store(&stamp->holds, 1);
	if (of(queue)->clEnqueueMarkerWithWaitList(queue, 0, NULL, &before) != CL_SUCCESS) {
		stamp_drop(stamp);
		return NULL;
	}
	asked = ask(stamp, before, took_begin);
	of(before)->clReleaseEvent(before);
	/* Some drivers tell of what they were given at once when all of it is over. */
	if (asked && of(queue)->clFlush(queue) == CL_SUCCESS)
		return stamp;
	stamp_drop(stamp);
	return NULL;
}

void stamp_end(struct stamp *stamp, cl_event event)
{
	if (stamp)
		ask(stamp, event, took_end);
}

double stamp_seconds(const struct stamp *stamp)
{
	const double begin = atomic_load(&stamp->begin), end = atomic_load(&stamp->end);

	if (atomic_load(&stamp->is_void))
		return 0;
	if (begin <= 0 || end <= 0)
		return -1;
	return end > begin ? end - begin : 0;
}
