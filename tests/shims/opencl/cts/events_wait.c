/* SPDX-License-Identifier: MIT */
/* events: states, waits, flushes, markers and barriers of what is enqueued. */
#include "ask.h"

#include <time.h>

#define N 4096

/* A kernel that takes a while, and its numbers; a read of as many that waits for nothing else. */
static cl_kernel work(void)
{
	cl_kernel kernel = cts_build("kernel void work(global float *to, int most) {"
				     " size_t i = get_global_id(0); float x = i;"
				     " for (int k = 0; k < most; k++) x = x * 0.5f + 1.0f;"
				     " to[i] = x; }",
				     NULL);
	cl_mem buffer = cts_buffer(CL_MEM_READ_WRITE, N * sizeof(float), NULL);
	const cl_int most = 2000;

	cts_mems(kernel, 1, buffer);
	ARG(kernel, 1, most);
	return kernel;
}

static cl_event run(cl_command_queue queue, cl_kernel kernel, cl_uint count, const cl_event *waits)
{
	const size_t all = N;
	cl_event event;

	OK(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &all, NULL, count, waits, &event));
	return OWN_EVENT(event);
}

static cl_int state(cl_event event)
{
	cl_int status;

	OK(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL));
	return status;
}

/* Seen often, the state goes down to CL_COMPLETE. */
static void finishes(cl_event event)
{
	const struct timespec pause = {0, 100000};
	cl_int last = CL_QUEUED;

	OK(clFlush(cts.queue));
	for (int i = 0; i < 200000; i++) {
		const cl_int now = state(event);

		EXPECT(now <= last && now >= CL_COMPLETE, "state %d follows %d", now, last);
		last = now;
		if (now == CL_COMPLETE)
			return;
		nanosleep(&pause, NULL);
	}
	cts_fail("it does not end");
}

CHECK(events, event_get_execute_status)
{
	finishes(run(cts.queue, work(), 0, NULL));
}

static cl_event transfer(bool writes)
{
	static char host[1 << 20];
	cl_mem buffer = cts_buffer(CL_MEM_READ_WRITE, sizeof(host), host);
	cl_event event;

	if (writes)
		OK(clEnqueueWriteBuffer(cts.queue, buffer, CL_FALSE, 0, sizeof(host), host, 0, NULL,
					&event));
	else
		OK(clEnqueueReadBuffer(cts.queue, buffer, CL_FALSE, 0, sizeof(host), host, 0, NULL,
				       &event));
	return OWN_EVENT(event);
}

CHECK(events, event_get_write_array_status)
{
	finishes(transfer(true));
}

CHECK(events, event_get_read_array_status)
{
	finishes(transfer(false));
}

CHECK(events, event_get_info)
{
	cl_event events[2] = {run(cts.queue, work(), 0, NULL), transfer(true)};
	const cl_command_type types[2] = {CL_COMMAND_NDRANGE_KERNEL, CL_COMMAND_WRITE_BUFFER};

	for (int i = 0; i < 2; i++) {
		cl_int status;

		QUERY_IS(clGetEventInfo, events[i], CL_EVENT_COMMAND_QUEUE, cl_command_queue,
			 cts.queue);
		QUERY_IS(clGetEventInfo, events[i], CL_EVENT_CONTEXT, cl_context, cts.context);
		QUERY_IS(clGetEventInfo, events[i], CL_EVENT_COMMAND_TYPE, cl_command_type,
			 types[i]);
		QUERY(clGetEventInfo, events[i], CL_EVENT_COMMAND_EXECUTION_STATUS, status);
		OK(clWaitForEvents(1, &events[i]));
		/* While it runs the driver may hold it too. */
		OK(clFinish(cts.queue));
		QUERY_IS(clGetEventInfo, events[i], CL_EVENT_COMMAND_EXECUTION_STATUS, cl_int,
			 CL_COMPLETE);
		OK(clRetainEvent(events[i]));
		OK(clReleaseEvent(events[i]));
	}
}

CHECK(events, event_wait_for_execute)
{
	cl_event event = run(cts.queue, work(), 0, NULL);

	OK(clWaitForEvents(1, &event));
	SAME(state(event), CL_COMPLETE);
}

CHECK(events, event_wait_for_array)
{
	cl_event events[2] = {transfer(true), transfer(false)};

	OK(clWaitForEvents(2, events));
	SAME(state(events[0]), CL_COMPLETE);
	SAME(state(events[1]), CL_COMPLETE);
}

CHECK(events, event_flush)
{
	cl_event event = run(cts.queue, work(), 0, NULL);

	OK(clFlush(cts.queue));
	IS(state(event) != CL_QUEUED);
	OK(clFinish(cts.queue));
	SAME(state(event), CL_COMPLETE);
}

CHECK(events, event_finish_execute)
{
	cl_event event = run(cts.queue, work(), 0, NULL);

	OK(clFinish(cts.queue));
	SAME(state(event), CL_COMPLETE);
}

CHECK(events, event_finish_array)
{
	cl_event events[2] = {transfer(true), transfer(false)};

	OK(clFinish(cts.queue));
	SAME(state(events[0]), CL_COMPLETE);
	SAME(state(events[1]), CL_COMPLETE);
}

