/* SPDX-License-Identifier: MIT */
#include "gate_marks.h"

#include <string.h>

#include "real.h"

/* Most launches call nothing: they are to be short. */
static void guard(struct marks *marks)
{
	const struct cuda_real *real = cuda_real();

	if (marks->is_guarded)
		return;
	marks->is_guarded = true;
	marks->mode = CU_STREAM_CAPTURE_MODE_RELAXED;
	if (!real->cuThreadExchangeStreamCaptureMode ||
	    real->cuThreadExchangeStreamCaptureMode(&marks->mode) != CUDA_SUCCESS)
		marks->mode = -1;
}

void marks_unguard(struct marks *marks)
{
	if (marks->is_guarded && marks->mode >= 0)
		cuda_real()->cuThreadExchangeStreamCaptureMode(&marks->mode);
	marks->is_guarded = false;
}

bool marks_is_capturing(CUstream stream)
{
	const struct cuda_real *real = cuda_real();
	int status = CU_STREAM_CAPTURE_STATUS_NONE;

	if (!real->cuStreamIsCapturing)
		return false;
	return real->cuStreamIsCapturing(stream, &status) != CUDA_SUCCESS ||
	       status != CU_STREAM_CAPTURE_STATUS_NONE;
}

/* Makes a context current, if it is not; false where that cannot be. */
static bool enter(CUcontext context, CUcontext current)
{
	const struct cuda_real *real = cuda_real();

	return context == current || (real->cuCtxPushCurrent_v2 && real->cuCtxPopCurrent_v2 &&
				      real->cuCtxPushCurrent_v2(context) == CUDA_SUCCESS);
}

static void leave(CUcontext context, CUcontext current)
{
	if (context != current)
		cuda_real()->cuCtxPopCurrent_v2(&context);
}

/* Records into an event, which is made where there is none. */
static bool record(CUevent *event, CUstream stream, CUcontext context, CUcontext current)
{
	const struct cuda_real *real = cuda_real();
	bool done = false;

	if (!real->cuEventCreate || !real->cuEventRecord || !enter(context, current))
		return false;
	if (!marks_is_capturing(stream) &&
	    (*event || real->cuEventCreate(event, 0) == CUDA_SUCCESS))
		done = real->cuEventRecord(*event, stream) == CUDA_SUCCESS;
	leave(context, current);
	return done;
}

static void destroy(CUevent *event)
{
	const struct cuda_real *real = cuda_real();

	if (*event && real->cuEventDestroy_v2)
		real->cuEventDestroy_v2(*event);
	*event = NULL;
}

static void destroy_both(struct marks *marks)
{
	destroy(&marks->start);
	destroy(&marks->sample);
}

void marks_begin(struct marks *marks, const struct marks_stream *stream, uint64_t now)
{
	uint32_t kept = 0;

	guard(marks);
	/* Streams stay from turn to turn with their events, if they were used in the last. */
	for (uint32_t i = 0; i < marks->count; i++) {
		struct mark *mark = &marks->streams[i];

		if (mark->is_gone || !mark->done) {
			destroy(&mark->event);
			continue;
		}
		mark->is_set = mark->has_behind = false;
		mark->behind = mark->done = 0;
		marks->streams[kept++] = *mark;
	}
	marks->count = kept;
	if (marks->start_context != stream->context)
		destroy_both(marks);
	marks->start_context = stream->context;
	marks->has_start = record(&marks->start, stream->stream, stream->context, stream->context);
	marks->now = now;
	marks->late = UINT64_MAX;
}

static struct mark *find(struct marks *marks, const struct marks_stream *stream)
{
	for (uint32_t i = 0; i < marks->count; i++) {
		struct mark *mark = &marks->streams[i];

		if (mark->stream == stream->stream && mark->context == stream->context &&
		    mark->thread == stream->thread && !mark->is_gone)
			return mark;
	}
	return NULL;
}

struct mark *marks_launched(struct marks *marks, const struct marks_stream *stream,
			    uint64_t guessed)
{
	struct mark *mark = find(marks, stream);

	if (!mark) {
		if (marks->count == MARKS_STREAMS)
			return NULL;
		mark = &marks->streams[marks->count++];
		*mark = (struct mark){
		    .stream = stream->stream, .context = stream->context, .thread = stream->thread};
	}
	mark->behind += guessed;
	mark->has_behind = true;
	return mark;
}

