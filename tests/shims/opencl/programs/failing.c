/* A program whose launches are in parts, while a device fails under it: it must not see any of
 * that. */
#include "common.h"

#include <pthread.h>

enum { MOST = 1 << 22, WIDTH = 64, HEIGHT = 96 };

static const char source[] =
    "__kernel void twice(__global const int *a, __global int *b)\n"
    "{ size_t i = get_global_id(0); b[i] = a[i] * 2 + 1; }\n"
    "__kernel void in_place(__global int *a)\n"
    "{ size_t i = get_global_id(0); a[i] = a[i] * 3 + (int)get_group_id(0); }\n"
    "__kernel void around(__global const int *a, __global int *b, int n)\n"
    "{ int i = get_global_id(0); b[i] = a[i == 0 ? 0 : i - 1] + a[i == n - 1 ? i : i + 1]; }\n"
    "__kernel void paint(write_only image2d_t to, int k)\n"
    "{ int2 at = (int2)(get_global_id(0), get_global_id(1));\n"
    "  write_imageui(to, at, (uint4)(at.x, at.y, k, 7)); }\n";

static int first[MOST], seen[MOST], expected[MOST];
static int n = 1 << 14; /* and so many are used */
static size_t size;
static cl_command_queue queue;
static cl_program program;

static cl_kernel kernel(const char *name)
{
	cl_int status;
	cl_kernel made = clCreateKernel(program, name, &status);

	OK(status);
	return made;
}

static cl_mem filled(void)
{
	for (int i = 0; i < n; i++)
		first[i] = i % 1009 - 3;
	return buffer_of(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, size, first);
}

static void go(cl_kernel of, cl_uint count, const cl_event *waits, cl_event *event)
{
	const size_t global = (size_t)n, local = 64;

	OK(clEnqueueNDRangeKernel(queue, of, 1, NULL, &global, &local, count, waits, event));
}

static void is_read(cl_mem buffer, const char *what)
{
	memset(seen, 0, size);
	OK(clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, size, seen, 0, NULL, NULL));
	for (int i = 0; i < n; i++)
		if (seen[i] != expected[i]) {
			fprintf(stderr, "%s: %d is %d and not %d\n", what, i, seen[i], expected[i]);
			exit(1);
		}
}

/* The second half of a buffer that is as large again. */
static cl_mem half_of(void)
{
	cl_mem whole = buffer_of(context, CL_MEM_READ_WRITE, 2 * size, NULL);
	const cl_buffer_region region = {size, size};
	cl_int status;
	cl_mem half = clCreateSubBuffer(whole, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION,
					&region, &status);

	OK(status);
	OK(clReleaseMemObject(whole));
	return half;
}

static void release(cl_mem a, cl_mem b, cl_kernel of)
{
	OK(clReleaseMemObject(a));
	if (b)
		OK(clReleaseMemObject(b));
	OK(clReleaseKernel(of));
}

/* One launch, read at once. */
static void one(void)
{
	cl_mem a = filled(), b = buffer_of(context, CL_MEM_READ_WRITE, size, NULL);
	cl_kernel twice = kernel("twice");

	OK(clSetKernelArg(twice, 0, sizeof(a), &a));
	OK(clSetKernelArg(twice, 1, sizeof(b), &b));
	go(twice, 0, NULL, NULL);
	for (int i = 0; i < n; i++)
		expected[i] = first[i] * 2 + 1;
	is_read(b, "one");
	release(a, b, twice);
}

struct heard {
	pthread_mutex_t lock;
	pthread_cond_t called;
	cl_int status;
	int calls;
};

static void CL_CALLBACK hear(cl_event event, cl_int status, void *data)
{
	struct heard *heard = data;

	(void)event;
	pthread_mutex_lock(&heard->lock);
	heard->status = status;
	heard->calls++;
	pthread_cond_signal(&heard->called);
	pthread_mutex_unlock(&heard->lock);
}

