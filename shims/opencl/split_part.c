/* SPDX-License-Identifier: MIT */
#include "split_part.h"

#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "flight.h"
#include "lines.h"
#include "residency.h"

/* Of a buffer the bytes, of an image the lines that the part touches. False: none. */
static bool slice_of(const struct analysis_window *window, const struct split_part *part,
		     uint64_t size, uint64_t *begin, uint64_t *end)
{
	return analysis_slice(window, part->from, part->to, size, begin, end) && *begin < *end;
}

/* Whether parts of it along an axis are lines of its own. */
static bool has_lines_along(const struct memory *image, unsigned int axis)
{
	return image->root == image && axis == image->axis;
}

bool split_part_range(const struct split_part *part, const struct memory *memory,
		      const struct analysis_window *window, const unsigned int *axis,
		      struct range *range)
{
	uint64_t begin, end;

	if (!is_image_type(memory->type)) {
		if (!slice_of(window, part, memory->size, &begin, &end))
			return false;
		*range = (struct range){memory->origin + begin, memory->origin + end};
		return true;
	}
	*range = (struct range){0, memory->root->size};
	if (!axis || !has_lines_along(memory, *axis))
		return window->is_used;
	if (!slice_of(window, part, memory->size / memory->line, &begin, &end))
		return false;
	*range = (struct range){begin * memory->line, end * memory->line};
	return true;
}

static cl_int bring_window(struct memory *memory, const struct analysis_window *window,
			   const unsigned int *axis, const struct split_part *part,
			   enum residency_access access)
{
	struct range range;
	cl_int status = CL_SUCCESS;

	if (split_part_range(part, memory, window, axis, &range))
		residency_need(memory->root, part->member, range.start, range.end - range.start,
			       access, &status);
	return status;
}

/* What is written is brought as well where the kernel may leave out some of it. */
cl_int split_part_bring(const struct split_work *work, const struct split_part *part)
{
	cl_int status = CL_SUCCESS;

	for (cl_uint i = 0; i < work->kernel->argument_count && status == CL_SUCCESS; i++) {
		struct memory *memory = argument_memory(&work->kernel->arguments[i]);
		const struct analysis_use *use = &work->verdict->uses[i];

		if (!memory)
			continue;
		status = bring_window(memory, &use->reads, NULL, part, RESIDENCY_READ);
		if (status == CL_SUCCESS)
			status = bring_window(memory, &use->writes, &use->axis, part,
					      use->is_filled ? RESIDENCY_WRITE : RESIDENCY_READ);
	}
	return status;
}

static void want_window(struct exchange *exchange, struct memory *memory,
			const struct analysis_window *window, const struct split_part *part)
{
	struct range range;

	if (!is_image_type(memory->type) && split_part_range(part, memory, window, NULL, &range))
		exchange_want(exchange, memory->root, part->member, range.start,
			      range.end - range.start);
}

void split_parts_exchange(const struct split_work *work, const struct split_part *parts,
			  unsigned int count)
{
	struct exchange exchange = {0};

	for (unsigned int part = 0; part < count; part++)
		for (cl_uint i = 0; i < work->kernel->argument_count; i++) {
			struct memory *memory = argument_memory(&work->kernel->arguments[i]);
			const struct analysis_use *use = &work->verdict->uses[i];

			if (!memory)
				continue;
			want_window(&exchange, memory, &use->reads, &parts[part]);
			if (!use->is_filled)
				want_window(&exchange, memory, &use->writes, &parts[part]);
		}
	exchange_run(&exchange, work->queue->context);
}

static size_t missing_of(const struct split_part *part, const struct memory *memory,
			 const struct analysis_use *use)
{
	struct range range;
	size_t bytes = 0;

	if (split_part_range(part, memory, &use->reads, NULL, &range))
		bytes += residency_missing(memory->root, part->member, range.start,
					   range.end - range.start);
	if (!use->is_filled && split_part_range(part, memory, &use->writes, &use->axis, &range))
		bytes += residency_missing(memory->root, part->member, range.start,
					   range.end - range.start);
	return bytes;
}

size_t split_parts_missing(const struct split_work *work, const struct split_part *parts,
			   unsigned int count)
{
	size_t bytes = 0;

	for (unsigned int part = 0; part < count; part++)
		for (cl_uint i = 0; i < work->kernel->argument_count; i++) {
			const struct memory *memory = argument_memory(&work->kernel->arguments[i]);

			if (memory)
				bytes += missing_of(&parts[part], memory, &work->verdict->uses[i]);
		}
	return bytes;
}

struct split_cut split_cut_of(const struct split_work *work)
{
	struct split_cut cut = {
	    .launch = *work->launch,
	    .dimension = work->verdict->dimension,
	    .group = work->verdict->group,
	    .has_hidden = work->kernel->split->info.has_hidden,
	    .hidden = work->kernel->argument_count,
	};

	cut.launch.args = NULL;
	cut.launch.arg_count = 0;
	return cut;
}