CHECK(events, event_release_before_done)
{
	cl_kernel kernel = work();
	const size_t all = N;

	for (int i = 0; i < 64; i++) {
		cl_event event;

		OK(clEnqueueNDRangeKernel(cts.queue, kernel, 1, NULL, &all, NULL, 0, NULL, &event));
		OK(clReleaseEvent(event));
	}
	OK(clFinish(cts.queue));
}

enum kind { MARKER, MARKER_OF, BARRIER_OF };

/* Behind two kernels of a queue without order, each kind is over when they are. */
static void stands(enum kind kind)
{
	cl_command_queue queue =
	    cts_number(CL_DEVICE_QUEUE_ON_HOST_PROPERTIES) & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE
		? cts_queue(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)
		: cts.queue;
	cl_event runs[2] = {run(queue, work(), 0, NULL), run(queue, work(), 0, NULL)}, mark;

	if (kind == MARKER)
		OK(clEnqueueMarker(queue, &mark));
	else if (kind == MARKER_OF)
		OK(clEnqueueMarkerWithWaitList(queue, 2, runs, &mark));
	else
		OK(clEnqueueBarrierWithWaitList(queue, 2, runs, &mark));
	OWN_EVENT(mark);
	QUERY_IS(clGetEventInfo, mark, CL_EVENT_COMMAND_TYPE, cl_command_type,
		 kind == BARRIER_OF ? CL_COMMAND_BARRIER : CL_COMMAND_MARKER);
	OK(clFlush(queue));
	OK(clWaitForEvents(1, &mark));
	SAME(state(mark), CL_COMPLETE);
	SAME(state(runs[0]), CL_COMPLETE);
	SAME(state(runs[1]), CL_COMPLETE);
}

CHECK(events, event_enqueue_marker)
{
	stands(MARKER);
}

CHECK(events, event_enqueue_marker_with_event_list)
{
	stands(MARKER_OF);
}

CHECK(events, event_enqueue_barrier_with_event_list)
{
	stands(BARRIER_OF);
}

/* Each of these refuses the same lists. */
CHECK(events, waitlists)
{
	static int host[N];
	cl_mem buffer = cts_buffer(CL_MEM_READ_WRITE, sizeof(host), NULL);
	cl_mem other = cts_buffer(CL_MEM_READ_WRITE, sizeof(host), NULL);
	const size_t all = N, zero[3] = {0}, region[3] = {16, 4, 1};
	cl_kernel kernel = work();
	cl_event none = NULL, done;
	cl_int status, pattern = 7;

	done = run(cts.queue, kernel, 0, NULL);
	for (int c = 0; c < 3; c++) {
		const cl_uint count = c == 0 ? 1 : c == 1 ? 0 : 1;
		const cl_event *const list = c == 0 ? NULL : c == 1 ? &done : &none;
		const cl_int want = CL_INVALID_EVENT_WAIT_LIST;

		REFUSED(clEnqueueNDRangeKernel(cts.queue, kernel, 1, NULL, &all, NULL, count, list,
					       NULL),
			want);
		REFUSED(clEnqueueReadBuffer(cts.queue, buffer, CL_FALSE, 0, sizeof(host), host,
					    count, list, NULL),
			want);
		REFUSED(clEnqueueWriteBuffer(cts.queue, buffer, CL_FALSE, 0, sizeof(host), host,
					     count, list, NULL),
			want);
		REFUSED(clEnqueueReadBufferRect(cts.queue, buffer, CL_FALSE, zero, zero, region, 16,
						0, 16, 0, host, count, list, NULL),
			want);
		REFUSED(clEnqueueCopyBuffer(cts.queue, buffer, other, 0, 0, sizeof(host), count,
					    list, NULL),
			want);
		REFUSED(clEnqueueFillBuffer(cts.queue, buffer, &pattern, 4, 0, sizeof(host), count,
					    list, NULL),
			want);
		clEnqueueMapBuffer(cts.queue, buffer, CL_FALSE, CL_MAP_READ, 0, 4, count, list,
				   NULL, &status);
		SAME(status, want);
		REFUSED(clEnqueueTask(cts.queue, kernel, count, list, NULL), want);
		REFUSED(clEnqueueMarkerWithWaitList(cts.queue, count, list, NULL), want);
		REFUSED(clEnqueueBarrierWithWaitList(cts.queue, count, list, NULL), want);
		REFUSED(clEnqueueMigrateMemObjects(cts.queue, 1, &buffer, 0, count, list, NULL),
			want);
	}
	/* Events of another context are none of these. */
	{
		cl_context its = clCreateContext(NULL, 1, &cts.device, NULL, NULL, &status);
		cl_event foreign;

		OK(status);
		cts_own(CTS_CONTEXT, its);
		foreign = clCreateUserEvent(its, &status);
		OK(status);
		OWN_EVENT(foreign);
		OK(clSetUserEventStatus(foreign, CL_COMPLETE));
		REFUSED(clEnqueueMarkerWithWaitList(cts.queue, 1, &foreign, NULL),
			CL_INVALID_CONTEXT);
		REFUSED(clEnqueueNDRangeKernel(cts.queue, kernel, 1, NULL, &all, NULL, 1, &foreign,
					       NULL),
			CL_INVALID_CONTEXT);
	}
	OK(clFinish(cts.queue));
}
