/* SPDX-License-Identifier: MIT */
/* What each work-group touches of each argument. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "evaluate.h"
#include "program.h"

static bool is_bounded(const struct range *range)
{
	return isfinite(range->lo) && isfinite(range->hi) && isfinite(range->k);
}

__attribute__((format(printf, 5, 6))) static bool fail(const struct evaluator *e,
						       struct refusal *refusal,
						       enum analysis_rule rule, struct place place,
						       const char *format, ...)
{
	va_list args;

	if (e->without >> rule & 1)
		return true;
	refusal->rule = rule;
	refusal->place = place;
	va_start(args, format);
	vsnprintf(refusal->reason, sizeof(refusal->reason), format, args);
	va_end(args);
	return false;
}

/* Adds an access to a window; false where no one window holds both. */
static bool add(struct analysis_window *window, const struct range *at, double size)
{
	int64_t stride, first, end;

	if (!is_bounded(at) || !isfinite(size)) {
		window->is_used = window->is_all = true;
		return false;
	}
	stride = (int64_t)at->k;
	first = (int64_t)at->lo;
	end = (int64_t)at->hi + (int64_t)size;
	if (!window->is_used) {
		*window = (struct analysis_window){true, false, stride, first, end};
		return true;
	}
	if (window->is_all || window->stride != stride) {
		window->is_all = true;
		return false;
	}
	if (first < window->first)
		window->first = first;
	if (end > window->end)
		window->end = end;
	return true;
}

static int64_t distance(const struct analysis_window *window)
{
	return window->stride < 0 ? -window->stride : window->stride;
}

static const char *name_of(const struct function *kernel, unsigned arg)
{
	const struct variable *parameter = kernel->parameters;

	while (parameter && arg--)
		parameter = parameter->next;
	return parameter ? parameter->name : "";
}

/* The window of all stores to an argument; they may not meet. */
static bool written(const struct evaluator *e, const struct function *kernel, unsigned arg,
		    unsigned axis, struct analysis_window *window, struct refusal *refusal)
{
	const struct access *first = NULL;
	size_t i;

	for (i = 0; i < e->accesses.count; i++) {
		const struct access *access = &e->accesses.at[i];
		enum analysis_rule rule =
		    access->is_image ? ANALYSIS_IMAGE_STORE : ANALYSIS_STORE_NOT_AFFINE;

		if (access->arg != arg || !access->is_store)
			continue;
		if (!is_bounded(&access->at[axis])) {
			if (!fail(e, refusal, rule, access->place,
				  "it is not known where in %.60s this stores",
				  name_of(kernel, arg)))
				return false;
		} else if (first && access->at[axis].k != first->at[axis].k) {
			if (!fail(e, refusal, rule, access->place,
				  "this and other stores to %.60s move by different steps from "
				  "work-group to work-group",
				  name_of(kernel, arg)))
				return false;
		}
		if (!first)
			first = access;
		add(window, &access->at[axis], access->size);
		if (!window->is_all && window->end - window->first > distance(window)) {
			rule = access->is_image ? ANALYSIS_IMAGE_STORE : ANALYSIS_STORE_OVERLAPS;
			if (window->stride == 0
				? !fail(e, refusal, rule, access->place,
					"every work-group may store to the same %s of %.60s",
					access->is_image ? "texels" : "bytes", name_of(kernel, arg))
				: !fail(e, refusal, rule, access->place,
					"a work-group stores within %lld %s of %.60s, and the next "
					"one "
					"begins %lld on",
					(long long)(window->end - window->first),
					access->is_image ? "texels" : "bytes", name_of(kernel, arg),
					(long long)distance(window)))
				return false;
		}
	}
	return true;
}

static bool is_within(const struct analysis_window *window, const struct range *at, double size)
{
	return is_bounded(at) && !window->is_all && (double)window->stride == at->k &&
	       at->lo >= (double)window->first && at->hi + size <= (double)window->end;
}

static bool loaded(const struct evaluator *e, const struct function *kernel, unsigned arg,
		   struct analysis_use *use, struct refusal *refusal)
{
	size_t i;

	for (i = 0; i < e->accesses.count; i++) {
		const struct access *access = &e->accesses.at[i];

		if (access->arg != arg || access->is_store)
			continue;
		if (access->is_image && !use->writes.is_used)
			/* A sampler may turn any coordinate into any other. */
			use->reads.is_used = use->reads.is_all = true;
		else
			add(&use->reads, &access->at[use->axis], access->size);
		if (!use->writes.is_used ||
		    is_within(&use->writes, &access->at[use->axis], access->size))
			continue;
		if (!fail(e, refusal, ANALYSIS_LOAD_OF_WRITTEN, access->place,
			  "this may load from %.60s what another work-group stores",
			  name_of(kernel, arg)))
			return false;
	}
	return true;
}

static bool is_stored(const struct evaluator *e, unsigned arg, bool *is_image)
{
	size_t i;

	for (i = 0; i < e->accesses.count; i++) {
		if (e->accesses.at[i].arg == arg && e->accesses.at[i].is_store) {
			*is_image = e->accesses.at[i].is_image;
			return true;
		}
	}
	return false;
}

static bool use_of(const struct evaluator *e, const struct function *kernel, unsigned arg,
		   struct analysis_use *use, struct refusal *refusal)
{
	bool is_image = false;
	int axis;

	if (!is_stored(e, arg, &is_image))
		return loaded(e, kernel, arg, use, refusal);
	/* Rows before columns: they lie together. */
	for (axis = is_image ? 2 : 0; axis >= 0; axis--) {
		*use = (struct analysis_use){.axis = (unsigned)axis};
		*refusal = (struct refusal){0};
		if (written(e, kernel, arg, (unsigned)axis, &use->writes, refusal) &&
		    loaded(e, kernel, arg, use, refusal))
			return true;
	}
	return false;
}

bool windows_of(const struct evaluator *e, const struct function *kernel, struct analysis_use *uses,
		struct refusal *refusal)
{
	bool has_store = false, is_image;
	unsigned arg;

	for (arg = 0; arg < kernel->parameter_count && arg < ANALYSIS_ARGS; arg++) {
		has_store |= is_stored(e, arg, &is_image);
		if (!use_of(e, kernel, arg, &uses[arg], refusal))
			return false;
	}
	if (!has_store)
		return fail(e, refusal, ANALYSIS_NO_STORE, kernel->place,
			    "it stores to no argument with these values");
	return true;
}

void whole_uses(const struct evaluator *e, struct analysis_use *uses)
{
	size_t i;

	for (i = 0; i < e->accesses.count; i++) {
		const struct access *access = &e->accesses.at[i];
		struct analysis_use *use = &uses[access->arg];
		struct analysis_window *window = access->is_store ? &use->writes : &use->reads;

		window->is_used = window->is_all = true;
	}
}
