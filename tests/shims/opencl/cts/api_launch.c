/* SPDX-License-Identifier: MIT */
/* api: copies of kernels, launches of nothing, and kinds of queues. */
#include "ask.h"

#include <CL/cl_ext.h>

#define N 1024

static const char source[] =
    "kernel void many(global int *to, int a, global const int *b, local int *l, float2 f) {"
    " size_t i = get_global_id(0); l[get_local_id(0)] = b[i];"
    " barrier(CLK_LOCAL_MEM_FENCE); to[i] = l[get_local_id(0)] * a + (int)f.y; }\n"
    "kernel void add(global int *to, int k) { to[get_global_id(0)] += k; }\n";

/* A copy has the arguments that were set until then, and its own from then on. */
CHECK(api, clone_kernel)
{
	cl_program program = cts_program(source, NULL);
	cl_kernel kernel = cts_kernel(program, "many"), clone;
	int b[N], want[2][N], got[N];
	const cl_float f[2] = {1, 5};
	const cl_int three = 3, four = 4;
	const size_t all = N, group = 64;
	cl_mem to[2] = {cts_buffer(CL_MEM_WRITE_ONLY, sizeof(b), NULL),
			cts_buffer(CL_MEM_WRITE_ONLY, sizeof(b), NULL)};
	cl_mem in;
	cl_int status;

	for (int i = 0; i < N; i++) {
		b[i] = i;
		want[0][i] = i * 3 + 5;
		want[1][i] = i * 4 + 5;
	}
	in = cts_buffer(CL_MEM_READ_ONLY, sizeof(b), b);
	ARG(kernel, 0, to[0]);
	ARG(kernel, 1, three);
	ARG(kernel, 2, in);
	OK(clSetKernelArg(kernel, 3, group * sizeof(int), NULL));
	ARG(kernel, 4, f);
	clone = clCloneKernel(kernel, &status);
	OK(status);
	cts_own(CTS_KERNEL, clone);
	ARG(clone, 0, to[1]);
	ARG(clone, 1, four);
	QUERY_IS(clGetKernelInfo, clone, CL_KERNEL_REFERENCE_COUNT, cl_uint, 1);
	QUERY_IS(clGetKernelInfo, clone, CL_KERNEL_NUM_ARGS, cl_uint, 5);
	QUERY_IS(clGetKernelInfo, clone, CL_KERNEL_PROGRAM, cl_program, program);
	OK(clEnqueueNDRangeKernel(cts.queue, clone, 1, NULL, &all, &group, 0, NULL, NULL));
	OK(clEnqueueNDRangeKernel(cts.queue, kernel, 1, NULL, &all, &group, 0, NULL, NULL));
	for (int i = 0; i < 2; i++) {
		cts_read(to[i], sizeof(got), got);
		cts_same(got, want[i], sizeof(int), N, i ? "of the copy" : "of the kernel");
	}
	clCloneKernel(NULL, &status);
	SAME(status, CL_INVALID_KERNEL);
}

/* Nothing runs, its event ends, and what waits for it goes on. */
CHECK(api, zero_sized_enqueue)
{
	cl_kernel kernel = cts_build(source, "add");
	const size_t sizes[][3] = {{0, 0, 0}, {0, 1, 1}, {1, 0, 1}, {1, 1, 0}};
	const int one = 1, seven = 7;
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, 256, NULL);
	int got[64];
	const size_t all = 64;
	cl_event event;

	OK(clEnqueueFillBuffer(cts.queue, to, &seven, 4, 0, 256, 0, NULL, NULL));
	cts_mems(kernel, 1, to);
	ARG(kernel, 1, one);
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (cl_uint dimensions = i < 2 ? 1 : (cl_uint)i; dimensions <= 3; dimensions++) {
			OK(clEnqueueNDRangeKernel(cts.queue, kernel, dimensions, NULL, sizes[i],
						  NULL, 0, NULL, &event));
			OWN_EVENT(event);
			OK(clWaitForEvents(1, &event));
			QUERY_IS(clGetEventInfo, event, CL_EVENT_COMMAND_TYPE, cl_command_type,
				 CL_COMMAND_NDRANGE_KERNEL);
		}
	OK(clEnqueueNDRangeKernel(cts.queue, kernel, 1, NULL, &all, NULL, 1, &event, NULL));
	cts_read(to, sizeof(got), got);
	for (int i = 0; i < 64; i++)
		SAME(got[i], 8);
}

static void suggested(cl_uint dimensions)
{
	typedef cl_int(CL_API_CALL * ask_type)(cl_command_queue, cl_kernel, cl_uint, const size_t *,
					       const size_t *, size_t *);
	const size_t global[3] = {96, 24, 6};
	size_t local[3] = {0};
	ask_type ask;

	if (!cts_has("cl_khr_suggested_local_work_size"))
		cts_skip("no cl_khr_suggested_local_work_size");
	ask = (ask_type)clGetExtensionFunctionAddressForPlatform(
	    cts.platform, "clGetKernelSuggestedLocalWorkSizeKHR");
	IS(ask);
	OK(ask(cts.queue, cts_build(source, "add"), dimensions, NULL, global, local));
	for (cl_uint i = 0; i < dimensions; i++)
		IS(local[i] && global[i] % local[i] == 0);
}

