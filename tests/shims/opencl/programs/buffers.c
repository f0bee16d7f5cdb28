/* Buffers: several queues, parts, rectangles, maps, host memory, host access, destructors. */
#include "common.h"

#define N 4096

static const char add_source[] = "kernel void add(global int *a, global const int *b, int k) {"
				 " int i = get_global_id(0); a[i] += k * b[i]; }";

/* Queues of one context pass a buffer on, by events and by finishing. */
static void chain(void)
{
	cl_kernel kernel = kernel_of(context, add_source, "add");
	cl_command_queue queues[4];
	cl_event last = NULL;
	cl_mem a, b;
	int zeros[N] = {0}, ones[N], got[N];
	const size_t all = N;
	int sum = 0;

	for (int i = 0; i < N; i++)
		ones[i] = i;
	for (size_t i = 0; i < COUNT(queues); i++)
		queues[i] = queue_of(context, CL_QUEUE_PROFILING_ENABLE);
	a = buffer_of(context, CL_MEM_COPY_HOST_PTR, sizeof(zeros), zeros);
	b = buffer_of(context, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, sizeof(ones), ones);
	OK(clSetKernelArg(kernel, 0, sizeof(a), &a));
	OK(clSetKernelArg(kernel, 1, sizeof(b), &b));
	for (int i = 0; i < 16; i++) {
		cl_event event;
		cl_ulong from, to;

		OK(clSetKernelArg(kernel, 2, sizeof(i), &i));
		OK(clEnqueueNDRangeKernel(queues[i % 4], kernel, 1, NULL, &all, NULL, last ? 1 : 0,
					  last ? &last : NULL, &event));
		sum += i;
		if (i % 5 == 4) {
			OK(clEnqueueReadBuffer(queues[(i + 1) % 4], a, CL_TRUE, 0, sizeof(got), got,
					       1, &event, NULL));
			for (int j = 0; j < N; j++)
				SAME(got[j], sum * j);
			OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(from),
						   &from, NULL));
			OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(to), &to,
						   NULL));
			SAME(to >= from, 1);
		}
		if (last)
			OK(clReleaseEvent(last));
		last = event;
	}
	OK(clReleaseEvent(last));
	for (size_t i = 0; i < COUNT(queues); i++) {
		OK(clFinish(queues[i]));
		OK(clReleaseCommandQueue(queues[i]));
	}
	OK(clReleaseMemObject(a));
	OK(clReleaseMemObject(b));
	OK(clReleaseKernel(kernel));
}

