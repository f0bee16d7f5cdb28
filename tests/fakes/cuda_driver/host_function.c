/*
 * Host functions: a thread of the driver's own calls them when their stream comes to them. Work
 * that is submitted behind one waits for it at its submission.
 */
#include "driver.h"
#include <stdlib.h>

struct call {
	struct call *next;
	struct stream *stream;
	struct point point;
	CUhostFn function;
	CUstreamCallback callback;
	void *data;
};

static struct call *waiting, **last = &waiting;
static bool running;

static void *serve(void *unused)
{
	(void)unused;
	driver_lock();
	while (waiting) {
		struct call *call = waiting;

		wait_point(call->point);
		driver_unlock();
		if (call->function)
			call->function(call->data);
		else
			call->callback(call->stream, CUDA_SUCCESS, call->data);
		driver_lock();
		call->stream->called++;
		waiting = call->next;
		if (!waiting)
			last = &waiting;
		free(call);
	}
	running = false;
	driver_unlock();
	return NULL;
}

void host_function_forget(void)
{
	waiting = NULL;
	last = &waiting;
	running = false;
}

static CUresult enqueue(struct stream *stream, CUhostFn function, CUstreamCallback callback,
			void *data)
{
	struct call *call;
	pthread_t thread;

	if (stream->capture)
		return function ? capture_node(stream, (struct node){.type = NODE_HOST,
								     .call = function,
								     .data = data})
				: CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	if (capture_implicit(stream))
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	call = calloc(1, sizeof(*call));
	if (!call)
		abort();
	while (stream->wait_count)
		wait_point(stream->waits[--stream->wait_count]);
	*call = (struct call){NULL, stream, stream_tail(stream), function, callback, data};
	stream->callbacks++;
	*last = call;
	last = &call->next;
	if (!running) {
		running = true;
		if (pthread_create(&thread, NULL, serve, NULL))
			abort();
		pthread_detach(thread);
	}
	return 0;
}

CUresult host_function_run(struct stream *stream, CUhostFn function, void *data)
{
	return enqueue(stream, function, NULL, data);
}

#define HOST(NAME, PARAMETERS, FUNCTION, CALLBACK, PER_THREAD)                                     \
	EXPORT CUresult NAME PARAMETERS                                                            \
	{                                                                                          \
		struct stream *of;                                                                 \
		CURRENT(context);                                                                  \
		early_ = stream_of(context, stream, PER_THREAD, &of);                              \
		return early_ ? early_ : enqueue(of, FUNCTION, CALLBACK, data);                    \
	}

HOST(cuLaunchHostFunc, (CUstream stream, CUhostFn function, void *data), function, NULL, false)
HOST(cuLaunchHostFunc_ptsz, (CUstream stream, CUhostFn function, void *data), function, NULL, true)
HOST(cuStreamAddCallback,
     (CUstream stream, CUstreamCallback callback, void *data, unsigned int flags),
     ((void)flags, NULL), callback, false)
HOST(cuStreamAddCallback_ptsz,
     (CUstream stream, CUstreamCallback callback, void *data, unsigned int flags),
     ((void)flags, NULL), callback, true)
