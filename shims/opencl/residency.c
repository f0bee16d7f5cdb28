/* SPDX-License-Identifier: MIT */
#include "residency.h"

#include <stdlib.h>

#include "flight.h"
#include "gather.h"
#include "lines.h"
#include "staging.h"

/* The range of the root that a range of `memory` is: all of it where it is not known. */
static struct range in_root(const struct memory *memory, size_t offset, size_t size)
{
	/* Where an image lies in its buffer, the driver alone knows. */
	if (is_image_type(memory->type) && memory->root != memory)
		return (struct range){0, memory->root->size};
	return (struct range){memory->origin + offset, memory->origin + offset + size};
}

/* What is enqueued on either is done: it may still write the one, or read what the other had. */
static cl_int settle(struct context *context, unsigned int from, unsigned int to)
{
	const cl_int status = context_finish(context, from);

	/* While a user event is not set, all before it is done, and nothing reads what is not
	 * there. */
	if (status != CL_SUCCESS || atomic_load(&context->pins))
		return status;
	return context_finish(context, to);
}

static cl_int move(struct memory *root, unsigned int from, unsigned int to, struct range range)
{
	struct context *context = root->context;
	cl_int status;

	status = settle(context, from, to);
	if (status != CL_SUCCESS)
		return status;
	if (flight_has_lost(context, from) || flight_has_lost(context, to))
		return CL_DEVICE_NOT_AVAILABLE;
	if (is_image_type(root->type))
		status = lines_move(root, from, to, root->axis, range.start / root->line,
				    range.end / root->line);
	else
		status = staging_move(context, from, root->copies[from].inner, to,
				      root->copies[to].inner, range);
	if (to == context->home)
		flight_came_home(root, range, status);
	return status;
}

/* Whether a move that failed may be done from elsewhere: the member it was from has just gone. */
static bool has_lost_one(struct context *context, unsigned int from, unsigned int to,
			 unsigned int before, cl_int status)
{
	/* For want of memory a member is none the worse. */
	if (status != CL_OUT_OF_HOST_MEMORY && status != CL_MEM_OBJECT_ALLOCATION_FAILURE)
		settle(context, from, to);
	return atomic_load(&context->flights.lost) != before && !flight_has_lost(context, to);
}

bool residency_source(const struct memory *root, struct range range, unsigned int *member,
		      struct range *found)
{
	for (unsigned int i = 0; i < pool()->count; i++)
		if (!flight_has_lost(root->context, i) &&
		    ranges_first(&root->copies[i].valid, range.start, range.end, found) &&
		    found->start == range.start) {
			*member = i;
			return true;
		}
	return false;
}

bool residency_is_on(const struct memory *memory, unsigned int member, size_t offset, size_t size)
{
	const struct range range = in_root(memory, offset, size);

	return memory->root->copies[member].inner && !flight_has_lost(memory->context, member) &&
	       ranges_has(&memory->root->copies[member].valid, range.start, range.end);
}

size_t residency_missing(const struct memory *memory, unsigned int member, size_t offset,
			 size_t size)
{
	const struct memory *root = memory->root;
	struct range range = in_root(memory, offset, size), gap, found;
	size_t bytes = 0;

	for (; ranges_first_gap(&root->copies[member].valid, range.start, range.end, &gap);
	     range.start = gap.end)
		for (; ranges_first(&root->defined, gap.start, gap.end, &found);
		     gap.start = found.end)
			bytes += found.end - found.start;
	return bytes;
}

cl_int residency_read(struct memory *memory, size_t offset, size_t size, void *to)
{
	return gather_read(memory->root, in_root(memory, offset, size), to);
}

bool residency_read_image(struct memory *image, const size_t origin[3], const size_t region[3],
			  size_t row_pitch, size_t slice_pitch, void *to, cl_int *status)
{
	size_t all[3];

	if (image->root != image || !image->axis ||
	    (image->type != CL_MEM_OBJECT_IMAGE2D && image->type != CL_MEM_OBJECT_IMAGE3D))
		return false;
	lines_region(image, all);
	for (unsigned int i = 0; i < 3; i++)
		if (!region[i] || origin[i] > all[i] || region[i] > all[i] - origin[i])
			return false;
	if (!row_pitch)
		row_pitch = region[0] * image->element;
	if (image->type == CL_MEM_OBJECT_IMAGE3D && !slice_pitch)
		slice_pitch = row_pitch * region[1];
	if (row_pitch < region[0] * image->element ||
	    (slice_pitch && slice_pitch < row_pitch * region[1]))
		return false;
	*status = gather_read_image(image, origin, region, row_pitch, slice_pitch, to);
	return true;
}

cl_mem residency_need(struct memory *memory, unsigned int member, size_t offset, size_t size,
		      enum residency_access access, cl_int *status)
{
	struct memory *root = memory->root;
	struct range range = in_root(memory, offset, size), gap, found;
	cl_mem inner = memory_on(memory, member, status);
	unsigned int source, lost;

	if (inner && flight_has_lost(memory->context, member)) {
		*status = CL_DEVICE_NOT_AVAILABLE;
		return NULL;
	}
	if (!inner || access == RESIDENCY_WRITE)
		return inner;
	while (ranges_first_gap(&root->copies[member].valid, range.start, range.end, &gap)) {
		/* What nobody has written is as good here as there. */
		if (!ranges_first(&root->defined, gap.start, gap.end, &found))
			found = (struct range){gap.end, gap.end};
		if (found.start > gap.start) {
			if (ranges_add(&root->copies[member].valid, gap.start, found.start))
				continue;
			*status = CL_OUT_OF_HOST_MEMORY;
			return NULL;
		}
		if (found.end < gap.end)
			gap.end = found.end;
		/* A member had it that has failed, or it could not be noted for want of memory. */
		lost = atomic_load(&root->context->flights.lost);
		if (!residency_source(root, gap, &source, &found)) {
			*status = lost ? CL_DEVICE_NOT_AVAILABLE : CL_OUT_OF_HOST_MEMORY;
			return NULL;
		}
		*status = move(root, source, member, found);
		if (*status != CL_SUCCESS &&
		    has_lost_one(root->context, source, member, lost, *status)) {
			*status = CL_SUCCESS;
			continue;
		}
		if (*status != CL_SUCCESS)
			return NULL;
		if (!ranges_add(&root->copies[member].valid, found.start, found.end)) {
			*status = CL_OUT_OF_HOST_MEMORY;
			return NULL;
		}
	}
	return inner;
}

void residency_lost(struct memory *root, unsigned int member, struct range range)
{
	ranges_remove(&root->copies[member].valid, range.start, range.end);
}

void residency_wrote(struct memory *memory, unsigned int member, size_t offset, size_t size)
{
	struct memory *root = memory->root;
	const struct range range = in_root(memory, offset, size);

	/* Where that cannot be noted nobody has it: who reads it gets an error, not what was. */
	if (ranges_add(&root->defined, range.start, range.end) &&
	    ranges_add(&root->copies[member].valid, range.start, range.end))
		flight_wrote(root, member, range);
	for (unsigned int i = 0; i < pool()->count; i++)
		if (i != member)
			ranges_remove(&root->copies[i].valid, range.start, range.end);
}
