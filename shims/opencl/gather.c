/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include <pthread.h>
#include <signal.h>

#include "flight.h"
#include "residency.h"

/* Less is read as soon as a thread is there. */
#define LARGE ((size_t)16 << 20)

/* What is read of an image's lines. */
struct window {
	size_t origin[3], region[3], row_pitch, slice_pitch;
	size_t pitch; /* from line to line */
};

/* What one thread reads: the parts of one member. */
struct gather {
	struct memory *root;
	const struct window *window; /* of an image; its range is that of the lines */
	struct range range;
	unsigned char *to;
	unsigned int member;
	cl_int status;
	pthread_t thread;
	bool has_thread;
};

static cl_int read_lines(const struct gather *gather, cl_command_queue queue, struct range part)
{
	const struct window *window = gather->window;
	const struct memory *image = gather->root;
	const size_t first = part.start / image->line, before = gather->range.start / image->line;
	size_t origin[3], region[3];

	for (unsigned int i = 0; i < 3; i++) {
		origin[i] = window->origin[i];
		region[i] = window->region[i];
	}
	origin[image->axis] = first;
	region[image->axis] = part.end / image->line - first;
	return of(queue)->clEnqueueReadImage(
	    queue, image->copies[gather->member].inner, CL_TRUE, origin, region, window->row_pitch,
	    window->slice_pitch, gather->to + (first - before) * window->pitch, 0, NULL, NULL);
}

static cl_int read_part(const struct gather *gather, struct range part)
{
	struct memory *root = gather->root;
	const unsigned int member = gather->member;
	cl_int status;
	cl_command_queue queue = context_transfer(root->context, member, &status);
	void *to = gather->to + (part.start - gather->range.start);

	if (!queue || status != CL_SUCCESS)
		return status == CL_SUCCESS ? CL_OUT_OF_RESOURCES : status;
	if (gather->window)
		return read_lines(gather, queue, part);
	return of(queue)->clEnqueueReadBuffer(queue, root->copies[member].inner, CL_TRUE,
					      part.start, part.end - part.start, to, 0, NULL, NULL);
}

static void *read_all(void *data)
{
	struct gather *gather = data;
	struct range rest = gather->range, part;
	unsigned int member;

	if (gather->status == CL_SUCCESS)
		gather->status = context_wait(gather->root->context, gather->member);
	for (; gather->status == CL_SUCCESS && rest.start < rest.end; rest.start = part.end) {
		if (!residency_source(gather->root, rest, &member, &part))
			gather->status = CL_OUT_OF_HOST_MEMORY;
		else if (member == gather->member)
			gather->status = read_part(gather, part);
	}
	return NULL;
}

/* The program's signals are its own threads'. */
static void start(struct gather *gather)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	gather->has_thread = pthread_create(&gather->thread, NULL, read_all, gather) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Takes over what the threads say; where a member has failed, what it had may be had elsewhere now.
 */
static cl_int end(struct gather *gathers, unsigned int count)
{
	cl_int status = CL_SUCCESS;

	for (unsigned int i = 0; i < count; i++)
		if (gathers[i].has_thread)
			pthread_join(gathers[i].thread, NULL);
	for (unsigned int i = 0; i < count; i++) {
		struct context *context = gathers[i].root->context;

		if (gathers[i].status == CL_SUCCESS || status != CL_SUCCESS)
			continue;
		status = gathers[i].status;
		if (status != CL_OUT_OF_HOST_MEMORY)
			flight_recover(context, gathers[i].member, status);
	}
	return status;
}

static cl_int read_once(struct memory *root, struct range range, const struct window *window,
			unsigned char *to)
{
	struct gather gathers[POOL_MEMBERS];
	struct range rest = range, part;
	bool is_source[POOL_MEMBERS] = {false};
	unsigned int member, count = 0;

	for (; rest.start < rest.end; rest.start = part.end) {
		if (!residency_source(root, rest, &member, &part))
			return atomic_load(&root->context->flights.lost) ? CL_DEVICE_NOT_AVAILABLE
									 : CL_OUT_OF_HOST_MEMORY;
		is_source[member] = true;
	}
	for (unsigned int i = 0; i < pool()->count; i++)
		if (is_source[i])
			gathers[count++] = (struct gather){
			    .root = root,
			    .window = window,
			    .range = range,
			    .to = to,
			    .member = i,
			    .status = context_wait_left(root->context, i),
			};
	for (unsigned int i = 1; i < count && range.end - range.start >= LARGE; i++)
		start(&gathers[i]);
	for (unsigned int i = 0; i < count; i++)
		if (!gathers[i].has_thread)
			read_all(&gathers[i]);
	return end(gathers, count);
}

static cl_int read(struct memory *root, struct range range, const struct window *window,
		   unsigned char *to)
{
	unsigned int lost;
	cl_int status;

	/* Each time one member less. */
	do {
		lost = atomic_load(&root->context->flights.lost);
		status = read_once(root, range, window, to);
	} while (status != CL_SUCCESS && lost != atomic_load(&root->context->flights.lost));
	return status;
}

cl_int gather_read(struct memory *root, struct range range, unsigned char *to)
{
	return read(root, range, NULL, to);
}

cl_int gather_read_image(struct memory *image, const size_t origin[3], const size_t region[3],
			 size_t row_pitch, size_t slice_pitch, unsigned char *to)
{
	struct window window = {.row_pitch = row_pitch, .slice_pitch = slice_pitch};
	const struct range range = {origin[image->axis] * image->line,
				    (origin[image->axis] + region[image->axis]) * image->line};

	for (unsigned int i = 0; i < 3; i++) {
		window.origin[i] = origin[i];
		window.region[i] = region[i];
	}
	window.pitch = image->axis == 2 ? slice_pitch : row_pitch;
	return read(image, range, &window, to);
}