/* What its event says, to who waits, asks and is called. */
static void events(int how)
{
	cl_mem a = filled(), b = buffer_of(context, CL_MEM_READ_WRITE, size, NULL);
	struct heard heard = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 1, 0};
	cl_kernel twice = kernel("twice");
	cl_int state = CL_QUEUED;
	cl_ulong start = 0, end = 0;
	cl_event event;

	OK(clSetKernelArg(twice, 0, sizeof(a), &a));
	OK(clSetKernelArg(twice, 1, sizeof(b), &b));
	go(twice, 0, NULL, &event);
	/* What it is set to later is not what it ran with. */
	OK(clSetKernelArg(twice, 0, sizeof(b), &b));
	OK(clSetKernelArg(twice, 1, sizeof(a), &a));
	if (how == 0) {
		OK(clWaitForEvents(1, &event));
	} else if (how == 1) {
		while (state > CL_COMPLETE)
			OK(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(state),
					  &state, NULL));
		SAME(state, CL_COMPLETE);
	} else {
		OK(clSetEventCallback(event, CL_COMPLETE, hear, &heard));
		OK(clFlush(queue));
		pthread_mutex_lock(&heard.lock);
		while (!heard.calls)
			pthread_cond_wait(&heard.called, &heard.lock);
		pthread_mutex_unlock(&heard.lock);
		SAME(heard.status, CL_COMPLETE);
	}
	OK(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(state), &state, NULL));
	SAME(state, CL_COMPLETE);
	OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(start), &start, NULL));
	OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(end), &end, NULL));
	SAME(end >= start, 1);
	for (int i = 0; i < n; i++)
		expected[i] = first[i] * 2 + 1;
	is_read(b, "events");
	SAME(heard.calls, how == 2);
	OK(clReleaseEvent(event));
	release(a, b, twice);
}

/* Launches that read what those before have written, on the members themselves and from others. */
static void chain(const char *name, int steps, int is_of_halves)
{
	cl_mem ends[2] = {filled(), buffer_of(context, CL_MEM_READ_WRITE, size, NULL)};
	const int is_around = !strcmp(name, "around");
	cl_event before = NULL, event;
	cl_kernel of = kernel(name);

	for (int i = 0; i < 2 && is_of_halves; i++) {
		OK(clReleaseMemObject(ends[i]));
		ends[i] = half_of();
	}
	if (is_of_halves)
		OK(clEnqueueWriteBuffer(queue, ends[0], CL_TRUE, 0, size, first, 0, NULL, NULL));
	for (int step = 0; step < steps; step++) {
		OK(clSetKernelArg(of, 0, sizeof(cl_mem), &ends[step % 2]));
		OK(clSetKernelArg(of, 1, sizeof(cl_mem), &ends[(step + 1) % 2]));
		if (is_around)
			OK(clSetKernelArg(of, 2, sizeof(n), &n));
		go(of, before ? 1 : 0, before ? &before : NULL, &event);
		if (before)
			OK(clReleaseEvent(before));
		before = event;
		for (int i = 0; i < n; i++)
			expected[i] =
			    is_around ? first[i == 0 ? 0 : i - 1] + first[i == n - 1 ? i : i + 1]
				      : first[i] * 2 + 1;
		memcpy(first, expected, size);
	}
	OK(clReleaseEvent(before));
	is_read(ends[steps % 2], name);
	release(ends[0], ends[1], of);
}

/* A buffer that is read and written by each part, more than once. */
static void in_place(int steps)
{
	cl_mem a = filled();
	cl_kernel of = kernel("in_place");

	OK(clSetKernelArg(of, 0, sizeof(a), &a));
	memcpy(expected, first, size);
	for (int step = 0; step < steps; step++) {
		go(of, 0, NULL, NULL);
		for (int i = 0; i < n; i++)
			expected[i] = expected[i] * 3 + i / 64;
	}
	OK(clFinish(queue));
	is_read(a, "in place");
	release(a, NULL, of);
}