CHECK(api, work_group_suggested_local_size_1D)
{
	suggested(1);
}

CHECK(api, work_group_suggested_local_size_2D)
{
	suggested(2);
}

CHECK(api, work_group_suggested_local_size_3D)
{
	suggested(3);
}

CHECK(api, sub_group_dispatch)
{
	cl_kernel kernel = cts_build(source, "add");
	size_t most, count = 1, local[3] = {0};

	if (!cts_number(CL_DEVICE_MAX_NUM_SUB_GROUPS))
		cts_skip("no sub-groups");
	OK(clGetKernelSubGroupInfo(kernel, cts.device, CL_KERNEL_MAX_NUM_SUB_GROUPS, 0, NULL,
				   sizeof(most), &most, NULL));
	IS(most > 0);
	OK(clGetKernelSubGroupInfo(kernel, cts.device, CL_KERNEL_LOCAL_SIZE_FOR_SUB_GROUP_COUNT,
				   sizeof(count), &count, sizeof(local), local, NULL));
	IS(local[0] > 0);
}

/* Launches of a queue come to their end without a flush, though the queue is released. */
CHECK(api, queue_flush_on_release)
{
	cl_kernel kernel = cts_build(source, "add");
	const size_t all = 64;
	const int one = 1;
	cl_mem to = cts_buffer(CL_MEM_READ_WRITE, 256, NULL);
	cl_command_queue queue;
	cl_event event;
	cl_int status;

	queue = clCreateCommandQueue(cts.context, cts.device, 0, &status);
	OK(status);
	cts_mems(kernel, 1, to);
	ARG(kernel, 1, one);
	OK(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &all, NULL, 0, NULL, &event));
	OWN_EVENT(event);
	OK(clReleaseCommandQueue(queue));
	OK(clWaitForEvents(1, &event));
}

static void adds(cl_command_queue queue)
{
	cl_kernel kernel = cts_build(source, "add");
	int got[N], want[N];
	const size_t all = N;
	const int four = 4;
	cl_mem to;

	for (int i = 0; i < N; i++)
		want[i] = (got[i] = i) + four;
	to = cts_buffer(CL_MEM_READ_WRITE, sizeof(got), got);
	cts_mems(kernel, 1, to);
	ARG(kernel, 1, four);
	OK(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &all, NULL, 0, NULL, NULL));
	OK(clFinish(queue));
	OK(clEnqueueReadBuffer(queue, to, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
	cts_same(got, want, sizeof(int), N, "numbers");
}

/* Hints of extensions that the device may have. */
CHECK(api, queue_hint)
{
	const cl_queue_properties lists[][3] = {
	    {CL_QUEUE_PRIORITY_KHR, CL_QUEUE_PRIORITY_HIGH_KHR, 0},
	    {CL_QUEUE_PRIORITY_KHR, CL_QUEUE_PRIORITY_LOW_KHR, 0},
	    {CL_QUEUE_THROTTLE_KHR, CL_QUEUE_THROTTLE_HIGH_KHR, 0},
	    {CL_QUEUE_THROTTLE_KHR, CL_QUEUE_THROTTLE_LOW_KHR, 0}};

	if (!cts_has("cl_khr_priority_hints") && !cts_has("cl_khr_throttle_hints"))
		cts_skip("no hints");
	for (size_t i = 0; i < COUNT(lists); i++) {
		cl_command_queue queue;
		cl_int status;

		if (!cts_has(i < 2 ? "cl_khr_priority_hints" : "cl_khr_throttle_hints"))
			continue;
		queue =
		    clCreateCommandQueueWithProperties(cts.context, cts.device, lists[i], &status);
		OK(status);
		adds(cts_own(CTS_QUEUE, queue));
	}
}

/* Each set of properties that the device has. */
CHECK(api, queue_properties)
{
	const cl_command_queue_properties can = cts_number(CL_DEVICE_QUEUE_ON_HOST_PROPERTIES);

	for (cl_queue_properties wanted = 0; wanted < 4; wanted++) {
		const cl_queue_properties list[] = {CL_QUEUE_PROPERTIES, wanted, 0};
		cl_command_queue queue;
		cl_int status;

		queue = clCreateCommandQueueWithProperties(cts.context, cts.device, list, &status);
		if (wanted & ~can) {
			SAME(status, CL_INVALID_QUEUE_PROPERTIES);
			continue;
		}
		OK(status);
		adds(cts_own(CTS_QUEUE, queue));
	}
}

static void CL_CALLBACK host_kernel(void *data)
{
	*(*(int **)data) = 4711;
}

/* Run, or refused by a device that says it has none. */
CHECK(api, native_kernel)
{
	int got = 0, *to = &got;

	if (!(cts_number(CL_DEVICE_EXECUTION_CAPABILITIES) & CL_EXEC_NATIVE_KERNEL)) {
		REFUSED(clEnqueueNativeKernel(cts.queue, host_kernel, &to, sizeof(to), 0, NULL,
					      NULL, 0, NULL, NULL),
			CL_INVALID_OPERATION);
		return;
	}
	OK(clEnqueueNativeKernel(cts.queue, host_kernel, &to, sizeof(to), 0, NULL, NULL, 0, NULL,
				 NULL));
	OK(clFinish(cts.queue));
	SAME(got, 4711);
}
