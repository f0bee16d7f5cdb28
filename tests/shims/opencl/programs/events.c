/* Events: user events, callbacks, waits, markers, profiling, several threads and contexts. */
#include "common.h"

#include <pthread.h>
#include <unistd.h>

#define N 1024

static const char source[] = "kernel void add(global int *a, int k) { a[get_global_id(0)] += k; }";

static cl_int status_of(cl_event event)
{
	cl_int status;

	OK(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL));
	return status;
}

/* Two queues, and a buffer that the later command writes first: the user event tells the order. */
static void user_events(void)
{
	cl_command_queue first = queue_of(context, 0), second = queue_of(context, 0);
	cl_kernel kernel = kernel_of(context, source, "add");
	cl_mem a = buffer_of(context, 0, N * sizeof(int), NULL);
	const size_t all = N;
	const int zero = 0;
	int got[N], k = 1;
	cl_event user, run, written, read;
	cl_context its;
	cl_int status;

	/* It is on both members before. */
	OK(clEnqueueFillBuffer(first, a, &zero, 4, 0, sizeof(got), 0, NULL, NULL));
	OK(clFinish(first));
	OK(clEnqueueReadBuffer(second, a, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
	user = clCreateUserEvent(context, &status);
	OK(status);
	SAME(status_of(user), CL_SUBMITTED);
	OK(clGetEventInfo(user, CL_EVENT_CONTEXT, sizeof(its), &its, NULL));
	SAME((size_t)its, (size_t)context);
	OK(clSetKernelArg(kernel, 0, sizeof(a), &a));
	OK(clSetKernelArg(kernel, 1, sizeof(k), &k));
	OK(clEnqueueNDRangeKernel(first, kernel, 1, NULL, &all, NULL, 1, &user, &run));
	OK(clEnqueueReadBuffer(first, a, CL_FALSE, 0, sizeof(got), got, 1, &run, &read));
	/* Enqueued behind it, and done before it. */
	k = 10;
	OK(clEnqueueFillBuffer(second, a, &k, 4, 0, sizeof(got), 0, NULL, &written));
	OK(clWaitForEvents(1, &written));
	SAME(status_of(run) > CL_COMPLETE, 1);
	/* The queue goes before what it has to do. */
	OK(clReleaseCommandQueue(first));
	first = queue_of(context, 0);
	SAME(clSetUserEventStatus(run, CL_COMPLETE), CL_INVALID_EVENT);
	SAME(clSetUserEventStatus(user, CL_RUNNING), CL_INVALID_VALUE);
	OK(clSetUserEventStatus(user, CL_COMPLETE));
	SAME(clSetUserEventStatus(user, CL_COMPLETE), CL_INVALID_OPERATION);
	OK(clWaitForEvents(1, &read));
	for (int i = 0; i < N; i++)
		SAME(got[i], 11);
	OK(clReleaseEvent(user));
	OK(clReleaseEvent(run));
	OK(clReleaseEvent(read));
	OK(clReleaseEvent(written));
	/* Both members again, without it. */
	OK(clEnqueueNDRangeKernel(second, kernel, 1, NULL, &all, NULL, 0, NULL, NULL));
	OK(clFinish(second));
	OK(clEnqueueReadBuffer(first, a, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
	SAME(got[N - 1], 12);
	OK(clReleaseMemObject(a));
	OK(clReleaseKernel(kernel));
	OK(clReleaseCommandQueue(first));
	OK(clReleaseCommandQueue(second));
}

static const char slow_source[] =
    "kernel void slow(global int *a) { float x = a[0];"
    " for (int i = 0; i < 20000000; i++) x = x * 0.999f + 1.0f; a[0] = x > 999.0f ? 7 : 8; }";

/* What only an event, or only the order of a queue, keeps apart: no memory object passes it on. */
static void order(void)
{
	cl_command_queue first = queue_of(context, 0), second = queue_of(context, 0);
	cl_kernel kernel = kernel_of(context, slow_source, "slow");
	int zero = 0, through = 0, got = 0;
	cl_mem a = buffer_of(context, CL_MEM_COPY_HOST_PTR, sizeof(zero), &zero);
	cl_mem b = buffer_of(context, CL_MEM_COPY_HOST_PTR, sizeof(zero), &zero);
	const size_t one = 1;
	cl_event read;
	cl_int status;
	int *mapped;

	OK(clSetKernelArg(kernel, 0, sizeof(a), &a));
	for (int i = 0; i < 2; i++) {
		through = 0;
		OK(clEnqueueNDRangeKernel(i ? second : first, kernel, 1, NULL, &one, NULL, 0, NULL,
					  NULL));
		OK(clEnqueueReadBuffer(i ? second : first, a, CL_FALSE, 0, sizeof(through),
				       &through, 0, NULL, &read));
		OK(clEnqueueWriteBuffer(i ? first : second, b, CL_FALSE, 0, sizeof(through),
					&through, 1, &read, NULL));
		OK(clEnqueueReadBuffer(i ? first : second, b, CL_TRUE, 0, sizeof(got), &got, 0,
				       NULL, NULL));
		SAME(got, 7);
		OK(clReleaseEvent(read));
		/* A map may be on another member than what stands before it in its queue. */
		through = 0;
		OK(clEnqueueNDRangeKernel(i ? second : first, kernel, 1, NULL, &one, NULL, 0, NULL,
					  NULL));
		OK(clEnqueueReadBuffer(i ? second : first, a, CL_FALSE, 0, sizeof(through),
				       &through, 0, NULL, NULL));
		mapped = clEnqueueMapBuffer(i ? second : first, b, CL_TRUE, CL_MAP_READ, 0, 4, 0,
					    NULL, NULL, &status);
		OK(status);
		SAME(through, 7);
		OK(clEnqueueUnmapMemObject(i ? second : first, b, mapped, 0, NULL, NULL));
	}
	OK(clFinish(first));
	OK(clFinish(second));
	OK(clReleaseMemObject(a));
	OK(clReleaseMemObject(b));
	OK(clReleaseKernel(kernel));
	OK(clReleaseCommandQueue(first));
	OK(clReleaseCommandQueue(second));
}

static _Atomic int called;

static void CL_CALLBACK note(cl_event event, cl_int status, void *data)
{
	cl_command_type type;

	if (status == CL_COMPLETE &&
	    clGetEventInfo(event, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL) == CL_SUCCESS)
		called += type == *(cl_command_type *)data;
}

static void callbacks(void)
{
	cl_command_queue queue = queue_of(context, 0);
	static cl_command_type type = CL_COMMAND_FILL_BUFFER, marker = CL_COMMAND_MARKER;
	cl_mem a = buffer_of(context, 0, N, NULL);
	cl_event filled, marked;
	const char zero = 0;

	OK(clEnqueueFillBuffer(queue, a, &zero, 1, 0, N, 0, NULL, &filled));
	OK(clSetEventCallback(filled, CL_COMPLETE, note, &type));
	SAME(clSetEventCallback(filled, CL_COMPLETE, NULL, NULL), CL_INVALID_VALUE);
	SAME(clSetEventCallback(filled, 17, note, &type), CL_INVALID_VALUE);
	OK(clEnqueueMarkerWithWaitList(queue, 1, &filled, &marked));
	OK(clSetEventCallback(marked, CL_COMPLETE, note, &marker));
	/* The program's handles are gone before they are called. */
	OK(clReleaseEvent(filled));
	OK(clReleaseEvent(marked));
	OK(clFinish(queue));
	for (int i = 0; i < 2000 && called < 2; i++)
		usleep(1000);
	SAME(called, 2);
	OK(clReleaseMemObject(a));
	OK(clReleaseCommandQueue(queue));
}

static void lists(void)
{
	cl_command_queue queue = queue_of(context, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
	cl_context other = clCreateContext(NULL, 1, &device, NULL, NULL, NULL);
	cl_command_queue elsewhere = queue_of(other, 0);
	cl_event many[40], foreign, bad = NULL;
	cl_command_queue its;
	cl_uint references;
	cl_ulong time;

	for (size_t i = 0; i < COUNT(many); i++)
		OK(clEnqueueMarkerWithWaitList(queue, i ? (cl_uint)i : 0, i ? many : NULL,
					       &many[i]));
	OK(clWaitForEvents(COUNT(many), many));
	OK(clGetEventInfo(many[0], CL_EVENT_COMMAND_QUEUE, sizeof(its), &its, NULL));
	SAME((size_t)its, (size_t)queue);
	OK(clRetainEvent(many[0]));
	OK(clGetEventInfo(many[0], CL_EVENT_REFERENCE_COUNT, sizeof(references), &references,
			  NULL));
	SAME(references, 2);
	SAME(clGetEventProfilingInfo(many[0], CL_PROFILING_COMMAND_END, sizeof(time), &time, NULL),
	     CL_PROFILING_INFO_NOT_AVAILABLE);
	OK(clReleaseEvent(many[0]));
	OK(clEnqueueBarrierWithWaitList(elsewhere, 0, NULL, &foreign));
	SAME(clEnqueueBarrierWithWaitList(queue, 1, &foreign, NULL), CL_INVALID_CONTEXT);
	SAME(clEnqueueBarrierWithWaitList(queue, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
	SAME(clEnqueueBarrierWithWaitList(queue, 1, &bad, NULL), CL_INVALID_EVENT_WAIT_LIST);
	SAME(clWaitForEvents(0, NULL), CL_INVALID_VALUE);
	SAME(clWaitForEvents(1, &bad), CL_INVALID_EVENT);
	OK(clFinish(elsewhere));
	OK(clReleaseEvent(foreign));
	for (size_t i = 0; i < COUNT(many); i++)
		OK(clReleaseEvent(many[i]));
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseCommandQueue(elsewhere));
	OK(clReleaseContext(other));
}

/* Each with a context and a queue of its own, and all with queues in one context. */
static void *work(void *shared)
{
	cl_context own = clCreateContext(NULL, 1, &device, NULL, NULL, NULL);

	for (int round = 0; round < 2; round++) {
		cl_context here = round ? context : own;
		cl_command_queue queue = queue_of(here, 0);
		cl_kernel kernel = kernel_of(here, source, "add");
		const size_t all = N;
		int got[N] = {0};
		cl_mem a = buffer_of(here, CL_MEM_COPY_HOST_PTR, sizeof(got), got);

		(void)shared;
		OK(clSetKernelArg(kernel, 0, sizeof(a), &a));
		for (int i = 0; i < 200; i++) {
			cl_event event;

			OK(clSetKernelArg(kernel, 1, sizeof(i), &i));
			OK(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &all, NULL, 0, NULL,
						  &event));
			OK(clReleaseEvent(event));
		}
		OK(clEnqueueReadBuffer(queue, a, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
		for (int i = 0; i < N; i++)
			SAME(got[i], 199 * 100);
		OK(clReleaseMemObject(a));
		OK(clReleaseKernel(kernel));
		OK(clReleaseCommandQueue(queue));
	}
	OK(clReleaseContext(own));
	return NULL;
}

static void threads(void)
{
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	start();
	user_events();
	order();
	callbacks();
	lists();
	threads();
	OK(clReleaseContext(context));
	puts("done");
	return 0;
}