/* Some of what all parts have painted, with gaps between its lines. */
static void is_window_read(cl_kernel of, cl_mem made)
{
	enum { LEFT = 5, TOP = 13, COLUMNS = 40, ROWS = 70, PITCH = 256 };
	static unsigned char pixels[ROWS][PITCH];
	const size_t global[] = {WIDTH, HEIGHT}, local[] = {8, 8};
	const size_t origin[] = {LEFT, TOP, 0}, region[] = {COLUMNS, ROWS, 1};
	const int k = 6;

	memset(pixels, 0xaa, sizeof(pixels));
	OK(clSetKernelArg(of, 1, sizeof(k), &k));
	OK(clEnqueueNDRangeKernel(queue, of, 2, NULL, global, local, 0, NULL, NULL));
	OK(clEnqueueReadImage(queue, made, CL_TRUE, origin, region, PITCH, 0, pixels, 0, NULL,
			      NULL));
	for (int y = 0; y < ROWS; y++)
		for (int x = 0; x < PITCH; x++) {
			const unsigned char painted[] = {LEFT + x / 4, TOP + y, k, 7};

			SAME(pixels[y][x], x < COLUMNS * 4 ? painted[x % 4] : 0xaa);
		}
}

/* Members' parts are elsewhere in the second launch: of the first one's some is written over. */
static void resized(void)
{
	const size_t all = (size_t)n, less = all / 4 * 3, local = 64;
	cl_mem a = filled();
	cl_kernel of = kernel("in_place");

	OK(clSetKernelArg(of, 0, sizeof(a), &a));
	OK(clEnqueueNDRangeKernel(queue, of, 1, NULL, &all, &local, 0, NULL, NULL));
	OK(clEnqueueNDRangeKernel(queue, of, 1, NULL, &less, &local, 0, NULL, NULL));
	for (int i = 0; i < n; i++)
		expected[i] = first[i] * 3 + i / 64;
	for (int i = 0; i < (int)less; i++)
		expected[i] = expected[i] * 3 + i / 64;
	OK(clFinish(queue));
	is_read(a, "resized");
	release(a, NULL, of);
}

static void image(void)
{
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const cl_image_desc shape = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = WIDTH, .image_height = HEIGHT};
	const size_t global[] = {WIDTH, HEIGHT}, local[] = {8, 8}, origin[3] = {0};
	const size_t region[] = {WIDTH, HEIGHT, 1};
	static unsigned char pixels[HEIGHT][WIDTH][4];
	const int k = 5;
	cl_kernel of = kernel("paint");
	cl_int status;
	cl_mem made = clCreateImage(context, CL_MEM_READ_WRITE, &format, &shape, NULL, &status);

	OK(status);
	OK(clSetKernelArg(of, 0, sizeof(made), &made));
	OK(clSetKernelArg(of, 1, sizeof(k), &k));
	OK(clEnqueueNDRangeKernel(queue, of, 2, NULL, global, local, 0, NULL, NULL));
	OK(clEnqueueReadImage(queue, made, CL_TRUE, origin, region, 0, 0, pixels, 0, NULL, NULL));
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			SAME(pixels[y][x][0] + 256 * pixels[y][x][1] + 65536 * pixels[y][x][2],
			     x + 256 * y + 65536 * k);
	is_window_read(of, made);
	release(made, NULL, of);
}

/* Its bytes are written over while it runs: the program waits for it first. */
static void overwritten(void)
{
	static int other[MOST];
	cl_mem a = filled(), b = buffer_of(context, CL_MEM_READ_WRITE, size, NULL);
	cl_kernel twice = kernel("twice");

	OK(clSetKernelArg(twice, 0, sizeof(a), &a));
	OK(clSetKernelArg(twice, 1, sizeof(b), &b));
	go(twice, 0, NULL, NULL);
	for (int i = 0; i < n; i++) {
		expected[i] = first[i] * 2 + 1;
		other[i] = ~i;
	}
	OK(clEnqueueWriteBuffer(queue, a, CL_FALSE, 0, size, other, 0, NULL, NULL));
	is_read(b, "overwritten");
	memcpy(expected, other, size);
	is_read(a, "overwritten");
	release(a, b, twice);
}

/* What was done on the member alone, too long ago to be done over, is an error, and no wrong bytes.
 */
