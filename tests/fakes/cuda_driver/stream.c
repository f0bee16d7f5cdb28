/* Streams: queues of work on a device, and waiting for it. */
#include "driver.h"
#include <sched.h>
#include <time.h>

static uint64_t stream_ids = 2;

static int slot(void)
{
	int own;

	fake_lock();
	own = fake_self();
	fake_unlock();
	return own;
}

bool point_reached(struct point point)
{
	bool reached;

	fake_lock();
	engine_advance(point.device, fake_now());
	reached = engine_reached(point.device, fake_self(), point.level);
	fake_unlock();
	return reached;
}

static void sleep_until(uint64_t when, uint64_t now)
{
	uint64_t left = when - now;

	if (left < 80000) {
		sched_yield();
		return;
	}
	/* Others may come and go: what was foreseen holds for a while only. */
	left = left > 2000000 ? 2000000 : left - 60000;
	nanosleep(&(struct timespec){.tv_nsec = (long)left}, NULL);
}

void wait_point(struct point point)
{
	int own = slot();

	driver_unlock();
	for (;;) {
		uint64_t now = fake_now(), when;
		bool reached;

		fake_lock();
		engine_advance(point.device, now);
		reached = engine_reached(point.device, own, point.level);
		when = engine_eta(point.device, own, point.level, now);
		fake_unlock();
		if (reached)
			break;
		sleep_until(when, now);
	}
	driver_lock();
	events_resolve();
}

static void wait_callbacks(struct stream *stream, uint64_t until)
{
	while (stream->called < until) {
		driver_unlock();
		sched_yield();
		driver_lock();
	}
}

void stream_ready(struct stream *stream)
{
	wait_callbacks(stream, stream->callbacks);
	while (stream->wait_count)
		wait_point(stream->waits[--stream->wait_count]);
}

CUresult stream_of(CUcontext context, CUstream handle, bool per_thread, struct stream **out)
{
	if (handle == CU_STREAM_PER_THREAD || (!handle && per_thread))
		*out = &context->per_thread;
	else if (!handle || handle == CU_STREAM_LEGACY)
		*out = &context->legacy;
	else if (object_is(handle, STREAM))
		*out = handle;
	else
		return CUDA_ERROR_INVALID_HANDLE;
	return 0;
}

struct tail {
	CUcontext context;
	uint64_t level;
};

static void later(void *object, void *data)
{
	struct stream *stream = object;
	struct tail *tail = data;

	if (stream->context == tail->context && !(stream->flags & 1) && stream->level > tail->level)
		tail->level = stream->level;
}

/* Where the stream's work so far is over; the legacy stream and blocking ones wait for each other.
 */
struct point stream_tail(struct stream *stream)
{
	struct tail tail = {stream->context, stream->level};
	CUcontext context = stream->context;

	if (stream == &context->legacy)
		objects_of(STREAM, later, &tail);
	if (!(stream->flags & 1) && context->legacy.level > tail.level)
		tail.level = context->legacy.level;
	if (stream == &context->legacy && context->per_thread.level > tail.level)
		tail.level = context->per_thread.level;
	return (struct point){context->device, tail.level};
}

struct point stream_work(struct stream *stream, uint64_t duration)
{
	int device = stream->context->device;

	stream_ready(stream);
	events_resolve();
	if (duration) {
		fake_lock();
		stream->level = engine_submit(device, fake_self(), duration, fake_now());
		fake_unlock();
	} else {
		stream->level = stream_tail(stream).level;
	}
	return (struct point){device, stream->level};
}

void wait_stream(struct stream *stream)
{
	uint64_t callbacks = stream->callbacks;

	wait_point(stream_tail(stream));
	wait_callbacks(stream, callbacks);
	while (stream->wait_count)
		wait_point(stream->waits[--stream->wait_count]);
}

struct of_context {
	CUcontext context;
	struct stream *found;
};

static void unsettled(void *object, void *data)
{
	struct stream *stream = object;
	struct of_context *of = data;

	if (stream->context == of->context &&
	    (stream->wait_count || stream->called < stream->callbacks))
		of->found = stream;
}

