/* SPDX-License-Identifier: MIT */
#include "pool_dying.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "pool_lock.h"
#include "pool_spare.h"
#include "pool_table.h"
#include "real.h"

struct dying {
	CUdeviceptr pointer;
	CUcontext context;
	CUevent event;
	struct dying *next;
};

static struct {
	struct dying *first;
	atomic_int count;
} dying;

bool dying_is_captured(CUstream stream, bool per_thread)
{
	const struct cuda_real *real = cuda_real();
	CUresult (*is_capturing)(CUstream, int *) =
	    per_thread ? real->cuStreamIsCapturing_ptsz : real->cuStreamIsCapturing;
	int status = CU_STREAM_CAPTURE_STATUS_NONE;

	/* Where it cannot be asked, or must not be now: it is left to the driver. */
	return is_capturing && (is_capturing(stream, &status) != CUDA_SUCCESS ||
				status != CU_STREAM_CAPTURE_STATUS_NONE);
}

static const struct dying *find(CUdeviceptr pointer)
{
	const struct dying *one = dying.first;

	while (one && one->pointer != pointer)
		one = one->next;
	return one;
}

bool dying_has(CUdeviceptr pointer)
{
	bool has;

	if (!dying.count)
		return false;
	pool_lock();
	has = find(pointer) != NULL;
	pool_unlock();
	return has;
}

CUresult dying_add(CUdeviceptr pointer, CUcontext context, CUstream stream, bool per_thread)
{
	const struct cuda_real *real = cuda_real();
	CUresult (*record)(CUevent, CUstream) =
	    per_thread && real->cuEventRecord_ptsz ? real->cuEventRecord_ptsz : real->cuEventRecord;
	struct dying *one;
	CUresult result;

	/* Within a graph there is no point in time to wait for. */
	if (find(pointer) || dying_is_captured(stream, per_thread))
		return CUDA_ERROR_INVALID_VALUE;
	one = calloc(1, sizeof(*one));
	if (!one)
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = real->cuEventCreate(&one->event, CU_EVENT_DISABLE_TIMING);
	if (result == CUDA_SUCCESS) {
		result = record(one->event, stream);
		if (result != CUDA_SUCCESS)
			real->cuEventDestroy_v2(one->event);
	}
	if (result != CUDA_SUCCESS) {
		free(one);
		return result;
	}
	one->pointer = pointer;
	one->context = context;
	one->next = dying.first;
	dying.first = one;
	dying.count++;
	return CUDA_SUCCESS;
}

/* Out of the list. */
static struct dying *take(struct dying **link)
{
	struct dying *one = *link;

	*link = one->next;
	dying.count--;
	return one;
}

static void bury(const struct cards *cards, struct dying *one)
{
	struct range *emptied;

	cuda_real()->cuEventDestroy_v2(one->event);
	if (table_remove(one->pointer, &emptied) && emptied)
		spare_put(cards, emptied);
	free(one);
}

bool dying_reap(const struct cards *cards, bool wait)
{
	const struct cuda_real *real = cuda_real();
	bool any = false;

	for (struct dying **link = &dying.first; *link;) {
		CUresult result = wait ? real->cuEventSynchronize((*link)->event)
				       : real->cuEventQuery((*link)->event);

		if (result == CUDA_SUCCESS) {
			bury(cards, take(link));
			any = true;
		} else {
			link = &(*link)->next;
		}
	}
	return any;
}

void dying_drop(CUcontext context, bool is_gone)
{
	for (struct dying **link = &dying.first; *link;) {
		struct dying *one = *link;

		if (one->context != context) {
			link = &one->next;
			continue;
		}
		take(link);
		if (!is_gone)
			cuda_real()->cuEventDestroy_v2(one->event);
		free(one);
	}
}
