/* SPDX-License-Identifier: MIT */
/*
 * Random commands on a few buffers, by three queues, and by as many threads of one context, each
 * with its own: `commands SEED STEPS [THREADS]`. "done", or see random.h.
 */
#include "random.h"

#include <pthread.h>

enum { MOST_THREADS = 8 };
enum { BUFFERS = 4, GROUP = 64, GROUPS = 24, N = GROUP * GROUPS, WIDTH = 32, HEIGHT = N / WIDTH };

/* Each has the same arguments; n is how many numbers the shortest of the buffers has. */
#define ARGUMENTS "(__global uint *a, __global uint *b, __global uint *c, uint k, int n)\n"

static const char source[] =
    "__kernel void scale" ARGUMENTS "{ size_t i = get_global_id(0); b[i] = a[i] * 2 + k; }\n"
    "__kernel void grow" ARGUMENTS "{ size_t i = get_global_id(0); b[i] = b[i] * 3 + k; }\n"
    "__kernel void around" ARGUMENTS "{ int i = get_global_id(0);\n"
    "  b[i] = a[i == 0 ? 0 : i - 1] + a[i == n - 1 ? i : i + 1]; }\n"
    "__kernel void some" ARGUMENTS
    "{ size_t i = get_global_id(0); if (a[i] & 1) b[i] = a[i] + k; }\n"
    "__kernel void both" ARGUMENTS
    "{ size_t i = get_global_id(0); b[i] = a[i] + k; c[i] = a[i] ^ k; }\n"
    "__kernel void shift" ARGUMENTS
    "{ size_t i = get_global_id(0); if (i + k % 200 < n) b[i + k % 200] = a[i]; }\n"
    "__kernel void sums" ARGUMENTS "{ size_t i = get_global_id(0); uint sum = k;\n"
    "  for (int j = 0; j < n; j += 7) sum += a[j]; b[i] = sum + i; }\n"
    "__kernel void rows" ARGUMENTS
    "{ size_t x = get_global_id(0), y = get_global_id(1); b[y * 32 + x] = a[y * 32 + x] - k; }\n";

enum kernel { SCALE, GROW, AROUND, SOME, BOTH, SHIFT, SUMS, ROWS, KERNELS };
static const char *const names[] = {"scale", "grow",  "around", "some",
				    "both",  "shift", "sums",	"rows"};

/* A buffer or a part of one. */
struct view {
	cl_mem memory;
	cl_uint *expected;
	size_t count;
};

static unsigned int first_seed;
static _Thread_local cl_command_queue queues[3]; /* the last one is out of order */
static _Thread_local cl_kernel kernels[KERNELS];
/* All of it, a part in the middle, and one that overlaps that. */
static _Thread_local struct view views[BUFFERS][3];
static _Thread_local cl_uint expected[BUFFERS][N], seen[N];
/* The last command's: each is after it. */
static _Thread_local cl_event last;
static _Thread_local unsigned int last_queue;
/* What the next launch waits for as well, and is set right after it. */
static _Thread_local cl_event held;

/* What a command stands behind, where its queue does not see to that. */
struct place {
	cl_command_queue queue;
	cl_event waits[2];
	cl_uint count;
	const cl_event *list;
	unsigned int number;
};

static void choose(struct place *place)
{
	*place = (struct place){.number = pick(3)};
	place->queue = queues[place->number];
	if (last && (place->number != last_queue || place->number == 2 || pick(4) == 0))
		place->waits[place->count++] = last;
	if (held)
		place->waits[place->count++] = held;
	place->list = place->count ? place->waits : NULL;
	/* What the other queue waits for is to begin some day. */
	if (last && place->number != last_queue)
		check(clFlush(queues[last_queue]));
}

static void went(const struct place *place, cl_event event)
{
	if (last)
		check(clReleaseEvent(last));
	last = event;
	last_queue = place->number;
}

static void compute(enum kernel which, const struct view *a, struct view *b, struct view *c,
		    cl_uint k, int n, int i)
{
	const cl_uint *from = a->expected;
	cl_uint *to = b->expected, sum = k;

	switch (which) {
	case SCALE:
		to[i] = from[i] * 2 + k;
		break;
	case GROW:
		to[i] = to[i] * 3 + k;
		break;
	case AROUND:
		to[i] = from[i == 0 ? 0 : i - 1] + from[i == n - 1 ? i : i + 1];
		break;
	case SOME:
		if (from[i] & 1)
			to[i] = from[i] + k;
		break;
	case BOTH:
		to[i] = from[i] + k;
		c->expected[i] = from[i] ^ k;
		break;
	case SHIFT:
		if (i + (int)(k % 200) < n)
			to[i + (int)(k % 200)] = from[i];
		break;
	case SUMS:
		for (int j = 0; j < n; j += 7)
			sum += from[j];
		to[i] = sum + (cl_uint)i;
		break;
	default:
		to[i] = from[i] - k;
	}
}