void wait_context(CUcontext context)
{
	struct point all = {context->device, 0};

	for (;;) {
		struct of_context of = {context, NULL};

		objects_of(STREAM, unsettled, &of);
		unsettled(&context->legacy, &of);
		unsettled(&context->per_thread, &of);
		if (!of.found)
			break;
		stream_ready(of.found);
	}
	fake_lock();
	all.level = shared->processes[fake_self()].work[context->device].queued;
	fake_unlock();
	wait_point(all);
	pool_settle(context->device);
}

static CUresult create(CUcontext context, CUstream *out, unsigned int flags, int priority)
{
	if (!out || flags > 1)
		return CUDA_ERROR_INVALID_VALUE;
	*out = object_new(STREAM, sizeof(**out));
	(*out)->context = context;
	(*out)->flags = flags;
	(*out)->priority = priority;
	(*out)->id = ++stream_ids;
	return 0;
}

EXPORT CUresult cuStreamCreate(CUstream *out, unsigned int flags)
{
	CURRENT(context);
	return create(context, out, flags, 0);
}

EXPORT CUresult cuStreamCreateWithPriority(CUstream *out, unsigned int flags, int priority)
{
	CURRENT(context);
	return create(context, out, flags, priority);
}

EXPORT CUresult cuStreamDestroy_v2(CUstream stream)
{
	CURRENT(context);
	(void)context;
	if (!object_is(stream, STREAM))
		return CUDA_ERROR_INVALID_HANDLE;
	wait_callbacks(stream, stream->callbacks);
	object_end(stream);
	return 0;
}

/* A function of a stream, with its twin for the per-thread default stream. */
#define STREAM_CALL(NAME, PARAMETERS, HANDLE, BODY)                                                \
	EXPORT CUresult NAME PARAMETERS                                                            \
	{                                                                                          \
		CURRENT(context);                                                                  \
		struct stream *of;                                                                 \
		early_ = stream_of(context, HANDLE, false, &of);                                   \
		if (early_)                                                                        \
			return early_;                                                             \
		BODY                                                                               \
	}                                                                                          \
	EXPORT CUresult NAME##_ptsz PARAMETERS                                                     \
	{                                                                                          \
		CURRENT(context);                                                                  \
		struct stream *of;                                                                 \
		early_ = stream_of(context, HANDLE, true, &of);                                    \
		if (early_)                                                                        \
			return early_;                                                             \
		BODY                                                                               \
	}

static CUresult query(struct stream *stream)
{
	if (stream->capture) {
		capture_spoil(stream);
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	}
	if (capture_implicit(stream))
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	if (stream->called < stream->callbacks || !point_reached(stream_tail(stream)))
		return CUDA_ERROR_NOT_READY;
	for (int i = 0; i < stream->wait_count; i++)
		if (!point_reached(stream->waits[i]))
			return CUDA_ERROR_NOT_READY;
	return stream->context->fault;
}

static CUresult synchronize(struct stream *stream)
{
	CUcontext context = stream->context;

	if (stream->capture) {
		capture_spoil(stream);
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	}
	if (capture_implicit(stream))
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	wait_stream(stream);
	if (!context_valid(context))
		return CUDA_ERROR_CONTEXT_IS_DESTROYED;
	pool_settle(context->device);
	return context->fault;
}

STREAM_CALL(cuStreamQuery, (CUstream stream), stream, return query(of);)
STREAM_CALL(cuStreamSynchronize, (CUstream stream), stream, return synchronize(of);)
STREAM_CALL(cuStreamGetFlags, (CUstream stream, unsigned int *flags), stream, *flags = of->flags;
	    return 0;)
STREAM_CALL(cuStreamGetPriority, (CUstream stream, int *priority), stream, *priority = of->priority;
	    return 0;)
STREAM_CALL(cuStreamGetCtx, (CUstream stream, CUcontext *out), stream, *out = of->context;
	    return 0;)
STREAM_CALL(cuStreamGetId, (CUstream stream, unsigned long long *id), stream, *id = of->id;
	    return 0;)
