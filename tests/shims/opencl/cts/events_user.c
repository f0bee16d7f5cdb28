/* SPDX-License-Identifier: MIT */
/* events: user events, and callbacks when events change. */
#include "ask.h"

#include <pthread.h>
#include <time.h>

#define N 1024

static cl_event user(void)
{
	cl_int status;
	cl_event made = clCreateUserEvent(cts.context, &status);

	OK(status);
	return OWN_EVENT(made);
}

static cl_int state(cl_event event)
{
	cl_int status;

	OK(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL));
	return status;
}

struct job {
	cl_kernel kernel;
	cl_mem buffer;
};

static struct job job(void)
{
	struct job made = {
	    cts_build("kernel void add(global int *to, int k) { to[get_global_id(0)] += k; }",
		      NULL),
	    cts_buffer(CL_MEM_READ_WRITE, N * sizeof(int), cts_host(N * sizeof(int)))};
	const cl_int one = 1;

	cts_mems(made.kernel, 1, made.buffer);
	ARG(made.kernel, 1, one);
	return made;
}

static cl_event add(const struct job *what, cl_command_queue queue, cl_uint count,
		    const cl_event *waits)
{
	const size_t all = N;
	cl_event event;

	OK(clEnqueueNDRangeKernel(queue, what->kernel, 1, NULL, &all, NULL, count, waits, &event));
	return OWN_EVENT(event);
}

static void sum_is(const struct job *what, int want)
{
	int got[N];

	cts_read(what->buffer, sizeof(got), got);
	for (int i = 0; i < N; i++)
		EXPECT(got[i] == want, "number %d is %d instead of %d", i, got[i], want);
}

