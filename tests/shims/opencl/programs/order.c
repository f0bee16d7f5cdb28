/*
 * What comes after what: reads behind the queue's own commands, destructors behind launches, calls
 * back behind builds, and a queue behind another whose member fails. And a program that cannot be
 * read.
 *
 *	order			the first three, and the last
 *	order exchange		two members swap what they have
 *	order queues		two queues, each on a member of its own
 */
#include "common.h"

#include <stdatomic.h>
#include <unistd.h>

#define N (1 << 20)
#define GROUP 64

static const char source[] =
    "kernel void fill(global int *a) { a[get_global_id(0)] = (int)get_global_id(0) + 1; }\n"
    "kernel void turn(global const int *a, global int *b, int n)\n"
    "{ int i = get_global_id(0); b[i] = a[n - 1 - i]; }\n"
    "kernel void slow(global int *a, int rounds)\n"
    "{ float x = a[get_global_id(0)];\n"
    "  for (int i = 0; i < rounds; i++) x = x * 0.999f + 1.0f;\n"
    "  a[get_global_id(0)] = x > 999.0f ? 7 : 8; }\n"
    "kernel void count(global int *a) { atomic_add(a, 1); }\n";

static cl_command_queue queue;

static void launch(cl_command_queue on, cl_kernel kernel, size_t count, cl_uint waits,
		   const cl_event *list, cl_event *event)
{
	const size_t group = GROUP;

	OK(clEnqueueNDRangeKernel(on, kernel, 1, NULL, &count, count > GROUP ? &group : NULL, waits,
				  list, event));
}

static cl_kernel kernel_on(const char *name, cl_mem memory)
{
	cl_kernel kernel = kernel_of(context, source, name);

	OK(clSetKernelArg(kernel, 0, sizeof(memory), &memory));
	return kernel;
}

/* What is read is on another member alone; what was enqueued before it reads the same bytes of the
 * host, and has not yet begun. */
