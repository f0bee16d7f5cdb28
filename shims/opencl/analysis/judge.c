/* SPDX-License-Identifier: MIT */
/* The verdict on a launch. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"
#include "program.h"

#define JUDGE_BYTES ((size_t)64 << 20)
/* Ids are followed exactly below this. */
#define IDS_MOST 1099511627776.0

static void set_whole(struct analysis_verdict *verdict, enum analysis_rule rule, struct place place,
		      const char *reason)
{
	verdict->rule = rule;
	verdict->line = place.line;
	verdict->column = place.column;
	verdict->is_in_source = place.line && place.file == 0;
	snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
}

/* Parameters as the launch has them. */
static void bind(struct evaluator *e, const struct function *kernel)
{
	const struct analysis_launch *launch = e->launch;
	const struct variable *parameter = kernel->parameters;
	unsigned i;

	for (i = 0; parameter; parameter = parameter->next, i++) {
		const struct type *type = parameter->type;
		const struct analysis_arg *arg =
		    i < launch->arg_count && launch->args ? &launch->args[i] : NULL;
		const struct value *value;
		struct value *pointer;

		if (type->kind == TYPE_POINTER || type->kind == TYPE_IMAGE) {
			pointer = value_pointer(e->work, type);
			if (type->kind == TYPE_POINTER && type->space == SPACE_LOCAL) {
				pointer->roots = ROOT_LOCAL;
				e->uses_groups = true;
			} else if (i < ANALYSIS_ARGS) {
				pointer->args = (uint64_t)1 << i;
			}
			value = pointer;
		} else if (arg && arg->value && type->size && arg->size == type->size) {
			value = value_bytes(e->work, type, arg->value);
		} else {
			value = value_opaque(e->work, type);
		}
		slot_set(e, parameter->slot, value);
	}
}

void evaluate_kernel(struct evaluator *e, const struct function *kernel)
{
	struct state state = {.is_live = true};
	struct frame frame = {.function = kernel};

	e->state = &state;
	e->frame = &frame;
	state_reserve(e->work, &state, kernel->slot_count);
	bind(e, kernel);
	if (kernel->spirv)
		evaluate_spirv(e, kernel);
	else
		evaluate_statement(e, kernel->body);
	if (!e->has_local && e->uses_groups) {
		state.is_live = true;
		refuse(e, ANALYSIS_NO_LOCAL_SIZE, kernel->place,
		       "it depends on the size of work-groups, which the launch leaves open");
	}
}

/* Numbers of the launch, for a dimension. False where they are too large to be followed. */
static bool set_launch(struct evaluator *e, const struct analysis_launch *launch,
		       unsigned dimension)
{
	unsigned d;

	e->launch = launch;
	e->dimension = dimension;
	e->has_local = launch->local[0] != 0;
	for (d = 0; d < 3; d++) {
		double size = (double)launch->global[d], offset = (double)launch->offset[d];

		if (!(size < IDS_MOST) || !(offset < IDS_MOST))
			return false;
		e->group[d] = e->has_local && launch->local[d] ? (double)launch->local[d] : 1;
		e->groups[d] = ceil(size / e->group[d]);
	}
	e->last = e->groups[dimension] - 1;
	return true;
}

/* One dimension. */
static bool along(const struct analysis *analysis, const struct function *kernel,
		  const struct analysis_launch *launch, unsigned dimension,
		  struct analysis_verdict *verdict, struct refusal *refusal)
{
	struct evaluator *e = calloc(1, sizeof(*e));
	struct work work = {.limit = JUDGE_BYTES};
	volatile bool is_split = false;

	*refusal = (struct refusal){.rule = ANALYSIS_TOO_COMPLEX};
	memset(verdict->uses, 0, sizeof(verdict->uses));
	verdict->has_uses = false;
	if (!e) {
		snprintf(refusal->reason, sizeof(refusal->reason),
			 "there is no memory to look at it");
		return false;
	}
	e->work = &work;
	e->tree = &analysis->tree;
	e->without = launch->without;
	e->version = analysis->pp.version;
	if (!set_launch(e, launch, dimension)) {
		snprintf(refusal->reason, sizeof(refusal->reason), "its sizes are too large");
	} else if (setjmp(work.escape)) {
		refusal->place = work.place;
		snprintf(refusal->reason, sizeof(refusal->reason), "%s", work.message);
	} else {
		evaluate_kernel(e, kernel);
		*refusal = e->refusal;
		verdict->has_uses = !e->is_incomplete;
		is_split = !refusal->rule && windows_of(e, kernel, verdict->uses, refusal);
		if (!is_split) {
			memset(verdict->uses, 0, sizeof(verdict->uses));
			whole_uses(e, verdict->uses);
		}
		if (is_split) {
			verdict->dimension = dimension;
			verdict->group = (uint64_t)e->group[dimension];
			verdict->uses_subgroups = e->uses_subgroups;
			verdict->groups = (uint64_t)e->groups[dimension];
			fill_uses(e, kernel, verdict->uses);
		}
	}
	work_free(&work);
	free(e);
	return is_split;
}

