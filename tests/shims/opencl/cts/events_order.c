/* SPDX-License-Identifier: MIT */
/* events: what keeps commands of queues without order apart. */
#include "ask.h"

#define N 4096
#define STEPS 12

enum order {
	BY_LIST,   /* each command waits for the one before */
	BY_WAIT,   /* clEnqueueWaitForEvents on its queue */
	BY_MARKER, /* a marker's event */
	BY_BARRIER /* a barrier of its queue */
};

/* Steps whose results depend on their order, dealt out over queues. */
static void steps(enum order order, cl_uint queue_count)
{
	cl_kernel kernel = cts_build("kernel void advance(global uint *to, uint k) {"
				     " size_t i = get_global_id(0); to[i] = to[i] * 5u + k; }",
				     NULL);
	cl_uint *want = cts_host(N * sizeof(cl_uint)), *got = cts_host(N * sizeof(cl_uint));
	cl_mem buffer = cts_buffer(CL_MEM_READ_WRITE, N * sizeof(cl_uint), want);
	cl_command_queue queues[3];
	cl_event last = NULL;
	const size_t all = N;

	if (!(cts_number(CL_DEVICE_QUEUE_ON_HOST_PROPERTIES) &
	      CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE))
		cts_skip("no queues without order");
	for (cl_uint i = 0; i < queue_count; i++)
		queues[i] = cts_queue(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
	cts_mems(kernel, 1, buffer);
	for (cl_uint step = 1; step <= STEPS; step++) {
		cl_command_queue queue = queues[step % queue_count];
		cl_event event;

		if (last && order == BY_WAIT)
			OK(clEnqueueWaitForEvents(queue, 1, &last));
		if (last && order == BY_BARRIER)
			OK(clEnqueueBarrier(queue));
		ARG(kernel, 1, step);
		OK(clEnqueueNDRangeKernel(
		    queue, kernel, 1, NULL, &all, NULL,
		    last && (order == BY_LIST || order == BY_MARKER) ? 1 : 0,
		    last && (order == BY_LIST || order == BY_MARKER) ? &last : NULL, &event));
		OWN_EVENT(event);
		if (order == BY_MARKER)
			OWN_EVENT((OK(clEnqueueMarker(queue, &event)), event));
		OK(clFlush(queue));
		last = event;
		for (size_t i = 0; i < N; i++)
			want[i] = want[i] * 5u + step;
	}
	OK(clEnqueueReadBuffer(queues[0], buffer, CL_TRUE, 0, N * sizeof(*got), got, 1, &last,
			       NULL));
	cts_same(got, want, sizeof(*got), N, "numbers");
	for (cl_uint i = 0; i < queue_count; i++)
		OK(clFinish(queues[i]));
}

CHECK(events, out_of_order_event_waitlist_single_queue)
{
	steps(BY_LIST, 1);
}

CHECK(events, out_of_order_event_waitlist_multi_queue)
{
	steps(BY_LIST, 3);
}

CHECK(events, out_of_order_event_enqueue_wait_for_events_single_queue)
{
	steps(BY_WAIT, 1);
}

CHECK(events, out_of_order_event_enqueue_wait_for_events_multi_queue)
{
	steps(BY_WAIT, 3);
}

CHECK(events, out_of_order_event_enqueue_marker_single_queue)
{
	steps(BY_MARKER, 1);
}

CHECK(events, out_of_order_event_enqueue_marker_multi_queue)
{
	steps(BY_MARKER, 3);
}

CHECK(events, out_of_order_event_enqueue_barrier_single_queue)
{
	steps(BY_BARRIER, 1);
}