static void read_behind_write(void)
{
	static int host[N / 2], got[N / 2];
	const int zero = 0, rounds = 5000000;
	cl_mem filled = buffer_of(context, 0, N * sizeof(int), NULL);
	cl_mem written = buffer_of(context, 0, sizeof(host), NULL);
	cl_mem one = buffer_of(context, 0, sizeof(int), NULL);
	cl_kernel fill = kernel_on("fill", filled), slow = kernel_on("slow", one);

	OK(clSetKernelArg(slow, 1, sizeof(rounds), &rounds));
	OK(clEnqueueFillBuffer(queue, one, &zero, 4, 0, 4, 0, NULL, NULL));
	launch(queue, fill, N, 0, NULL, NULL);
	OK(clFinish(queue));
	for (int i = 0; i < N / 2; i++)
		host[i] = -5;
	launch(queue, slow, 1, 0, NULL, NULL);
	OK(clEnqueueWriteBuffer(queue, written, CL_FALSE, 0, sizeof(host), host, 0, NULL, NULL));
	OK(clEnqueueReadBuffer(queue, filled, CL_TRUE, sizeof(host), sizeof(host), host, 0, NULL,
			       NULL));
	OK(clEnqueueReadBuffer(queue, written, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
	for (int i = 0; i < N / 2; i++) {
		SAME(got[i], -5);
		SAME(host[i], N / 2 + i + 1);
	}
	OK(clReleaseKernel(fill));
	OK(clReleaseKernel(slow));
	OK(clReleaseMemObject(filled));
	OK(clReleaseMemObject(written));
	OK(clReleaseMemObject(one));
}

static void CL_CALLBACK destroyed(cl_mem memory, void *is_gone)
{
	(void)memory;
	atomic_store((atomic_int *)is_gone, 1);
}

static void CL_CALLBACK over(cl_event event, cl_int status, void *is_over)
{
	(void)event;
	(void)status;
	atomic_store((atomic_int *)is_over, 1);
}

static void await(const atomic_int *flag)
{
	for (int i = 0; i < 500 && !atomic_load(flag); i++)
		usleep(10000);
	SAME(atomic_load(flag), 1);
}

/* Memory that is released while it is used goes when that is over, whoever looks. */
static void released_while_used(int is_called_back)
{
	static atomic_int is_gone, is_over;
	const int rounds = 2000, zero = 0;
	cl_mem memory = buffer_of(context, 0, N / 16 * sizeof(int), NULL);
	cl_kernel slow = kernel_on("slow", memory);
	cl_event event;

	atomic_store(&is_gone, 0);
	OK(clSetMemObjectDestructorCallback(memory, destroyed, &is_gone));
	OK(clSetKernelArg(slow, 1, sizeof(rounds), &rounds));
	OK(clEnqueueFillBuffer(queue, memory, &zero, 4, 0, N / 16 * 4, 0, NULL, NULL));
	launch(queue, slow, N / 16, 0, NULL, &event);
	if (is_called_back)
		OK(clSetEventCallback(event, CL_COMPLETE, over, &is_over));
	OK(clReleaseMemObject(memory));
	OK(clReleaseKernel(slow));
	if (is_called_back) {
		OK(clFlush(queue));
		await(&is_over);
	} else {
		OK(clWaitForEvents(1, &event));
	}
	OK(clReleaseEvent(event));
	await(&is_gone);
}

static void CL_CALLBACK told(cl_program program, void *times)
{
	(void)program;
	atomic_fetch_add((atomic_int *)times, 1);
}

/* Drivers call back for what they refuse, or do not: once at most, whatever it is. */
static void refused_builds(void)
{
	const char *missing =
	    "int missing(int); kernel void k(global int *a) { *a = missing(*a); }";
	const char *wrong = "kernel void k(global int *a) { *a = ; }";
	static atomic_int times;
	cl_program program, linked;
	cl_int status;

	program = clCreateProgramWithSource(context, 1, &missing, NULL, &status);
	OK(status);
	OK(clCompileProgram(program, 1, &device, NULL, 0, NULL, NULL, NULL, NULL));
	for (int i = 0; i < 2; i++) {
		linked = clLinkProgram(context, 1, &device, i ? "-no-such-option" : NULL, 1,
				       &program, told, &times, &status);
		SAME(!linked, 1);
		SAME(status != CL_SUCCESS, 1);
	}
	SAME(atomic_load(&times) <= 2, 1);
	OK(clReleaseProgram(program));
	atomic_store(&times, 0);
	program = clCreateProgramWithSource(context, 1, &wrong, NULL, &status);
	OK(status);
	SAME(clBuildProgram(program, 1, &device, "", told, &times) != CL_SUCCESS, 1);
	SAME(clBuildProgram(program, 1, &device, "-no-such-option", told, &times) != CL_SUCCESS, 1);
	SAME(clCompileProgram(program, 1, &device, "-no-such-option", 0, NULL, NULL, told,
			      &times) != CL_SUCCESS,
	     1);
	usleep(100000);
	SAME(atomic_load(&times) <= 3, 1);
	OK(clReleaseProgram(program));
}

/* What cannot be read is run as it is. */
static void not_understood(void)
{
	const char *text = "\n#if __COUNTER__ == 0\n"
			   "kernel void fill(global int *a) { a[get_global_id(0)] = 3; }\n"
			   "#endif\n";
	static int got[N / 16];
	cl_mem memory = buffer_of(context, 0, sizeof(got), NULL);
	cl_kernel fill = kernel_of(context, text, "fill");

	OK(clSetKernelArg(fill, 0, sizeof(memory), &memory));
	launch(queue, fill, N / 16, 0, NULL, NULL);
	OK(clEnqueueReadBuffer(queue, memory, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
	for (int i = 0; i < N / 16; i++)
		SAME(got[i], 3);
	OK(clReleaseKernel(fill));
	OK(clReleaseMemObject(memory));
}

/* Each member needs what the other has, more than is moved at once. */
static void exchange(void)
{
	static int got[4 * N];
	const int n = 4 * N;
	cl_mem a = buffer_of(context, 0, sizeof(got), NULL);
	cl_mem b = buffer_of(context, 0, sizeof(got), NULL);
	cl_kernel fill = kernel_on("fill", a), turn = kernel_on("turn", a);

	OK(clSetKernelArg(turn, 1, sizeof(b), &b));
	OK(clSetKernelArg(turn, 2, sizeof(n), &n));
	launch(queue, fill, 4 * N, 0, NULL, NULL);
	launch(queue, turn, 4 * N, 0, NULL, NULL);
	OK(clEnqueueReadBuffer(queue, b, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
	for (int i = 0; i < n; i++)
		SAME(got[i], n - i);
	OK(clReleaseKernel(fill));
	OK(clReleaseKernel(turn));
	OK(clReleaseMemObject(a));
	OK(clReleaseMemObject(b));
}

/* The second queue's kernel, which is not split, waits for parts of which one is lost with the
 * queue's own member: it runs elsewhere. */
static void two_queues(void)
{
	int zero = 0;
	cl_command_queue other = queue_of(context, 0);
	cl_mem filled = buffer_of(context, 0, N / 16 * sizeof(int), NULL);
	cl_mem counted = buffer_of(context, CL_MEM_COPY_HOST_PTR, sizeof(int), &zero);
	cl_kernel fill = kernel_on("fill", filled), count = kernel_on("count", counted);
	cl_event event;
	int got;

	launch(queue, fill, N / 16, 0, NULL, &event);
	for (int i = 0; i < 2; i++)
		launch(other, count, N / 16, 1, &event, NULL);
	OK(clEnqueueReadBuffer(other, counted, CL_TRUE, 0, sizeof(got), &got, 0, NULL, NULL));
	SAME(got, N / 8);
	OK(clReleaseEvent(event));
	OK(clReleaseKernel(fill));
	OK(clReleaseKernel(count));
	OK(clReleaseMemObject(filled));
	OK(clReleaseMemObject(counted));
	OK(clReleaseCommandQueue(other));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	start();
	queue = queue_of(context, 0);
	if (!strcmp(what, "exchange")) {
		exchange();
	} else if (!strcmp(what, "queues")) {
		two_queues();
	} else {
		read_behind_write();
		released_while_used(0);
		released_while_used(1);
		refused_builds();
		not_understood();
	}
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseContext(context));
	puts("done");
	return 0;
}