static struct view *a_view(unsigned int buffer)
{
	return &views[buffer][pick(3) ? 0 : pick(3)];
}

static void launch(void)
{
	const enum kernel which = pick(KERNELS);
	const unsigned int first = pick(BUFFERS), second = (first + 1 + pick(2)) % BUFFERS;
	struct view *a = a_view(first), *b = a_view(second), *c = a_view((first + 3) % BUFFERS);
	size_t count = a->count < b->count ? a->count : b->count;
	const cl_uint k = pick(1000);
	size_t from, all, global[2], offset[2] = {0}, local[2] = {GROUP, 1};
	struct place place;
	cl_event event;
	int n;

	count = c->count < count ? c->count : count;
	n = (int)count;
	from = pick(4) ? 0 : GROUP * pick((unsigned int)(count / GROUP / 2));
	all = count - from;
	global[0] = pick(2) ? all : GROUP * (1 + pick((unsigned int)(all / GROUP)));
	offset[0] = from;
	show("%s a=%u.%td b=%u.%td c=%u.%td k=%u n=%d, %zu of %zu on", names[which], first,
	     a - views[first], second, b - views[second], (first + 3) % BUFFERS,
	     c - views[(first + 3) % BUFFERS], k, n, global[0], from);
	for (size_t i = from; i < from + global[0]; i++)
		compute(which, a, b, c, k, n, (int)i);
	if (which == ROWS) {
		offset[0] = 0;
		offset[1] = from / WIDTH;
		global[1] = global[0] / WIDTH;
		global[0] = local[0] = WIDTH;
		local[1] = 2;
	}
	check(clSetKernelArg(kernels[which], 0, sizeof(cl_mem), &a->memory));
	check(clSetKernelArg(kernels[which], 1, sizeof(cl_mem), &b->memory));
	check(clSetKernelArg(kernels[which], 2, sizeof(cl_mem), &c->memory));
	check(clSetKernelArg(kernels[which], 3, sizeof(k), &k));
	check(clSetKernelArg(kernels[which], 4, sizeof(n), &n));
	choose(&place);
	check(clEnqueueNDRangeKernel(place.queue, kernels[which], which == ROWS ? 2 : 1, offset,
				     global, local, place.count, place.list, &event));
	went(&place, event);
}

/* A launch, and perhaps more, that begin when the program says so. */
static void hold(void)
{
	cl_int status;

	show("hold");
	held = clCreateUserEvent(context, &status);
	check(status);
	for (unsigned int i = 1 + pick(2); i > 0; i--)
		launch();
	check(clSetUserEventStatus(held, CL_COMPLETE));
	check(clReleaseEvent(held));
	held = NULL;
}

/* A command that a callback enqueues, before it lets others begin. */
struct trusted {
	cl_command_queue queue;
	cl_mem from, to;
	cl_event begin;
};

static void CL_CALLBACK go_on(cl_event event, cl_int status, void *data)
{
	struct trusted *trusted = data;

	(void)event;
	(void)status;
	check(clEnqueueCopyBuffer(trusted->queue, trusted->from, trusted->to, 0, 0, 64, 0, NULL,
				  NULL));
	check(clFlush(trusted->queue));
	check(clSetUserEventStatus(trusted->begin, CL_COMPLETE));
	check(clReleaseEvent(trusted->begin));
	check(clReleaseMemObject(trusted->from));
	check(clReleaseMemObject(trusted->to));
	check(clReleaseCommandQueue(trusted->queue));
	free(trusted);
}

