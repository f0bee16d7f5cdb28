/* Stream capture: work is not done but written into a graph. */
#include "driver.h"
#include <string.h>

enum { GLOBAL = 0, THREAD_LOCAL = 1, RELAXED = 2 };
enum { NONE = 0, ACTIVE = 1, INVALIDATED = 2 };

struct capture {
	struct capture *next;
	CUgraph graph;
	struct stream *origin;
	pthread_t thread;
	int mode;
	bool invalid;
	uint64_t id;
};

static struct capture *captures;
static uint64_t ids;
static __thread int thread_mode;

/* As cuThreadExchangeStreamCaptureMode's documentation has it. */
bool capture_unsafe(void)
{
	bool refused = false;

	for (struct capture *capture = captures; capture; capture = capture->next) {
		bool own = pthread_equal(capture->thread, pthread_self());

		if (thread_mode == RELAXED || capture->mode == RELAXED)
			continue;
		if (own || (thread_mode == GLOBAL && capture->mode == GLOBAL)) {
			capture->invalid = true;
			refused = true;
		}
	}
	return refused;
}

void capture_spoil(struct stream *stream)
{
	stream->capture->invalid = true;
}

static bool in_capture(const struct stream *stream)
{
	return stream->capture && !(stream->flags & 1);
}

struct seen {
	CUcontext context;
	struct capture *found;
};

static void look(void *object, void *data)
{
	struct stream *stream = object;
	struct seen *seen = data;

	if (stream->context == seen->context && in_capture(stream))
		seen->found = stream->capture;
}

/* Work on the legacy stream would have to wait for blocking streams, which are capturing. */
bool capture_implicit(struct stream *stream)
{
	struct seen seen = {stream->context, NULL};

	if (!captures || stream != &stream->context->legacy)
		return false;
	objects_of(STREAM, look, &seen);
	if (seen.found)
		seen.found->invalid = true;
	return seen.found != NULL;
}

CUresult capture_node(struct stream *stream, struct node like)
{
	if (stream->capture->invalid)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	stream->tips[0] =
	    graph_add(stream->capture->graph, &like, stream->tips, (size_t)stream->tip_count);
	stream->tip_count = 1;
	return 0;
}

CUresult capture_kernel(struct stream *stream, const struct launch *launch)
{
	return capture_node(stream, (struct node){.type = NODE_KERNEL, .launch = *launch});
}

CUresult capture_event(struct stream *stream, struct event *event)
{
	if (stream->capture->invalid)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	event->capture = stream->capture;
	memcpy(event->tips, stream->tips, sizeof(event->tips));
	event->tip_count = stream->tip_count;
	return 0;
}

static bool alive(const struct capture *wanted)
{
	struct capture *capture = captures;

	while (capture && capture != wanted)
		capture = capture->next;
	return capture != NULL;
}

CUresult capture_wait(struct stream *stream, struct event *event)
{
	if (event->capture && !alive(event->capture)) {
		event->capture = NULL;
		return stream->capture ? 905 : CUDA_ERROR_INVALID_VALUE;
	}
	if (!event->capture) {
		capture_spoil(stream);
		return 905; /* CUDA_ERROR_STREAM_CAPTURE_ISOLATION */
	}
	if (stream->capture && stream->capture != event->capture) {
		capture_spoil(stream);
		return CUDA_ERROR_STREAM_CAPTURE_MERGE;
	}
	if (!stream->capture) {
		stream->capture = event->capture;
		stream->tip_count = 0;
	}
	for (int i = 0; i < event->tip_count && stream->tip_count < 8; i++) {
		bool there = false;

		for (int j = 0; j < stream->tip_count; j++)
			there |= stream->tips[j] == event->tips[i];
		if (!there)
			stream->tips[stream->tip_count++] = event->tips[i];
	}
	return 0;
}

static CUresult begin(struct stream *stream, int mode)
{
	struct capture *capture;

	if (mode < GLOBAL || mode > RELAXED)
		return CUDA_ERROR_INVALID_VALUE;
	if (stream == &stream->context->legacy)
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	if (stream->capture)
		return CUDA_ERROR_INVALID_VALUE;
	capture = object_new(CAPTURE, sizeof(*capture));
	*capture =
	    (struct capture){captures, graph_new(), stream, pthread_self(), mode, false, ++ids};
	captures = capture;
	stream->capture = capture;
	stream->tip_count = 0;
	return 0;
}