/* Set to be complete, or an error, once; what waits for it runs, or ends with an error. */
CHECK(events, userevents)
{
	const struct job work = job();
	cl_event event = user(), waits, fails;
	cl_int status;

	QUERY_IS(clGetEventInfo, event, CL_EVENT_COMMAND_TYPE, cl_command_type, CL_COMMAND_USER);
	QUERY_IS(clGetEventInfo, event, CL_EVENT_COMMAND_QUEUE, cl_command_queue, NULL);
	QUERY_IS(clGetEventInfo, event, CL_EVENT_CONTEXT, cl_context, cts.context);
	SAME(state(event), CL_SUBMITTED);
	waits = add(&work, cts.queue, 1, &event);
	OK(clFlush(cts.queue));
	IS(state(waits) == CL_QUEUED || state(waits) == CL_SUBMITTED);
	REFUSED(clSetUserEventStatus(event, CL_SUBMITTED), CL_INVALID_VALUE);
	REFUSED(clSetUserEventStatus(event, 42), CL_INVALID_VALUE);
	REFUSED(clSetUserEventStatus(waits, CL_COMPLETE), CL_INVALID_EVENT);
	OK(clSetUserEventStatus(event, CL_COMPLETE));
	REFUSED(clSetUserEventStatus(event, CL_COMPLETE), CL_INVALID_OPERATION);
	REFUSED(clSetUserEventStatus(event, -1), CL_INVALID_OPERATION);
	OK(clWaitForEvents(1, &waits));
	SAME(state(event), CL_COMPLETE);
	sum_is(&work, 1);
	/* One of several may be set last. */
	{
		cl_event several[3] = {user(), user(), user()};

		waits = add(&work, cts.queue, 3, several);
		OK(clSetUserEventStatus(several[2], CL_COMPLETE));
		OK(clSetUserEventStatus(several[0], CL_COMPLETE));
		IS(state(waits) > CL_COMPLETE);
		OK(clSetUserEventStatus(several[1], CL_COMPLETE));
		OK(clWaitForEvents(1, &waits));
		sum_is(&work, 2);
	}
	/* Released by the program, and set by one who still has it. */
	event = user();
	OK(clRetainEvent(event));
	waits = add(&work, cts.queue, 1, &event);
	OK(clReleaseEvent(event));
	OK(clSetUserEventStatus(event, CL_COMPLETE));
	OK(clWaitForEvents(1, &waits));
	sum_is(&work, 3);
	/* An error. */
	event = user();
	{
		cl_command_queue queue = cts_queue(0);

		fails = add(&work, queue, 1, &event);
		OK(clSetUserEventStatus(event, -42));
		status = clWaitForEvents(1, &fails);
		SAME(status, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
		IS(state(fails) < 0);
		SAME(state(event), -42);
	}
}

struct calls {
	pthread_mutex_t lock;
	pthread_cond_t more;
	unsigned int count;
	cl_int last;
};

static void calls_begin(struct calls *calls)
{
	*calls = (struct calls){
	    .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER, .last = 99};
}

static void CL_CALLBACK called(cl_event event, cl_int status, void *data)
{
	struct calls *calls = data;

	(void)event;
	pthread_mutex_lock(&calls->lock);
	calls->count++;
	calls->last = status;
	pthread_cond_broadcast(&calls->more);
	pthread_mutex_unlock(&calls->lock);
}

/* Seconds at most. */
static void calls_wait(struct calls *calls, unsigned int count)
{
	struct timespec until;
	int late = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 4;
	pthread_mutex_lock(&calls->lock);
	while (calls->count < count && !late)
		late = pthread_cond_timedwait(&calls->more, &calls->lock, &until);
	pthread_mutex_unlock(&calls->lock);
	EXPECT(!late, "%u of %u callbacks came", calls->count, count);
}

/* Of each state of kernels and transfers; also of those that are over. */
CHECK(events, callbacks)
{
	static struct calls calls[3][3];
	const cl_int states[] = {CL_SUBMITTED, CL_RUNNING, CL_COMPLETE};
	const struct job work = job();
	cl_event gate = user(), events[3];
	static int host[N];

	events[0] = add(&work, cts.queue, 1, &gate);
	OK(clEnqueueReadBuffer(cts.queue, work.buffer, CL_FALSE, 0, sizeof(host), host, 1,
			       &events[0], &events[1]));
	OK(clEnqueueWriteBuffer(cts.queue, work.buffer, CL_FALSE, 0, sizeof(host), host, 1,
				&events[1], &events[2]));
	OWN_EVENT(events[1]);
	OWN_EVENT(events[2]);
	for (size_t e = 0; e < COUNT(events); e++)
		for (size_t s = 0; s < COUNT(states); s++) {
			calls_begin(&calls[e][s]);
			OK(clSetEventCallback(events[e], states[s], called, &calls[e][s]));
		}
	REFUSED(clSetEventCallback(gate, CL_COMPLETE, NULL, NULL), CL_INVALID_VALUE);
	REFUSED(clSetEventCallback(gate, 17, called, &calls[0][0]), CL_INVALID_VALUE);
	OK(clFlush(cts.queue));
	for (size_t e = 0; e < COUNT(events); e++)
		SAME(calls[e][2].count, 0);
	OK(clSetUserEventStatus(gate, CL_COMPLETE));
	for (size_t e = 0; e < COUNT(events); e++)
		for (size_t s = 0; s < COUNT(states); s++) {
			calls_wait(&calls[e][s], 1);
			IS(calls[e][s].last <= states[s]);
		}
	OK(clFinish(cts.queue));
	calls_begin(&calls[0][0]);
	OK(clSetEventCallback(events[0], CL_COMPLETE, called, &calls[0][0]));
	calls_wait(&calls[0][0], 1);
	SAME(calls[0][0].last, CL_COMPLETE);
}

/* Many callbacks on many events at once. */
CHECK(events, callbacks_simultaneous)
{
	enum { EVENTS = 24, EACH = 10 };
	static struct calls calls;
	const struct job work = job();
	cl_event gate = user();
	static int host[N];

	calls_begin(&calls);
	for (int e = 0; e < EVENTS; e++) {
		cl_event event;

		if (e % 3 == 0)
			event = add(&work, cts.queue, 1, &gate);
		else if (e % 3 == 1)
			OK(clEnqueueReadBuffer(cts.queue, work.buffer, CL_FALSE, 0, sizeof(host),
					       host, 1, &gate, &event));
		else
			OK(clEnqueueMarkerWithWaitList(cts.queue, 1, &gate, &event));
		if (e % 3)
			OWN_EVENT(event);
		for (int i = 0; i < EACH; i++)
			OK(clSetEventCallback(event, CL_COMPLETE, called, &calls));
	}
	SAME(calls.count, 0);
	OK(clSetUserEventStatus(gate, CL_COMPLETE));
	OK(clFlush(cts.queue));
	calls_wait(&calls, EVENTS * EACH);
	OK(clFinish(cts.queue));
	SAME(calls.count, EVENTS * EACH);
	sum_is(&work, EVENTS / 3);
}

static void *setter(void *data)
{
	const struct timespec pause = {0, 20000000};

	nanosleep(&pause, NULL);
	clSetUserEventStatus(data, CL_COMPLETE);
	return NULL;
}

/* One thread waits for what another one lets go. */
CHECK(events, userevents_multithreaded)
{
	const struct job work = job();

	for (int round = 1; round <= 3; round++) {
		cl_event gates[4], waits;
		pthread_t threads[4];

		for (size_t i = 0; i < COUNT(gates); i++)
			gates[i] = user();
		waits = add(&work, cts.queue, COUNT(gates), gates);
		OK(clFlush(cts.queue));
		for (size_t i = 0; i < COUNT(gates); i++)
			IS(!pthread_create(&threads[i], NULL, setter, gates[i]));
		OK(clWaitForEvents(1, &waits));
		for (size_t i = 0; i < COUNT(gates); i++)
			pthread_join(threads[i], NULL);
		SAME(state(waits), CL_COMPLETE);
		sum_is(&work, round);
	}
}

CHECK(events, callback_on_error_simple)
{
	static struct calls calls;
	cl_event event = user();

	calls_begin(&calls);
	OK(clSetEventCallback(event, CL_COMPLETE, called, &calls));
	OK(clSetUserEventStatus(event, -7));
	calls_wait(&calls, 1);
	SAME(calls.last, -7);
}

CHECK(events, callback_on_error_enqueue_command)
{
	static struct calls calls;
	const struct job work = job();
	cl_command_queue queue = cts_queue(0);
	cl_event event = user(), fails = add(&work, queue, 1, &event);

	calls_begin(&calls);
	OK(clSetEventCallback(fails, CL_COMPLETE, called, &calls));
	OK(clFlush(queue));
	OK(clSetUserEventStatus(event, -7));
	calls_wait(&calls, 1);
	IS(calls.last < 0);
}
