/* Events: moments of a stream. Their times are found as soon as they are over, for the timeline
 * forgets. */
#include "driver.h"

static struct event *open_events; /* recorded, and not seen to be over */

void events_resolve(void)
{
	struct event **link = &open_events;

	if (!*link)
		return;
	fake_lock();
	while (*link) {
		struct event *event = *link;
		int device = event->context->device;

		engine_advance(device, fake_now());
		if (!event->resolved && engine_reached(device, fake_self(), event->level)) {
			uint64_t when = engine_when(device, fake_self(), event->level);

			if (when > event->time)
				event->time = when;
			event->resolved = true;
		}
		if (event->resolved)
			*link = event->next;
		else
			link = &event->next;
	}
	fake_unlock();
}

EXPORT CUresult cuEventCreate(CUevent *out, unsigned int flags)
{
	CURRENT(context);
	if (!out || flags > 7)
		return CUDA_ERROR_INVALID_VALUE;
	*out = object_new(EVENT, sizeof(**out));
	(*out)->context = context;
	(*out)->flags = flags;
	return 0;
}

static void forget(struct event *event)
{
	for (struct event **link = &open_events; *link; link = &(*link)->next)
		if (*link == event) {
			*link = event->next;
			break;
		}
}

EXPORT CUresult cuEventDestroy_v2(CUevent event)
{
	INITIALISED();
	if (!object_is(event, EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	forget(event);
	object_end(event);
	return 0;
}

EXPORT CUresult cuEventDestroy(CUevent event)
{
	INITIALISED();
	if (!object_is(event, EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	forget(event);
	object_end(event);
	return 0;
}

static CUresult record(CUcontext context, CUevent event, CUstream handle, bool per_thread)
{
	struct stream *stream;
	CUresult failure = stream_of(context, handle, per_thread, &stream);

	if (failure)
		return failure;
	if (!object_is(event, EVENT) || event->context != stream->context)
		return CUDA_ERROR_INVALID_HANDLE;
	if (stream->capture)
		return capture_event(stream, event);
	if (capture_implicit(stream))
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	forget(event);
	while (stream->wait_count)
		wait_point(stream->waits[--stream->wait_count]);
	event->recorded = true;
	event->resolved = false;
	event->capture = NULL;
	event->level = stream_tail(stream).level;
	event->time = fake_now(); /* and not before it was recorded */
	event->stream = stream;
	event->callbacks = stream->callbacks;
	event->next = open_events;
	open_events = event;
	events_resolve();
	return 0;
}

EXPORT CUresult cuEventRecord(CUevent event, CUstream stream)
{
	CURRENT(context);
	return record(context, event, stream, false);
}

EXPORT CUresult cuEventRecord_ptsz(CUevent event, CUstream stream)
{
	CURRENT(context);
	return record(context, event, stream, true);
}

EXPORT CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned int flags)
{
	CURRENT(context);
	return flags > 1 ? CUDA_ERROR_INVALID_VALUE : record(context, event, stream, false);
}

EXPORT CUresult cuEventRecordWithFlags_ptsz(CUevent event, CUstream stream, unsigned int flags)
{
	CURRENT(context);
	return flags > 1 ? CUDA_ERROR_INVALID_VALUE : record(context, event, stream, true);
}

static bool called(struct event *event)
{
	/* A stream that is gone has called all. */
	return event->callbacks == 0 ||
	       (event->stream != &event->context->legacy &&
		event->stream != &event->context->per_thread &&
		!object_is(event->stream, STREAM)) ||
	       event->stream->called >= event->callbacks;
}

EXPORT CUresult cuEventQuery(CUevent event)
{
	INITIALISED();
	if (!object_is(event, EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	if (event->capture)
		return CUDA_ERROR_CAPTURED_EVENT;
	events_resolve();
	if (event->recorded && (!event->resolved || !called(event)))
		return CUDA_ERROR_NOT_READY;
	return event->context->fault;
}

EXPORT CUresult cuEventSynchronize(CUevent event)
{
	INITIALISED();
	if (!object_is(event, EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	if (event->capture)
		return CUDA_ERROR_CAPTURED_EVENT;
	if (event->recorded && !event->resolved)
		wait_point((struct point){event->context->device, event->level});
	while (object_is(event, EVENT) && event->recorded && !called(event)) {
		driver_unlock();
		driver_lock();
	}
	return object_is(event, EVENT) ? event->context->fault : 0;
}

static CUresult elapsed(float *milliseconds, CUevent start, CUevent end)
{
	if (!object_is(start, EVENT) || !object_is(end, EVENT) || start->context != end->context)
		return CUDA_ERROR_INVALID_HANDLE;
	if (!start->recorded || !end->recorded || ((start->flags | end->flags) & 2))
		return CUDA_ERROR_INVALID_HANDLE;
	events_resolve();
	if (!start->resolved || !end->resolved)
		return CUDA_ERROR_NOT_READY;
	*milliseconds = (float)((double)(int64_t)(end->time - start->time) / 1e6);
	return 0;
}

EXPORT CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end)
{
	INITIALISED();
	return elapsed(milliseconds, start, end);
}

EXPORT CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end)
{
	INITIALISED();
	return elapsed(milliseconds, start, end);
}

static CUresult wait_event(CUcontext context, CUstream handle, CUevent event, bool per_thread)
{
	struct stream *stream;
	CUresult failure = stream_of(context, handle, per_thread, &stream);

	if (failure)
		return failure;
	if (!object_is(event, EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	if (event->capture || stream->capture)
		return capture_wait(stream, event);
	if (!event->recorded)
		return 0;
	if (event->context->device != stream->context->device) {
		struct point point = {event->context->device, event->level};

		if (stream->wait_count == 8)
			wait_point(point);
		else
			stream->waits[stream->wait_count++] = point;
	} else if (event->level > stream->level) {
		stream->level = event->level;
	}
	return 0;
}

EXPORT CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int flags)
{
	CURRENT(context);
	return flags > 1 ? CUDA_ERROR_INVALID_VALUE : wait_event(context, stream, event, false);
}

EXPORT CUresult cuStreamWaitEvent_ptsz(CUstream stream, CUevent event, unsigned int flags)
{
	CURRENT(context);
	return flags > 1 ? CUDA_ERROR_INVALID_VALUE : wait_event(context, stream, event, true);
}
