/* SPDX-License-Identifier: MIT */
/* What is known of an id. */
#include <math.h>
#include <string.h>

#include "spirv_op.h"
#include "spirv_run.h"

#define DEPTH_MOST 200

const struct type *spirv_type_of(const struct spirv_run *r, uint32_t id)
{
	const struct type *type = spirv_id(r->m, id)->type;

	return type ? type : &TYPE_ANY;
}

const uint32_t *spirv_at(const struct spirv_run *r, uint32_t id)
{
	const struct spirv_id *of = spirv_id(r->m, id);

	return of->function == r->frame->function ? of->at : NULL;
}

static const struct value *number(struct spirv_run *r, const struct type *type, int64_t value)
{
	double as = (double)value;

	return value_integer(r->e->work, type,
			     fabs(as) < RANGE_LIMIT ? range_constant(as) : range_top(64));
}

/* A vector of numbers. */
static const struct value *numbers(struct spirv_run *r, const struct spirv_id *of)
{
	struct value *vector;
	unsigned i;

	if (!of->type || of->type->kind != TYPE_VECTOR || !type_integer_of(of->type) ||
	    of->type->count > COMPONENTS_MOST)
		return value_opaque(r->e->work, of->type ? of->type : &TYPE_ANY);
	vector = value_integers(r->e->work, of->type, (unsigned)of->type->count);
	for (i = 0; i < vector->count; i++) {
		int64_t value = 0;

		vector->at[i] = range_constant(0);
		if (spirv_op(of->at) == OP_CONSTANT_NULL)
			continue;
		vector->at[i] = range_top(width_of(type_integer_of(of->type)));
		if (spirv_number(r->m, spirv_word(of->at, 3 + i), &value) &&
		    fabs((double)value) < RANGE_LIMIT)
			vector->at[i] = range_constant((double)value);
	}
	return vector;
}

/* Of the module, not of a function. */
static const struct value *constant(struct spirv_run *r, uint32_t id)
{
	const struct spirv_id *of = spirv_id(r->m, id);
	const struct type *type = spirv_type_of(r, id);
	struct value *pointer;
	int64_t value;

	if (spirv_number(r->m, id, &value))
		return number(r, type, value);
	switch (spirv_op(of->at)) {
	case OP_CONSTANT_NULL:
		if (type->kind == TYPE_POINTER) {
			pointer = value_pointer(r->e->work, type);
			pointer->roots = ROOT_NULL;
			return pointer;
		}
		return numbers(r, of);
	case OP_CONSTANT_COMPOSITE:
	case OP_SPEC_CONSTANT_COMPOSITE:
		return numbers(r, of);
	case OP_VARIABLE:
		return spirv_variable(r, of);
	default:
		return value_opaque(r->e->work, type);
	}
}

bool spirv_is_pure(const struct spirv_run *r, const uint32_t *at)
{
	const struct spirv_format *format = spirv_format(spirv_op(at));

	if (spirv_op(at) == OP_EXT_INST)
		return spirv_id(r->m, spirv_word(at, 3))->flags & SPIRV_IS_REMARK ||
		       (spirv_word(at, 3) == r->m->opencl && !spirv_is_extended_memory(at));
	if (spirv_op(at) == OP_LOAD) {
		const struct spirv_id *from = spirv_id(r->m, spirv_word(at, 3));

		return from->builtin && !from->function && from->at &&
		       spirv_op(from->at) == OP_VARIABLE;
	}
	return format && format->is_pure;
}

static const struct value *compute(struct spirv_run *r, const uint32_t *at, const struct type *type)
{
	const struct value *value = NULL;

	if (spirv_op(at) == OP_LOAD)
		value = spirv_asked(r, spirv_word(at, 3), type);
	else if (spirv_op(at) == OP_EXT_INST && spirv_word(at, 3) == r->m->opencl)
		value = spirv_extended(r, at, type);
	if (!value)
		value = spirv_operation(r, at, type);
	if (!value)
		value = spirv_composite(r, at, type);
	/* States are put together by type. */
	if (!value || value->type != type)
		return value_opaque(r->e->work, type);
	return value;
}

