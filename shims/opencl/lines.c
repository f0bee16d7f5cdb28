/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <stdlib.h>

#include "staging.h"

void lines_region(const struct memory *image, size_t region[3])
{
	const cl_image_desc *shape = &image->image;

	region[0] = shape->image_width;
	region[1] = region[2] = 1;
	switch (image->type) {
	case CL_MEM_OBJECT_IMAGE1D_ARRAY:
		region[1] = shape->image_array_size;
		break;
	case CL_MEM_OBJECT_IMAGE2D:
		region[1] = shape->image_height;
		break;
	case CL_MEM_OBJECT_IMAGE2D_ARRAY:
		region[1] = shape->image_height;
		region[2] = shape->image_array_size;
		break;
	case CL_MEM_OBJECT_IMAGE3D:
		region[1] = shape->image_height;
		region[2] = shape->image_depth;
		break;
	default:
		break;
	}
}

void lines_note(struct memory *image)
{
	size_t region[3];

	lines_region(image, region);
	image->axis = 2;
	while (image->axis && region[image->axis] == 1)
		image->axis--;
	image->line = image->element;
	for (unsigned int i = 0; i < image->axis; i++)
		image->line *= region[i];
	image->size = image->line * region[image->axis];
}

/* What is on its way in one half of the memory between. */
struct chunk {
	unsigned char *bytes;
	cl_event written;
};

static cl_int take(struct chunk *chunk)
{
	cl_int status = CL_SUCCESS;

	if (!chunk->written)
		return CL_SUCCESS;
	status = of(chunk->written)->clWaitForEvents(1, &chunk->written);
	of(chunk->written)->clReleaseEvent(chunk->written);
	chunk->written = NULL;
	return status;
}

static cl_int pass(struct memory *image, unsigned int from, unsigned int to, const size_t origin[3],
		   const size_t region[3], struct chunk *chunk)
{
	struct context *context = image->context;
	cl_command_queue source, target;
	cl_int status = take(chunk);

	source = status == CL_SUCCESS ? context_transfer(context, from, &status) : NULL;
	target = source ? context_transfer(context, to, &status) : NULL;
	if (!target)
		return status;
	status = of(source)->clEnqueueReadImage(source, image->copies[from].inner, CL_TRUE, origin,
						region, 0, 0, chunk->bytes, 0, NULL, NULL);
	if (status == CL_SUCCESS)
		status = of(target)->clEnqueueWriteImage(target, image->copies[to].inner, CL_FALSE,
							 origin, region, 0, 0, chunk->bytes, 0,
							 NULL, &chunk->written);
	if (status == CL_SUCCESS)
		of(target)->clFlush(target);
	return status;
}

cl_int lines_move(struct memory *image, unsigned int from, unsigned int to, unsigned int axis,
		  size_t begin, size_t end)
{
	struct chunk chunks[2] = {{NULL, NULL}, {NULL, NULL}};
	size_t origin[3] = {0, 0, 0}, region[3], line = image->element, room, at_once;
	unsigned char *bytes, *own;
	cl_int status = CL_SUCCESS;

	if (begin >= end)
		return CL_SUCCESS;
	lines_region(image, region);
	region[axis] = 1;
	for (unsigned int i = 0; i < 3; i++)
		line *= region[i];
	bytes = staging_take(image->context, from, (end - begin) * line, line, &room, &own);
	if (!bytes)
		return CL_OUT_OF_HOST_MEMORY;
	at_once = room / line;
	chunks[0].bytes = bytes;
	chunks[1].bytes = bytes + room;
	for (unsigned int i = 0; begin < end && status == CL_SUCCESS; i++) {
		origin[axis] = begin;
		region[axis] = end - begin < at_once ? end - begin : at_once;
		status = pass(image, from, to, origin, region, &chunks[i % 2]);
		begin += region[axis];
	}
	for (unsigned int i = 0; i < 2; i++) {
		const cl_int over = take(&chunks[i]);

		if (status == CL_SUCCESS)
			status = over;
	}
	free(own);
	return status;
}
