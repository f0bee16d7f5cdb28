/* SPDX-License-Identifier: MIT */
#include "split_diff.h"

#include <stdlib.h>
#include <string.h>

#include "residency.h"

/* What this stands in for. */
static const uint32_t UNPROVED =
    UINT32_C(1) << ANALYSIS_STORE_NOT_AFFINE | UINT32_C(1) << ANALYSIS_STORE_OVERLAPS;

/* A buffer that is written: what was there, and what the parts have made of it. */
struct written {
	struct memory *memory;
	unsigned char *before, *after;
};

bool split_diff_judge(const struct kernel *kernel, const struct analysis_launch *launch,
		      struct analysis_verdict *verdict)
{
	struct analysis_launch without = *launch;

	without.without = UNPROVED;
	analysis_judge(kernel->program->split->analysis, (size_t)kernel->split->number, &without,
		       verdict);
	if (verdict->rule != ANALYSIS_SPLIT)
		return false;
	for (cl_uint i = 0; i < kernel->argument_count; i++) {
		const struct memory *memory = argument_memory(&kernel->arguments[i]);
		struct analysis_use *use = &verdict->uses[i];

		if (!memory)
			continue;
		/* Parts of a buffer overlap others that are not looked at. */
		if (use->writes.is_used &&
		    (use->reads.is_used || memory->root != memory || is_image_type(memory->type)))
			return false;
		/* What the rules were left out for is not known: all of it. */
		use->writes.is_all = use->reads.is_all = true;
		use->is_filled = false;
	}
	return true;
}

static void drop(struct written *list, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		free(list[i].before);
		free(list[i].after);
	}
}

/* Puts bytes into the home's copy, which alone is right then. */
static bool put(const struct split_work *work, const struct written *written,
		const unsigned char *bytes)
{
	const unsigned int home = work->queue->context->home;
	struct memory *memory = written->memory;
	cl_int status;
	cl_command_queue queue = queue_for_part(work->queue, home, &status);
	cl_mem inner = queue ? memory_on(memory, home, &status) : NULL;

	if (!inner || of(queue)->clEnqueueWriteBuffer(queue, inner, CL_TRUE, 0, memory->size, bytes,
						      0, NULL, NULL) != CL_SUCCESS)
		return false;
	residency_wrote(memory, home, 0, memory->size);
	return true;
}

/* Keeps what is in all that is written. */
static bool keep(const struct split_work *work, struct written *list, unsigned int *count)
{
	*count = 0;
	for (cl_uint i = 0; i < work->kernel->argument_count; i++) {
		struct memory *memory = argument_memory(&work->kernel->arguments[i]);
		struct written *written = &list[*count];

		if (!memory || !work->verdict->uses[i].writes.is_used)
			continue;
		*written = (struct written){memory, malloc(memory->size), malloc(memory->size)};
		++*count;
		if (!written->before || !written->after ||
		    residency_read(memory, 0, memory->size, written->before) != CL_SUCCESS)
			return false;
		/* Bytes that nobody wrote are others on each member: they would pass for changed.
		 */
		if (!ranges_has(&memory->defined, 0, memory->size) &&
		    !put(work, written, written->before))
			return false;
		memcpy(written->after, written->before, memory->size);
	}
	return *count > 0;
}

/* Takes over what one part has changed. False: another has changed it, to something else. */
static bool merge(struct written *written, const unsigned char *now)
{
	const size_t size = written->memory->size;

	for (size_t at = 0; at < size;) {
		const size_t block = size - at < 4096 ? size - at : 4096;

		if (memcmp(now + at, written->before + at, block))
			for (size_t i = at; i < at + block; i++) {
				if (now[i] == written->before[i])
					continue;
				if (written->after[i] != written->before[i] &&
				    written->after[i] != now[i])
					return false;
				written->after[i] = now[i];
			}
		at += block;
	}
	return true;
}

static bool merge_all(const struct split_work *work, struct written *list, unsigned int count,
		      const struct split_part *parts, unsigned int part_count)
{
	bool merged = true;

	for (unsigned int i = 0; i < count && merged; i++) {
		struct memory *memory = list[i].memory;
		unsigned char *now = malloc(memory->size);

		merged = now != NULL;
		for (unsigned int part = 0; part < part_count && merged; part++) {
			const unsigned int member = parts[part].member;
			cl_int status;
			cl_command_queue queue = queue_for_part(work->queue, member, &status);

			merged = queue &&
				 of(queue)->clEnqueueReadBuffer(queue, memory->copies[member].inner,
								CL_TRUE, 0, memory->size, now, 0,
								NULL, NULL) == CL_SUCCESS &&
				 merge(&list[i], now);
		}
		free(now);
	}
	return merged;
}

/* All of them, each to its end. */
static bool run_parts(const struct split_work *work, const struct split_part *parts,
		      unsigned int count)
{
	cl_event events[POOL_MEMBERS];
	unsigned int begun = 0;
	bool ran = true;

	for (unsigned int i = 0; i < count && ran; i++)
		ran = split_part_bring(work, &parts[i]) == CL_SUCCESS;
	for (unsigned int i = 0; i < count && ran; i++) {
		ran = split_part_run(work, &parts[i], &events[begun], NULL) == CL_SUCCESS;
		begun += ran;
	}
	for (unsigned int i = 0; i < begun; i++) {
		ran = of(events[i])->clWaitForEvents(1, &events[i]) == CL_SUCCESS && ran;
		of(events[i])->clReleaseEvent(events[i]);
	}
	return ran;
}

bool split_diff_run(const struct split_work *work, const struct split_part *parts,
		    unsigned int count)
{
	struct written list[ANALYSIS_ARGS];
	unsigned int written = 0;
	bool is_kept = keep(work, list, &written), is_merged = false, is_put = true;

	if (is_kept)
		is_merged =
		    run_parts(work, parts, count) && merge_all(work, list, written, parts, count);
	for (unsigned int i = 0; i < written && is_kept; i++)
		is_put = put(work, &list[i], is_merged ? list[i].after : list[i].before) && is_put;
	drop(list, written);
	return is_merged && is_put;
}