static bool overlaps(const struct analysis_arg *a, const struct analysis_arg *b)
{
	if (!a->memory || a->memory != b->memory)
		return false;
	return a->memory_offset < b->memory_offset + b->bytes &&
	       b->memory_offset < a->memory_offset + a->bytes;
}

/* Whether memory that is written is behind another argument too. */
static bool is_aliased(const struct analysis_launch *launch, const struct analysis_verdict *verdict)
{
	size_t i, j;

	for (i = 0; i < verdict->use_count && i < launch->arg_count; i++) {
		if (!verdict->uses[i].writes.is_used)
			continue;
		for (j = 0; j < verdict->use_count && j < launch->arg_count; j++) {
			const struct analysis_use *use = &verdict->uses[j];

			if (i != j && (use->writes.is_used || use->reads.is_used) &&
			    overlaps(&launch->args[i], &launch->args[j]))
				return true;
		}
	}
	return false;
}

static bool is_in_order(const struct analysis_launch *launch)
{
	unsigned d;

	if (launch->dimensions < 1 || launch->dimensions > 3)
		return false;
	for (d = 0; d < 3; d++) {
		if (!launch->global[d] || (d >= launch->dimensions && launch->global[d] != 1))
			return false;
	}
	return true;
}

void analysis_judge(const struct analysis *analysis, size_t kernel,
		    const struct analysis_launch *launch, struct analysis_verdict *verdict)
{
	const struct kernel *of =
	    kernel < analysis->kernels.count ? &analysis->kernels.at[kernel] : NULL;
	struct refusal best = {0}, refusal;
	int d;

	memset(verdict, 0, sizeof(*verdict));
	if (!of || !is_in_order(launch)) {
		set_whole(verdict, ANALYSIS_MALFORMED, (struct place){0},
			  of ? "the sizes of the launch cannot be" : "there is no such kernel");
		return;
	}
	verdict->use_count = of->function->parameter_count;
	if (of->function->is_broken || of->function->is_twice || of->function->other ||
	    verdict->use_count > ANALYSIS_ARGS) {
		set_whole(verdict, ANALYSIS_UNKNOWN,
			  of->function->is_broken ? of->function->broken_place
						  : of->function->place,
			  of->function->is_broken ? of->function->broken
			  : verdict->use_count > ANALYSIS_ARGS
			      ? "it has too many arguments"
			      : "there are several functions of its name");
		return;
	}
	if (analysis->grid_reason && rewrite_asks(analysis, of->function->name) &&
	    !(launch->without >> ANALYSIS_GRID & 1)) {
		set_whole(verdict, ANALYSIS_GRID, analysis->grid_place, analysis->grid_reason);
		return;
	}
	for (d = 2; d >= 0; d--) {
		uint64_t group = launch->local[0] && launch->local[d] ? launch->local[d] : 1;

		if (launch->global[d] <= group)
			continue;
		if (along(analysis, of->function, launch, (unsigned)d, verdict, &refusal)) {
			if (!is_aliased(launch, verdict) ||
			    launch->without >> ANALYSIS_ALIASING & 1)
				return;
			set_whole(verdict, ANALYSIS_ALIASING, of->function->place,
				  "memory that it stores to is behind another argument too");
			return;
		}
		/* The reason of the dimension that came closest. */
		if (!best.rule || refusal.rule > best.rule)
			best = refusal;
	}
	if (!best.rule) {
		best.rule = ANALYSIS_ONE_GROUP;
		snprintf(best.reason, sizeof(best.reason), "there are not two work-groups");
	}
	set_whole(verdict, best.rule, best.place, best.reason);
}

bool analysis_slice(const struct analysis_window *window, uint64_t from, uint64_t to, uint64_t size,
		    uint64_t *begin, uint64_t *end)
{
	__int128 low = 0, high = size, first, last;

	if (!window->is_used || from >= to)
		return false;
	if (!window->is_all) {
		first = (__int128)window->stride * (window->stride < 0 ? to - 1 : from);
		last = (__int128)window->stride * (window->stride < 0 ? from : to - 1);
		first += window->first;
		last += window->end;
		low = first > 0 ? first : 0;
		high = last < high ? last : high;
	}
	if (low >= high)
		return false;
	*begin = (uint64_t)low;
	*end = (uint64_t)high;
	return true;
}

void analysis_hidden(const struct analysis_launch *launch, unsigned dimension, uint64_t from,
		     uint64_t hidden[16])
{
	unsigned d;

	memset(hidden, 0, 16 * sizeof(*hidden));
	hidden[dimension < 3 ? dimension : 0] = from;
	for (d = 0; d < 3; d++) {
		uint64_t local = launch->local[0] && launch->local[d] ? launch->local[d] : 1;

		hidden[3 + d] = launch->global[d] / local + (launch->global[d] % local != 0);
		hidden[6 + d] = launch->global[d];
		hidden[9 + d] = launch->offset[d];
	}
}