static void mark(struct node *node)
{
	if (node->marked)
		return;
	node->marked = true;
	for (size_t i = 0; i < node->dep_count; i++)
		mark(node->deps[i]);
}

struct ending {
	struct capture *capture;
	bool unjoined;
};

static void leave(void *object, void *data)
{
	struct stream *stream = object;
	struct ending *ending = data;

	if (stream->capture != ending->capture)
		return;
	for (int i = 0; i < stream->tip_count; i++)
		ending->unjoined |= !stream->tips[i]->marked;
	stream->capture = NULL;
	stream->tip_count = 0;
}

static CUresult end(struct stream *stream, CUgraph *out)
{
	struct capture *capture = stream->capture, **link = &captures;
	struct ending ending = {capture, false};
	CUresult result = 0;

	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = NULL;
	if (!capture)
		return CUDA_ERROR_INVALID_VALUE;
	if (capture->origin != stream)
		return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
	if (capture->mode != RELAXED && !pthread_equal(capture->thread, pthread_self()))
		return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
	for (int i = 0; i < stream->tip_count; i++)
		mark(stream->tips[i]);
	leave(stream, &ending);
	objects_of(STREAM, leave, &ending);
	if (capture->invalid)
		result = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	else if (ending.unjoined)
		result = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
	while (*link != capture)
		link = &(*link)->next;
	*link = capture->next;
	if (result)
		graph_end(capture->graph);
	else
		*out = capture->graph;
	object_end(capture);
	return result;
}

static int status_of(const struct stream *stream)
{
	return !stream->capture ? NONE : stream->capture->invalid ? INVALIDATED : ACTIVE;
}

static CUresult info(struct stream *stream, int *status, unsigned long long *id, CUgraph *graph,
		     const CUgraphNode **deps, const void **edges, size_t *count)
{
	if (capture_implicit(stream))
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	*status = status_of(stream);
	if (*status != ACTIVE)
		return 0;
	if (id)
		*id = stream->capture->id;
	if (graph)
		*graph = stream->capture->graph;
	if (deps)
		*deps = stream->tips;
	if (edges)
		*edges = NULL;
	if (count)
		*count = (size_t)stream->tip_count;
	return 0;
}

#define STREAM_CALL(NAME, PARAMETERS, BODY)                                                        \
	EXPORT CUresult NAME PARAMETERS                                                            \
	{                                                                                          \
		struct stream *of;                                                                 \
		CURRENT(context);                                                                  \
		early_ = stream_of(context, stream, false, &of);                                   \
		return early_ ? early_ : BODY;                                                     \
	}                                                                                          \
	EXPORT CUresult NAME##_ptsz PARAMETERS                                                     \
	{                                                                                          \
		struct stream *of;                                                                 \
		CURRENT(context);                                                                  \
		early_ = stream_of(context, stream, true, &of);                                    \
		return early_ ? early_ : BODY;                                                     \
	}

static CUresult is_capturing(struct stream *stream, int *status)
{
	return info(stream, status, NULL, NULL, NULL, NULL, NULL);
}

STREAM_CALL(cuStreamBeginCapture_v2, (CUstream stream, int mode), begin(of, mode))
STREAM_CALL(cuStreamEndCapture, (CUstream stream, CUgraph *graph), end(of, graph))
STREAM_CALL(cuStreamIsCapturing, (CUstream stream, int *status), is_capturing(of, status))
STREAM_CALL(cuStreamGetCaptureInfo, (CUstream stream, int *status, unsigned long long *id),
	    info(of, status, id, NULL, NULL, NULL, NULL))
STREAM_CALL(cuStreamGetCaptureInfo_v2,
	    (CUstream stream, int *status, unsigned long long *id, CUgraph *graph,
	     const CUgraphNode **deps, size_t *count),
	    info(of, status, id, graph, deps, NULL, count))
STREAM_CALL(cuStreamGetCaptureInfo_v3,
	    (CUstream stream, int *status, unsigned long long *id, CUgraph *graph,
	     const CUgraphNode **deps, const void **edges, size_t *count),
	    info(of, status, id, graph, deps, edges, count))

EXPORT CUresult cuThreadExchangeStreamCaptureMode(int *mode)
{
	CALL();
	int before = thread_mode;

	if (!mode || *mode < GLOBAL || *mode > RELAXED)
		return CUDA_ERROR_INVALID_VALUE;
	thread_mode = *mode;
	*mode = before;
	return 0;
}