cl_int split_part_enqueue(const struct split_cut *cut, const struct split_part *part,
			  cl_kernel kernel, cl_command_queue queue, cl_event *event)
{
	const struct analysis_launch *launch = &cut->launch;
	const uint64_t first = part->from * cut->group, end = part->to * cut->group;
	const bool has_local = launch->local[0] != 0;
	size_t offset[3], global[3], local[3];
	uint64_t hidden[16];
	cl_int status;

	if (cut->has_hidden) {
		analysis_hidden(launch, cut->dimension, part->from, hidden);
		status = of(kernel)->clSetKernelArg(kernel, cut->hidden, sizeof(hidden), hidden);
		if (status != CL_SUCCESS)
			return status;
	}
	for (unsigned int i = 0; i < 3; i++) {
		offset[i] = launch->offset[i];
		global[i] = launch->global[i];
		local[i] = launch->local[i];
	}
	offset[cut->dimension] += first;
	if (end < global[cut->dimension])
		global[cut->dimension] = end;
	global[cut->dimension] -= first;
	return of(queue)->clEnqueueNDRangeKernel(queue, kernel, launch->dimensions, offset, global,
						 has_local ? local : NULL, 0, NULL, event);
}

cl_int split_part_run(const struct split_work *work, const struct split_part *part, cl_event *event,
		      struct stamp **stamp)
{
	cl_command_queue queue;
	cl_int status;

	if (flight_has_lost(work->queue->context, part->member))
		return CL_DEVICE_NOT_AVAILABLE;
	queue = queue_for_part(work->queue, part->member, &status);
	return queue ? split_part_run_on(work, part, queue, event, stamp) : status;
}

cl_int split_part_run_on(const struct split_work *work, const struct split_part *part,
			 cl_command_queue queue, cl_event *event, struct stamp **stamp)
{
	const struct split_cut cut = split_cut_of(work);
	cl_int status;
	cl_kernel inner = split_kernel_on(work->kernel, part->member, &status);

	if (!inner)
		return status == CL_SUCCESS ? CL_OUT_OF_RESOURCES : status;
	if (stamp)
		*stamp = stamp_begin(queue, part->member);
	status = split_part_enqueue(&cut, part, inner, queue, event);
	if (stamp && status == CL_SUCCESS) {
		stamp_end(*stamp, *event);
	} else if (stamp) {
		stamp_drop(*stamp);
		*stamp = NULL;
	}
	/* It is to begin while the others are given theirs. */
	if (status == CL_SUCCESS)
		of(queue)->clFlush(queue);
	return status;
}

/* Whether what is written of it cannot be in parts. */
static bool is_sent_home(const struct memory *memory, const struct analysis_use *use)
{
	return is_image_type(memory->type) && !has_lines_along(memory, use->axis);
}

/* The lines of an image that the part wrote go home. */
static cl_int send_home(const struct split_work *work, const struct split_part *part,
			struct memory *image, const struct analysis_use *use)
{
	struct context *context = work->queue->context;
	size_t region[3];
	uint64_t begin, end;
	cl_int status;

	lines_region(image, region);
	if (part->member == context->home ||
	    !slice_of(&use->writes, part, region[use->axis], &begin, &end))
		return CL_SUCCESS;
	status = context_finish(context, part->member);
	if (status == CL_SUCCESS)
		status = context_finish(context, context->home);
	/* Where it has failed the home has done the part over, in its own image. */
	if (status != CL_SUCCESS || flight_has_lost(context, part->member))
		return status;
	status = lines_move(image, part->member, context->home, use->axis, begin, end);
	if (status == CL_SUCCESS || context_finish(context, context->home) != CL_SUCCESS)
		return status;
	return flight_recover(context, part->member, status);
}

void split_part_wrote(const struct split_work *work, const struct split_part *part)
{
	const unsigned int home = work->queue->context->home;

	for (cl_uint i = 0; i < work->kernel->argument_count; i++) {
		struct memory *memory = argument_memory(&work->kernel->arguments[i]);
		const struct analysis_use *use = &work->verdict->uses[i];
		struct range range;

		if (!memory || !split_part_range(part, memory, &use->writes, &use->axis, &range))
			continue;
		if (!is_sent_home(memory, use))
			residency_wrote(memory->root, part->member, range.start,
					range.end - range.start);
		else if (part->member == home)
			flight_wrote(memory->root, home, range);
	}
}

cl_int split_part_send_home(const struct split_work *work, const struct split_part *part)
{
	cl_int status = CL_SUCCESS;

	for (cl_uint i = 0; i < work->kernel->argument_count && status == CL_SUCCESS; i++) {
		struct memory *memory = argument_memory(&work->kernel->arguments[i]);
		const struct analysis_use *use = &work->verdict->uses[i];

		if (!memory || !use->writes.is_used || !is_sent_home(memory, use))
			continue;
		status = send_home(work, part, memory, use);
		if (status == CL_SUCCESS)
			residency_wrote(memory, work->queue->context->home, 0, memory->size);
	}
	return status;
}
