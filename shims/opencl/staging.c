/* SPDX-License-Identifier: MIT */
#include "staging.h"

#include <stdlib.h>

/* Two of these: while one is written, the next is read. */
#define CHUNK ((size_t)16 << 20)
/* Less is not worth memory of its own. */
#define LEAST ((size_t)1 << 20)

/* The driver's own memory of the host; plain memory serves where there is none. */
static unsigned char *pinned(struct context *context, unsigned int member)
{
	struct staging *staging = &context->staging;
	cl_command_queue queue;
	cl_int status;

	if (staging->bytes)
		return staging->bytes;
	queue = context_transfer(context, member, &status);
	if (!queue)
		return NULL;
	staging->pinned =
	    of(context->inner[member])
		->clCreateBuffer(context->inner[member], CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR,
				 2 * CHUNK, NULL, &status);
	if (!staging->pinned)
		return NULL;
	staging->queue = queue;
	staging->bytes = of(queue)->clEnqueueMapBuffer(queue, staging->pinned, CL_TRUE,
						       CL_MAP_READ | CL_MAP_WRITE, 0, 2 * CHUNK, 0,
						       NULL, NULL, &status);
	if (!staging->bytes) {
		of(staging->pinned)->clReleaseMemObject(staging->pinned);
		staging->pinned = NULL;
	}
	return staging->bytes;
}

void staging_drop(struct staging *staging)
{
	if (!staging->bytes)
		return;
	of(staging->queue)
	    ->clEnqueueUnmapMemObject(staging->queue, staging->pinned, staging->bytes, 0, NULL,
				      NULL);
	of(staging->queue)->clFinish(staging->queue);
	of(staging->pinned)->clReleaseMemObject(staging->pinned);
	staging->bytes = NULL;
}

/* Waits for an event and gives it up; none is over. */
static cl_int take(cl_event *event)
{
	cl_int status = CL_SUCCESS;

	if (*event) {
		status = of(*event)->clWaitForEvents(1, event);
		of(*event)->clReleaseEvent(*event);
		*event = NULL;
	}
	return status;
}

/* Chunk by chunk: the half that is read now was written two chunks ago. */
static cl_int move_chunks(cl_command_queue source, cl_mem from, cl_command_queue target, cl_mem to,
			  struct range range, unsigned char *bytes, size_t room)
{
	cl_event written[2] = {NULL, NULL}, read = NULL;
	cl_int status = CL_SUCCESS;
	unsigned int half = 0;

	for (size_t at = range.start; status == CL_SUCCESS && at < range.end; at += room) {
		const size_t size = range.end - at < room ? range.end - at : room;
		unsigned char *chunk = bytes + half * room;

		status = take(&written[half]);
		if (status == CL_SUCCESS)
			status = of(source)->clEnqueueReadBuffer(source, from, CL_FALSE, at, size,
								 chunk, 0, NULL, &read);
		if (status == CL_SUCCESS)
			status = take(&read);
		if (status == CL_SUCCESS)
			status = of(target)->clEnqueueWriteBuffer(target, to, CL_FALSE, at, size,
								  chunk, 0, NULL, &written[half]);
		if (status == CL_SUCCESS)
			status = of(target)->clFlush(target);
		half = 1 - half;
	}
	for (unsigned int i = 0; i < 2; i++) {
		const cl_int over = take(&written[i]);

		if (status == CL_SUCCESS)
			status = over;
	}
	return status;
}

unsigned char *staging_take(struct context *context, unsigned int member, size_t whole,
			    size_t least, size_t *room, unsigned char **own)
{
	unsigned char *bytes = whole >= LEAST && least <= CHUNK ? pinned(context, member) : NULL;
	const size_t most = bytes ? CHUNK : LEAST > least ? LEAST : least;

	*room = whole < most ? whole : most;
	*own = bytes ? NULL : malloc(2 * *room);
	return bytes ? bytes : *own;
}

cl_int staging_move(struct context *context, unsigned int source, cl_mem from, unsigned int target,
		    cl_mem to, struct range range)
{
	cl_command_queue from_queue, to_queue;
	unsigned char *bytes, *own;
	cl_int status;
	size_t room;

	from_queue = context_transfer(context, source, &status);
	if (status != CL_SUCCESS)
		return status;
	to_queue = context_transfer(context, target, &status);
	if (status != CL_SUCCESS)
		return status;
	bytes = staging_take(context, source, range.end - range.start, 1, &room, &own);
	if (!bytes)
		return CL_OUT_OF_HOST_MEMORY;
	status = move_chunks(from_queue, from, to_queue, to, range, bytes, room);
	free(own);
	return status;
}