/* Launches that a callback of the last command lets begin. */
static void trust(void)
{
	struct trusted *trusted = malloc(sizeof(*trusted));
	cl_int status;

	if (!last || !trusted) {
		free(trusted);
		return;
	}
	show("trust");
	trusted->begin = clCreateUserEvent(context, &status);
	check(status);
	trusted->queue = queue_of(context, 0);
	trusted->from = buffer_of(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, 64, seen);
	trusted->to = buffer_of(context, CL_MEM_READ_WRITE, 64, NULL);
	held = trusted->begin;
	check(clRetainEvent(held));
	check(clFlush(queues[last_queue]));
	check(clSetEventCallback(last, CL_COMPLETE, go_on, trusted));
	for (unsigned int i = 1 + pick(2); i > 0; i--)
		launch();
	check(clReleaseEvent(held));
	held = NULL;
}

static void is_right(unsigned int buffer, const cl_uint *numbers, const cl_uint *right,
		     size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] != right[i])
			wrong("buffer", buffer, (size_t)(right - expected[buffer]) + i, numbers[i],
			      right[i]);
}

/* Numbers [from, from + count) of a view. */
struct piece {
	unsigned int buffer;
	struct view *view;
	size_t from, count;
};

static struct piece a_piece(void)
{
	const unsigned int buffer = pick(BUFFERS);
	struct view *view = a_view(buffer);
	const size_t from = pick(2) ? 0 : pick((unsigned int)view->count);

	return (struct piece){buffer, view, from, 1 + pick((unsigned int)(view->count - from))};
}

static void show_piece(const char *what, const struct piece *of)
{
	show("%s %u.%td, %zu of %zu on", what, of->buffer, of->view - views[of->buffer], of->count,
	     of->from);
}

static void read_back(const struct piece *of)
{
	struct place place;
	cl_event event;

	show_piece("read", of);
	memset(seen, 0xee, sizeof(seen));
	choose(&place);
	check(clEnqueueReadBuffer(place.queue, of->view->memory, pick(2) ? CL_TRUE : CL_FALSE,
				  of->from * 4, of->count * 4, seen, place.count, place.list,
				  &event));
	check(clWaitForEvents(1, &event));
	went(&place, event);
	is_right(of->buffer, seen, of->view->expected + of->from, of->count);
}

static void read_some(void)
{
	const struct piece piece = a_piece();

	read_back(&piece);
}

static void write_some(void)
{
	static _Thread_local cl_uint numbers[N];
	const struct piece to = a_piece();
	const bool blocks = pick(2);
	struct place place;
	cl_event event;

	show_piece("write", &to);
	/* What was written before may be under way. */
	if (last)
		check(clWaitForEvents(1, &last));
	for (size_t i = 0; i < to.count; i++)
		to.view->expected[to.from + i] = numbers[i] = pick(1 << 20);
	choose(&place);
	check(clEnqueueWriteBuffer(place.queue, to.view->memory, blocks, to.from * 4, to.count * 4,
				   numbers, place.count, place.list, &event));
	went(&place, event);
}

static void map_some(void)
{
	const struct piece of = a_piece();
	const bool writes = pick(2);
	struct place place;
	cl_event event;
	cl_int status;
	cl_uint *at;

	show_piece(writes ? "map and write" : "map", &of);
	choose(&place);
	at = clEnqueueMapBuffer(place.queue, of.view->memory, CL_TRUE,
				writes ? CL_MAP_READ | CL_MAP_WRITE : CL_MAP_READ, of.from * 4,
				of.count * 4, place.count, place.list, &event, &status);
	check(status);
	went(&place, event);
	is_right(of.buffer, at, of.view->expected + of.from, of.count);
	for (size_t i = 0; i < of.count && writes; i++)
		of.view->expected[of.from + i] = at[i] = pick(1 << 20);
	choose(&place);
	check(clEnqueueUnmapMemObject(place.queue, of.view->memory, at, place.count, place.list,
				      &event));
	went(&place, event);
}

static void copy_some(void)
{
	const struct piece from = a_piece();
	const unsigned int to = (from.buffer + 1 + pick(BUFFERS - 1)) % BUFFERS;
	const size_t there = pick((unsigned int)(N - from.count + 1));
	struct place place;
	cl_event event;

	show_piece("copy", &from);
	show("  to %u at %zu", to, there);
	choose(&place);
	check(clEnqueueCopyBuffer(place.queue, from.view->memory, views[to][0].memory,
				  from.from * 4, there * 4, from.count * 4, place.count, place.list,
				  &event));
	went(&place, event);
	memcpy(&expected[to][there], from.view->expected + from.from, from.count * 4);
}