/* How far apart the ends of a range are, for a work-group and for all. */
static double spread(const struct value *value, bool is_for_all)
{
	double most = 0, each;
	unsigned i;

	for (i = 0; i < value->count; i++) {
		const struct range *at = &value->at[i];

		each = is_for_all ? at->max - at->min : at->hi - at->lo;
		if (isnan(each) || each > most)
			most = isnan(each) ? INFINITY : each;
	}
	return most;
}

/* Both hold, perhaps of other multiples of what integers wrap at: the one that says more. */
static const struct value *better(const struct value *fact, const struct value *value)
{
	double a, b;

	if (!fact || fact->kind == VALUE_OPAQUE || fact->count != value->count)
		return value;
	if (fact->kind != value->kind || fact->kind != VALUE_INTEGERS)
		return fact;
	a = spread(fact, false);
	b = spread(value, false);
	if (a == b) {
		a = spread(fact, true);
		b = spread(value, true);
	}
	return a <= b ? fact : value;
}

const struct value *spirv_value(struct spirv_run *r, uint32_t id)
{
	const struct spirv_id *of = spirv_id(r->m, id);
	const struct type *type = spirv_type_of(r, id);
	const struct value *kept, *value;
	struct spirv_frame *frame = r->frame;

	if (!of->at)
		return value_opaque(r->e->work, type);
	if (!of->function || spirv_op(of->at) == OP_FUNCTION)
		return constant(r, id);
	if (of->function != frame->function || of->slot == SPIRV_NONE)
		return value_opaque(r->e->work, type);
	kept = r->e->state->is_live && frame->base + of->slot < r->e->state->count
		   ? r->e->state->slots[frame->base + of->slot]
		   : NULL;
	if (!spirv_is_pure(r, of->at))
		return kept ? kept : value_opaque(r->e->work, type);
	if (frame->times[of->slot] == r->time)
		return frame->memory[of->slot];
	if (++r->e->steps > SPIRV_STEPS_MOST)
		work_fail(r->e->work, spirv_place(r->m, of->at),
			  "its loops and calls are too much for the analysis");
	/* What is computed of itself comes back here. */
	frame->times[of->slot] = r->time;
	frame->memory[of->slot] = value_opaque(r->e->work, type);
	if (r->depth >= DEPTH_MOST)
		return frame->memory[of->slot];
	r->depth++;
	value = better(kept, compute(r, of->at, type));
	r->depth--;
	frame->times[of->slot] = r->time;
	frame->memory[of->slot] = value;
	return value;
}

void spirv_set(struct spirv_run *r, uint32_t id, const struct value *value)
{
	const struct spirv_id *of = spirv_id(r->m, id);

	if (of->slot == SPIRV_NONE || of->function != r->frame->function)
		return;
	if (value && value->type != of->type)
		value = of->type ? value_opaque(r->e->work, of->type) : NULL;
	slot_set(r->e, r->frame->base + of->slot, value);
}

struct range spirv_window(struct spirv_run *r, uint32_t id, bool is_signed)
{
	const struct value *value = spirv_value(r, id);
	const struct type *type = type_integer_of(value->type);

	if (!type || value->type->kind == TYPE_VECTOR)
		return range_interval(-INFINITY, INFINITY);
	return range_window(value_range(value, 0), width_of(type), is_signed);
}

enum truth spirv_truth(struct spirv_run *r, uint32_t id)
{
	const struct value *value = spirv_value(r, id);

	if (value->type != &TYPE_BOOL || value->kind != VALUE_INTEGERS)
		return TRUTH_SOMETIMES;
	return value->at[0].min > 0   ? TRUTH_ALWAYS
	       : value->at[0].max < 1 ? TRUTH_NEVER
				      : TRUTH_SOMETIMES;
}