void marks_set(struct marks *marks, struct mark *mark, CUcontext current)
{
	guard(marks);
	if (!record(&mark->event, mark->stream, mark->context, current))
		return;
	mark->is_set = true;
	mark->has_behind = false;
	mark->behind = 0;
}

void marks_set_all(struct marks *marks, CUcontext current, uint64_t thread)
{
	for (uint32_t i = 0; i < marks->count; i++) {
		struct mark *mark = &marks->streams[i];

		/* The default stream of another thread cannot be named here. */
		if (mark->has_behind && !mark->is_gone && (!mark->thread || mark->thread == thread))
			marks_set(marks, mark, current);
	}
}

bool marks_reached(struct marks *marks, struct mark *mark, uint64_t now)
{
	const struct cuda_real *real = cuda_real();
	uint64_t since;
	float ms;

	if (!mark->is_set)
		return true;
	guard(marks);
	/* Whatever else is answered is an error: there is nothing to wait for. */
	if (real->cuEventQuery && real->cuEventQuery(mark->event) == CUDA_ERROR_NOT_READY)
		return false;
	mark->is_set = false;
	since = now > marks->now ? now - marks->now : 1;
	if (marks->has_start && real->cuEventElapsedTime && mark->context == marks->start_context &&
	    real->cuEventElapsedTime(&ms, marks->start, mark->event) == CUDA_SUCCESS && ms >= 0 &&
	    (double)ms * 1e6 <= (double)since + 1e5) {
		mark->done = (uint64_t)((double)ms * 1e6);
		/* The start was reached so late at most that all was done when it was seen to be.
		 */
		if (since < mark->done)
			since = mark->done;
		if (marks->late > since - mark->done)
			marks->late = since - mark->done;
	} else {
		mark->done = since;
		marks->late = 0;
	}
	if (!mark->done)
		mark->done = 1;
	return true;
}

bool marks_sample(struct marks *marks, const struct marks_stream *stream)
{
	guard(marks);
	return stream->context == marks->start_context &&
	       record(&marks->sample, stream->stream, stream->context, stream->context);
}

uint64_t marks_sampled(struct marks *marks, const struct mark *mark)
{
	const struct cuda_real *real = cuda_real();
	float ms;

	guard(marks);
	if (!real->cuEventElapsedTime || mark->context != marks->start_context ||
	    real->cuEventElapsedTime(&ms, marks->sample, mark->event) != CUDA_SUCCESS || ms <= 0)
		return 0;
	return (uint64_t)((double)ms * 1e6);
}

bool marks_are_dry(struct marks *marks, uint64_t thread)
{
	const struct cuda_real *real = cuda_real();

	guard(marks);
	for (uint32_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->streams[i];

		if (mark->is_set)
			return false;
		if (!mark->has_behind || mark->is_gone)
			continue;
		if ((mark->thread && mark->thread != thread) || !real->cuStreamQuery ||
		    marks_is_capturing(mark->stream) ||
		    real->cuStreamQuery(mark->stream) != CUDA_SUCCESS)
			return false;
	}
	return true;
}

bool marks_all_reached(struct marks *marks, uint64_t now, uint64_t *end)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < marks->count; i++) {
		if (!marks_reached(marks, &marks->streams[i], now))
			return false;
		if (marks->streams[i].done > last)
			last = marks->streams[i].done;
	}
	*end = marks->now + (last ? last : 1);
	return true;
}

void marks_stream_gone(struct marks *marks, CUstream stream, CUcontext current)
{
	for (uint32_t i = 0; i < marks->count; i++) {
		struct mark *mark = &marks->streams[i];

		if (mark->stream != stream || mark->is_gone)
			continue;
		if (mark->has_behind)
			marks_set(marks, mark, current);
		mark->is_gone = true;
	}
}

void marks_context_gone(struct marks *marks, CUcontext context)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < marks->count; i++)
		if (marks->streams[i].context != context)
			marks->streams[kept++] = marks->streams[i];
	marks->count = kept;
	if (marks->start_context != context)
		return;
	marks->start = marks->sample = NULL;
	marks->has_start = false;
	marks->start_context = NULL;
}

void marks_forget(struct marks *marks)
{
	memset(marks, 0, sizeof(*marks));
}