/* A box of lines of WIDTH numbers. */
static void copy_box(void)
{
	const unsigned int from = pick(BUFFERS), to = (from + 1 + pick(BUFFERS - 1)) % BUFFERS;
	const size_t width = 1 + pick(WIDTH), height = 1 + pick(HEIGHT);
	const size_t x = pick((unsigned int)(WIDTH - width + 1));
	const size_t y = pick((unsigned int)(HEIGHT - height + 1));
	const size_t left = pick((unsigned int)(WIDTH - width + 1));
	const size_t top = pick((unsigned int)(HEIGHT - height + 1));
	const size_t origin[] = {x * 4, y, 0}, goal[] = {left * 4, top, 0};
	const size_t region[] = {width * 4, height, 1};
	struct place place;
	cl_event event;

	show("copy box %u to %u: %zux%zu at %zu,%zu to %zu,%zu", from, to, width, height, x, y,
	     left, top);
	choose(&place);
	check(clEnqueueCopyBufferRect(place.queue, views[from][0].memory, views[to][0].memory,
				      origin, goal, region, WIDTH * 4, 0, WIDTH * 4, 0, place.count,
				      place.list, &event));
	went(&place, event);
	for (size_t line = 0; line < height; line++)
		memcpy(&expected[to][(top + line) * WIDTH + left],
		       &expected[from][(y + line) * WIDTH + x], width * 4);
}

static void fill_some(void)
{
	const struct piece piece = a_piece();
	const cl_uint what = pick(1000);
	struct place place;
	cl_event event;

	show_piece("fill", &piece);
	choose(&place);
	check(clEnqueueFillBuffer(place.queue, piece.view->memory, &what, sizeof(what),
				  piece.from * 4, piece.count * 4, place.count, place.list,
				  &event));
	went(&place, event);
	for (size_t i = 0; i < piece.count; i++)
		piece.view->expected[piece.from + i] = what;
}

static void make_views(unsigned int buffer)
{
	static const struct {
		size_t from, count;
	} parts[] = {{0, N}, {N / 4, N / 2}, {N / 2, N / 2}};
	struct view *of = views[buffer];
	cl_int status;

	for (int i = 0; i < N; i++)
		expected[buffer][i] = pick(1 << 20);
	for (unsigned int i = 0; i < COUNT(parts); i++) {
		const cl_buffer_region region = {parts[i].from * 4, parts[i].count * 4};

		of[i].expected = expected[buffer] + parts[i].from;
		of[i].count = parts[i].count;
		of[i].memory =
		    i ? clCreateSubBuffer(of[0].memory, CL_MEM_READ_WRITE,
					  CL_BUFFER_CREATE_TYPE_REGION, &region, &status)
		      : clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
				       sizeof(expected[buffer]), expected[buffer], &status);
		OK(status);
	}
}

static void take_step(void)
{
	switch (pick(20)) {
	case 0:
		read_some();
		break;
	case 1:
		write_some();
		break;
	case 2:
		copy_some();
		break;
	case 3:
		fill_some();
		break;
	case 4:
		map_some();
		break;
	case 5:
		copy_box();
		break;
	case 6:
		hold();
		break;
	case 7:
		check(clFinish(queues[last_queue]));
		break;
	case 8:
		trust();
		break;
	default:
		launch();
	}
}

static void *run(void *data)
{
	seed = first_seed + *(unsigned int *)data;
	for (unsigned int i = 0; i < 3; i++)
		queues[i] = queue_of(context, i == 2 ? CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE : 0);
	make_kernels(source, names, KERNELS, kernels);
	for (unsigned int i = 0; i < BUFFERS; i++)
		make_views(i);
	for (step = 0; step < steps; step++)
		take_step();
	for (unsigned int i = 0; i < BUFFERS; i++)
		read_back(&(struct piece){i, &views[i][0], 0, N});
	return NULL;
}

int main(int count, char **arguments)
{
	const unsigned int many = count > 3 ? (unsigned int)atoi(arguments[3]) : 1;
	pthread_t threads[MOST_THREADS];
	unsigned int numbers[MOST_THREADS];

	if (count < 3 || !many || many > MOST_THREADS)
		return 2;
	first_seed = (unsigned int)atoi(arguments[1]);
	steps = atoi(arguments[2]);
	start();
	for (unsigned int i = 0; i < many; i++) {
		numbers[i] = i;
		if (pthread_create(&threads[i], NULL, run, &numbers[i]))
			return 2;
	}
	for (unsigned int i = 0; i < many; i++)
		pthread_join(threads[i], NULL);
	puts("done");
	return 0;
}