static void lost(void)
{
	cl_mem a = filled();
	cl_kernel of = kernel("in_place");
	cl_int status;

	OK(clSetKernelArg(of, 0, sizeof(a), &a));
	for (int step = 0; step < 80; step++)
		go(of, 0, NULL, NULL);
	OK(clFinish(queue));
	go(of, 0, NULL, NULL);
	status = clEnqueueReadBuffer(queue, a, CL_TRUE, 0, size, seen, 0, NULL, NULL);
	printf("lost: %d\n", status);
	/* What is written anew is there again. */
	memcpy(expected, first, size);
	OK(clEnqueueWriteBuffer(queue, a, CL_TRUE, 0, size, first, 0, NULL, NULL));
	is_read(a, "lost");
	release(a, NULL, of);
}

/* What a launch has read is another when its member fails: it is not done over with that. */
static void stale(void)
{
	cl_mem a = filled(), b = buffer_of(context, CL_MEM_READ_WRITE, size, NULL), c = filled();
	cl_mem d = buffer_of(context, CL_MEM_READ_WRITE, size, NULL);
	cl_kernel twice = kernel("twice"), of = kernel("in_place");
	cl_int status;

	for (int i = 0; i < n; i++)
		expected[i] = first[i] * 2 + 1;
	OK(clSetKernelArg(twice, 0, sizeof(a), &a));
	OK(clSetKernelArg(twice, 1, sizeof(b), &b));
	go(twice, 0, NULL, NULL);
	/* It is written anew, by a launch that cannot be done over, and comes home. */
	OK(clSetKernelArg(twice, 0, sizeof(c), &c));
	OK(clSetKernelArg(twice, 1, sizeof(a), &a));
	go(twice, 0, NULL, NULL);
	OK(clEnqueueWriteBuffer(queue, c, CL_TRUE, 0, size, first, 0, NULL, NULL));
	OK(clEnqueueCopyBuffer(queue, a, d, 0, 0, size, 0, NULL, NULL));
	OK(clSetKernelArg(of, 0, sizeof(d), &d));
	go(of, 0, NULL, NULL);
	OK(clFinish(queue));
	status = clEnqueueReadBuffer(queue, b, CL_TRUE, 0, size, seen, 0, NULL, NULL);
	printf("stale: %d\n", status);
	if (status == CL_SUCCESS)
		is_read(b, "stale");
	release(a, b, twice);
	release(c, d, of);
}

/* How long it takes until the event of a launch in parts is over, in ms. */
static void slow(void)
{
	cl_mem a = filled(), b = buffer_of(context, CL_MEM_READ_WRITE, size, NULL);
	double begin;
	cl_kernel twice = kernel("twice");
	cl_event event;

	OK(clSetKernelArg(twice, 0, sizeof(a), &a));
	OK(clSetKernelArg(twice, 1, sizeof(b), &b));
	begin = clock_seconds();
	go(twice, 0, NULL, &event);
	OK(clWaitForEvents(1, &event));
	printf("waited %.0f\n", (clock_seconds() - begin) * 1000);
	OK(clReleaseEvent(event));
	release(a, b, twice);
}

int main(int argc, char **argv)
{
	const char *text = source, *what = argc > 1 ? argv[1] : "";
	cl_int status;

	if (argc > 2)
		n = atoi(argv[2]);
	size = (size_t)n * sizeof(*first);
	start();
	queue = queue_of(context, CL_QUEUE_PROFILING_ENABLE);
	program = clCreateProgramWithSource(context, 1, &text, NULL, &status);
	OK(status);
	OK(clBuildProgram(program, 1, &device, "", NULL, NULL));
	if (!strcmp(what, "lost")) {
		lost();
	} else if (!strcmp(what, "slow")) {
		slow();
	} else if (!strcmp(what, "stale")) {
		stale();
	} else if (!strcmp(what, "resized")) {
		resized();
	} else {
		one();
		for (int how = 0; how < 3; how++)
			events(how);
		chain("twice", 7, 0);
		chain("around", 5, 0);
		chain("around", 3, 1);
		in_place(4);
		image();
		overwritten();
	}
	OK(clReleaseProgram(program));
	OK(clReleaseCommandQueue(queue));
	OK(clReleaseContext(context));
	puts("done");
	return 0;
}
