/* SPDX-License-Identifier: MIT */
/*
 * What a comparison says of an id, and of what it is computed of.
 *
 * A number that was compared and one that it is computed of are the same where they are congruent
 * modulo what integers wrap at, and both are known to be in one interval that is shorter: so
 * is_exact() compares the ends of what is known of both.
 */
#include <math.h>

#include "spirv_narrow.h"
#include "spirv_op.h"

#define DEPTH_MOST 24

static bool apply(double last, const struct said *said, struct range *range, double plus)
{
	struct range shifted;

	switch (said->relation) {
	case LESS:
		return range_at_most(last, range, &said->other, -1 - plus);
	case AT_MOST:
		return range_at_most(last, range, &said->other, -plus);
	case GREATER:
		return range_at_least(last, range, &said->other, 1 - plus);
	case AT_LEAST:
		return range_at_least(last, range, &said->other, -plus);
	case EQUAL:
		return range_at_most(last, range, &said->other, -plus) &&
		       range_at_least(last, range, &said->other, -plus);
	case OTHER:
		shifted = range_sub(last, said->other, range_constant(plus), 64);
		return range_other_than(last, range, &shifted);
	default:
		return true;
	}
}

/* Whether no store comes between a load and the end of its block, which is where it is looked at.
 */
static bool is_current(const struct spirv_run *r, const uint32_t *load)
{
	const struct spirv_id *of = spirv_id(r->m, spirv_result(load));
	const uint32_t *at, *end;

	if (of->block == SPIRV_NONE || of->block != r->ended || r->assumed)
		return false;
	end = r->frame->function->blocks.at[of->block].last;
	for (at = load + spirv_length(load); at < end; at += spirv_length(at)) {
		const uint32_t *to;

		switch (spirv_op(at)) {
		case OP_STORE:
			/* To another variable than the one that is loaded. */
			to = spirv_at(r, spirv_word(at, 1));
			if (!to || spirv_op(to) != OP_VARIABLE ||
			    spirv_word(at, 1) == spirv_word(load, 3))
				return false;
			break;
		case OP_LOAD:
		case OP_LABEL:
		case OP_LINE:
		case OP_NO_LINE:
			break;
		default:
			if (!spirv_is_pure(r, at))
				return false;
		}
	}
	return true;
}

/* The variable that was loaded holds the same number still. */
static void narrow_variable(struct spirv_run *r, const uint32_t *load, const struct value *value)
{
	const struct spirv_id *variable = spirv_id(r->m, spirv_word(load, 3));
	unsigned slot;

	if (variable->function != r->frame->function || variable->content == SPIRV_NONE ||
	    !variable->at || spirv_op(variable->at) != OP_VARIABLE || !is_current(r, load))
		return;
	slot = r->frame->base + variable->content;
	if (slot < r->e->state->count && r->e->state->slots[slot] &&
	    r->e->state->slots[slot]->type == value->type)
		slot_set(r->e, slot, value);
}

/* Whether a number plus `plus` is just what was compared, without wrapping in between. */
static bool is_exact(double last, struct range range, double plus, const struct range *seen)
{
	struct range sum = range_add(last, range, range_constant(plus), 64);

	return isfinite(seen->min) && isfinite(seen->max) && sum.min == seen->min &&
	       sum.max == seen->max;
}

/* Keeps what is said of an id; false where that cannot be. */
static bool keep(struct spirv_run *r, uint32_t id, const struct said *said, double plus,
		 const struct range *seen)
{
	const struct type *type = spirv_type_of(r, id);
	const uint32_t *at = spirv_at(r, id);
	const struct value *value;
	struct range range;

	if (!at || !is_integer(type))
		return true;
	range = spirv_window(r, id, said->is_signed);
	if (!is_exact(r->e->last, range, plus, seen)) {
		range = spirv_window(r, id, !said->is_signed);
		if (!is_exact(r->e->last, range, plus, seen))
			return true;
	}
	if (!apply(r->e->last, said, &range, plus))
		return false;
	value = value_integer(r->e->work, type, range);
	spirv_set(r, id, value);
	if (spirv_op(at) == OP_LOAD && !spirv_is_pure(r, at))
		narrow_variable(r, at, value);
	r->time++;
	return true;
}

/* Says it of an id, and of what that is a cast of, or what plus a number it is. */
static void narrow(struct spirv_run *r, uint32_t id, const struct said *said,
		   const struct range *seen)
{
	double plus = 0;
	unsigned depth;

	for (depth = 0; depth < DEPTH_MOST; depth++) {
		const uint32_t *at = spirv_at(r, id);
		int64_t number;
		uint32_t of;

		if (!at)
			return;
		if (!keep(r, id, said, plus, seen)) {
			r->e->state->is_live = false;
			return;
		}
		switch (spirv_op(at)) {
		case OP_UCONVERT:
		case OP_SCONVERT:
		case OP_COPY_OBJECT:
			id = spirv_word(at, 3);
			break;
		case OP_BITWISE_AND: /* the lower bits alone */
			if (!spirv_number(r->m, spirv_word(at, 4), &number) || number <= 0 ||
			    (number & (number + 1)))
				return;
			id = spirv_word(at, 3);
			break;
		case OP_SHIFT_RIGHT_ARITHMETIC:
		case OP_SHIFT_RIGHT_LOGICAL:
			if (!spirv_extends(r, at, &of))
				return;
			id = of;
			break;
		case OP_IADD:
		case OP_ISUB:
			if (plus != 0)
				return;
			if (spirv_number(r->m, spirv_word(at, 4), &number)) {
				id = spirv_word(at, 3);
			} else if (spirv_op(at) == OP_IADD &&
				   spirv_number(r->m, spirv_word(at, 3), &number)) {
				id = spirv_word(at, 4);
			} else {
				return;
			}
			plus = spirv_op(at) == OP_IADD ? (double)number : -(double)number;
			if (fabs(plus) >= RANGE_LIMIT)
				return;
			break;
		default:
			return;
		}
	}
}

/* Below a number that is positive as signed too: it is no negative one. */
static void narrow_below(struct spirv_run *r, uint32_t id, const struct said *said)
{
	struct said signs = {.relation = AT_LEAST, .is_signed = true, .other = range_constant(0)};
	const struct type *type = spirv_type_of(r, id);
	struct range seen;

	if (!is_integer(type) || (said->relation != LESS && said->relation != AT_MOST) ||
	    !(said->other.max < ldexp(1, (int)width_of(type) - 1)))
		return;
	seen = spirv_window(r, id, true);
	if (!isfinite(seen.min) || seen.min >= 0)
		return;
	narrow(r, id, &signs, &seen);
	if (!r->e->state->is_live)
		return;
	seen = spirv_window(r, id, true);
	signs = *said;
	signs.is_signed = true;
	narrow(r, id, &signs, &seen);
}

void spirv_narrow(struct spirv_run *r, uint32_t id, const struct said *said,
		  const struct range *seen)
{
	narrow(r, id, said, seen);
	if (!said->is_signed && r->e->state->is_live)
		narrow_below(r, id, said);
}