/* Parts of a buffer are written on different queues, and read as one. */
static void parts(void)
{
	cl_command_queue queues[3];
	unsigned char pattern[1024], got[4096];
	cl_mem whole = buffer_of(context, CL_MEM_READ_WRITE, sizeof(got), NULL);
	cl_buffer_region region = {1024, 1024};
	cl_mem part;
	cl_uint references;
	size_t offset;
	cl_int status;

	for (size_t i = 0; i < COUNT(queues); i++)
		queues[i] = queue_of(context, 0);
	memset(got, 7, sizeof(got));
	OK(clEnqueueWriteBuffer(queues[0], whole, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
	part = clCreateSubBuffer(whole, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &status);
	OK(status);
	OK(clGetMemObjectInfo(part, CL_MEM_OFFSET, sizeof(offset), &offset, NULL));
	SAME(offset, 1024);
	memset(pattern, 9, sizeof(pattern));
	OK(clEnqueueWriteBuffer(queues[1], part, CL_TRUE, 512, 512, pattern, 0, NULL, NULL));
	OK(clEnqueueFillBuffer(queues[2], whole, "abcd", 4, 3072, 512, 0, NULL, NULL));
	OK(clFinish(queues[2]));
	OK(clEnqueueCopyBuffer(queues[0], part, whole, 512, 0, 256, 0, NULL, NULL));
	OK(clFinish(queues[0]));
	OK(clEnqueueReadBuffer(queues[1], whole, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
	for (int i = 0; i < 4096; i++)
		SAME(got[i], i < 256		     ? 9
			     : i >= 1536 && i < 2048 ? 9
			     : i >= 3072 && i < 3584 ? "abcd"[i % 4]
						     : 7);
	region.origin = 1;
	SAME(clCreateSubBuffer(whole, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &status) == NULL,
	     1);
	SAME(status, CL_MISALIGNED_SUB_BUFFER_OFFSET);
	region.origin = 4096;
	clCreateSubBuffer(whole, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &status);
	SAME(status, CL_INVALID_VALUE);
	/* The part keeps the whole. */
	OK(clReleaseMemObject(whole));
	OK(clGetMemObjectInfo(part, CL_MEM_REFERENCE_COUNT, sizeof(references), &references, NULL));
	SAME(references, 1);
	OK(clEnqueueReadBuffer(queues[2], part, CL_TRUE, 512, 512, got, 0, NULL, NULL));
	SAME(memcmp(got, pattern, 512), 0);
	OK(clReleaseMemObject(part));
	if (is_pooled)
		SAME(clReleaseMemObject(part), CL_INVALID_MEM_OBJECT);
	for (size_t i = 0; i < COUNT(queues); i++)
		OK(clReleaseCommandQueue(queues[i]));
}

static void rectangles(void)
{
	cl_command_queue queues[2] = {queue_of(context, 0), queue_of(context, 0)};
	const size_t origin[3] = {4, 2, 0}, zero[3] = {0, 0, 0}, region[3] = {8, 4, 2};
	unsigned char bytes[8 * 4 * 2], got[16 * 8 * 2];
	cl_mem a = buffer_of(context, 0, sizeof(got), NULL);
	cl_mem b = buffer_of(context, 0, sizeof(got), NULL);
	const unsigned char nothing = 0;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i + 1);
	OK(clEnqueueFillBuffer(queues[0], a, &nothing, 1, 0, sizeof(got), 0, NULL, NULL));
	OK(clEnqueueFillBuffer(queues[0], b, &nothing, 1, 0, sizeof(got), 0, NULL, NULL));
	OK(clFinish(queues[0]));
	OK(clEnqueueWriteBufferRect(queues[1], a, CL_TRUE, origin, zero, region, 16, 128, 8, 32,
				    bytes, 0, NULL, NULL));
	OK(clEnqueueCopyBufferRect(queues[0], a, b, origin, zero, region, 16, 128, 16, 128, 0, NULL,
				   NULL));
	OK(clFinish(queues[0]));
	OK(clEnqueueReadBufferRect(queues[1], b, CL_TRUE, zero, zero, region, 16, 128, 8, 32, got,
				   0, NULL, NULL));
	SAME(memcmp(got, bytes, sizeof(bytes)), 0);
	OK(clReleaseMemObject(a));
	OK(clReleaseMemObject(b));
	for (int i = 0; i < 2; i++)
		OK(clReleaseCommandQueue(queues[i]));
}

static int destroyed;

static void CL_CALLBACK gone(cl_mem memory, void *data)
{
	(void)memory;
	/* The last to be set is called first. */
	if (destroyed == *(int *)data)
		__atomic_fetch_add(&destroyed, 1, __ATOMIC_SEQ_CST);
}

/* Maps on one queue, kernels on another, in the host's memory and in the device's. */
static void maps(void)
{
	static int host[N] __attribute__((aligned(4096)));
	cl_command_queue queues[2] = {queue_of(context, 0), queue_of(context, 0)};
	cl_kernel kernel = kernel_of(context, add_source, "add");
	const cl_mem_flags flags[] = {CL_MEM_READ_WRITE, CL_MEM_USE_HOST_PTR,
				      CL_MEM_ALLOC_HOST_PTR};
	static int order[] = {1, 0};
	const size_t all = N;
	int *mapped;
	cl_int status;

	for (size_t f = 0; f < COUNT(flags); f++) {
		cl_mem a = buffer_of(context, flags[f], sizeof(host),
				     flags[f] & CL_MEM_USE_HOST_PTR ? host : NULL);
		cl_mem b = buffer_of(context, 0, sizeof(host), NULL);
		const int three = 3, one = 1;

		OK(clEnqueueFillBuffer(queues[0], b, &one, 4, 0, sizeof(host), 0, NULL, NULL));
		mapped = clEnqueueMapBuffer(queues[0], a, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION,
					    0, sizeof(host), 0, NULL, NULL, &status);
		OK(status);
		if (flags[f] & CL_MEM_USE_HOST_PTR)
			SAME((size_t)mapped, (size_t)host);
		for (int i = 0; i < N; i++)
			mapped[i] = i;
		OK(clEnqueueUnmapMemObject(queues[0], a, mapped, 0, NULL, NULL));
		OK(clFinish(queues[0]));
		OK(clSetKernelArg(kernel, 0, sizeof(a), &a));
		OK(clSetKernelArg(kernel, 1, sizeof(b), &b));
		OK(clSetKernelArg(kernel, 2, sizeof(three), &three));
		OK(clEnqueueNDRangeKernel(queues[1], kernel, 1, NULL, &all, NULL, 0, NULL, NULL));
		mapped = clEnqueueMapBuffer(queues[1], a, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 4096,
					    4096, 0, NULL, NULL, &status);
		OK(status);
		for (int i = 0; i < 1024; i++)
			SAME(mapped[i], 1024 + i + 3);
		mapped[5] = -1;
		OK(clEnqueueUnmapMemObject(queues[1], a, mapped, 0, NULL, NULL));
		OK(clEnqueueReadBuffer(queues[1], a, CL_TRUE, 4096 + 20, 4, &status, 0, NULL,
				       NULL));
		SAME(status, -1);
		SAME(clEnqueueUnmapMemObject(queues[1], a, NULL, 0, NULL, NULL), CL_INVALID_VALUE);
		destroyed = 0;
		OK(clSetMemObjectDestructorCallback(a, gone, &order[0]));
		OK(clSetMemObjectDestructorCallback(a, gone, &order[1]));
		OK(clReleaseMemObject(a));
		OK(clReleaseMemObject(b));
	}
	OK(clReleaseKernel(kernel));
	for (int i = 0; i < 2; i++)
		OK(clReleaseCommandQueue(queues[i]));
	SAME(destroyed, 2);
}

/* What the host may do with a buffer, and what flags go together. */
static void host_access(void)
{
	cl_command_queue queue = queue_of(context, 0);
	char bytes[64] = {0};
	cl_mem none = buffer_of(context, CL_MEM_HOST_NO_ACCESS, sizeof(bytes), NULL);
	cl_mem reads = buffer_of(context, CL_MEM_HOST_READ_ONLY, sizeof(bytes), NULL);
	cl_mem writes = buffer_of(context, CL_MEM_HOST_WRITE_ONLY, sizeof(bytes), NULL);
	const cl_mem_flags bad[] = {
	    CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, CL_MEM_HOST_NO_ACCESS | CL_MEM_HOST_READ_ONLY,
	    CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR, (cl_mem_flags)1 << 40};
	cl_mem_flags flags;
	cl_int status;

	SAME(clEnqueueReadBuffer(queue, none, CL_TRUE, 0, 4, bytes, 0, NULL, NULL),
	     CL_INVALID_OPERATION);
	SAME(clEnqueueWriteBuffer(queue, none, CL_TRUE, 0, 4, bytes, 0, NULL, NULL),
	     CL_INVALID_OPERATION);
	SAME(clEnqueueWriteBuffer(queue, reads, CL_TRUE, 0, 4, bytes, 0, NULL, NULL),
	     CL_INVALID_OPERATION);
	SAME(clEnqueueReadBuffer(queue, writes, CL_TRUE, 0, 4, bytes, 0, NULL, NULL),
	     CL_INVALID_OPERATION);
	OK(clEnqueueWriteBuffer(queue, writes, CL_TRUE, 0, 4, bytes, 0, NULL, NULL));
	clEnqueueMapBuffer(queue, reads, CL_TRUE, CL_MAP_WRITE, 0, 4, 0, NULL, NULL, &status);
	SAME(status, CL_INVALID_OPERATION);
	OK(clGetMemObjectInfo(none, CL_MEM_FLAGS, sizeof(flags), &flags, NULL));
	SAME(flags & CL_MEM_HOST_NO_ACCESS, CL_MEM_HOST_NO_ACCESS);
	for (size_t i = 0; i < COUNT(bad); i++) {
		clCreateBuffer(context, bad[i], 64, NULL, &status);
		SAME(status, CL_INVALID_VALUE);
	}
	clCreateBuffer(context, CL_MEM_COPY_HOST_PTR, 64, NULL, &status);
	SAME(status, CL_INVALID_HOST_PTR);
	clCreateBuffer(context, 0, 64, bytes, &status);
	SAME(status, CL_INVALID_HOST_PTR);
	clCreateBuffer(context, 0, 0, NULL, &status);
	SAME(status, CL_INVALID_BUFFER_SIZE);
	SAME(clEnqueueReadBuffer(queue, reads, CL_TRUE, 60, 8, bytes, 0, NULL, NULL),
	     CL_INVALID_VALUE);
	OK(clReleaseMemObject(none));
	OK(clReleaseMemObject(reads));
	OK(clReleaseMemObject(writes));
	OK(clReleaseCommandQueue(queue));
}

int main(void)
{
	start();
	chain();
	parts();
	rectangles();
	maps();
	host_access();
	OK(clReleaseContext(context));
	if (is_pooled)
		SAME(clReleaseContext(context), CL_INVALID_CONTEXT);
	puts("done");
	return 0;
}
