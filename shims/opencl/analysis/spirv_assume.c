/* SPDX-License-Identifier: MIT */
/* What a condition's outcome says. */
#include <math.h>

#include "spirv_narrow.h"
#include "spirv_op.h"

#define DEPTH_MOST 24

static void suppose(struct spirv_run *r, uint32_t id, bool truth, unsigned depth);

static enum relation relation_of(uint32_t op, bool truth)
{
	switch (op) {
	case OP_ULESS_THAN:
	case OP_SLESS_THAN:
		return truth ? LESS : AT_LEAST;
	case OP_ULESS_THAN_EQUAL:
	case OP_SLESS_THAN_EQUAL:
		return truth ? AT_MOST : GREATER;
	case OP_UGREATER_THAN:
	case OP_SGREATER_THAN:
		return truth ? GREATER : AT_MOST;
	case OP_UGREATER_THAN_EQUAL:
	case OP_SGREATER_THAN_EQUAL:
		return truth ? AT_LEAST : LESS;
	case OP_IEQUAL:
		return truth ? EQUAL : OTHER;
	case OP_INOT_EQUAL:
		return truth ? OTHER : EQUAL;
	default:
		return NOTHING;
	}
}

/* a op b as b op a. */
static enum relation turned(enum relation relation)
{
	static const enum relation TURNED[] = {GREATER, AT_LEAST, LESS,	  AT_MOST,
					       EQUAL,	OTHER,	  NOTHING};

	return TURNED[relation];
}

/* Whether a choice between two numbers is a number, or is not: which condition that is. */
static bool suppose_choice(struct spirv_run *r, uint32_t a, uint32_t b, bool is_equal,
			   unsigned depth)
{
	const uint32_t *at = spirv_at(r, a);
	int64_t yes, no, number;

	if (!at || spirv_op(at) != OP_SELECT || !spirv_number(r->m, b, &number) ||
	    !spirv_number(r->m, spirv_word(at, 4), &yes) ||
	    !spirv_number(r->m, spirv_word(at, 5), &no) || (yes == number) == (no == number))
		return false;
	suppose(r, spirv_word(at, 3), (yes == number) == is_equal, depth + 1);
	return true;
}

static void compare(struct spirv_run *r, const uint32_t *at, bool truth, unsigned depth)
{
	uint32_t op = spirv_op(at), a = spirv_word(at, 3), b = spirv_word(at, 4);
	bool is_equality = op == OP_IEQUAL || op == OP_INOT_EQUAL;
	struct said said = {.relation = relation_of(op, truth),
			    .is_signed = is_equality || (op & 1)};
	struct range left, right;

	if (!is_integer(spirv_type_of(r, a)) || !is_integer(spirv_type_of(r, b)))
		return;
	if (is_equality && suppose_choice(r, a, b, said.relation == EQUAL, depth))
		return;
	left = spirv_window(r, a, said.is_signed);
	right = spirv_window(r, b, said.is_signed);
	said.other = right;
	spirv_narrow(r, a, &said, &left);
	if (!r->e->state->is_live)
		return;
	said.relation = turned(said.relation);
	said.other = left;
	spirv_narrow(r, b, &said, &right);
}

/* Not all of a conjunction, or any of a disjunction. */
static void suppose_either(struct spirv_run *r, uint32_t a, uint32_t b, bool truth, unsigned depth)
{
	struct state first = {0}, *state = r->e->state;

	state_copy(r->e->work, &first, state);
	r->e->state = &first;
	r->time++;
	suppose(r, a, truth, depth + 1);
	r->e->state = state;
	r->time++;
	suppose(r, a, !truth, depth + 1);
	if (r->e->state->is_live)
		suppose(r, b, truth, depth + 1);
	state_join(r->e->work, r->e->state, &first);
	r->time++;
}

static void suppose_both(struct spirv_run *r, uint32_t a, uint32_t b, bool truth, bool is_and,
			 unsigned depth)
{
	if (truth != is_and) {
		suppose_either(r, a, b, truth, depth);
		return;
	}
	suppose(r, a, truth, depth + 1);
	if (r->e->state->is_live)
		suppose(r, b, truth, depth + 1);
}

static void suppose(struct spirv_run *r, uint32_t id, bool truth, unsigned depth)
{
	const uint32_t *at = spirv_at(r, id);
	enum truth known;
	int64_t arm;

	if (!r->e->state->is_live || depth > DEPTH_MOST)
		return;
	known = spirv_truth(r, id);
	if (known == (truth ? TRUTH_NEVER : TRUTH_ALWAYS)) {
		r->e->state->is_live = false;
		return;
	}
	if (!at || known != TRUTH_SOMETIMES)
		return;
	switch (spirv_op(at)) {
	case OP_LOGICAL_NOT:
		suppose(r, spirv_word(at, 3), !truth, depth + 1);
		break;
	case OP_LOGICAL_AND:
	case OP_LOGICAL_OR:
		suppose_both(r, spirv_word(at, 3), spirv_word(at, 4), truth,
			     spirv_op(at) == OP_LOGICAL_AND, depth);
		break;
	case OP_SELECT:
		/* a && b and a || b are written as choices. */
		if (spirv_number(r->m, spirv_word(at, 5), &arm) && !arm)
			suppose_both(r, spirv_word(at, 3), spirv_word(at, 4), truth, true, depth);
		else if (spirv_number(r->m, spirv_word(at, 4), &arm) && arm)
			suppose_both(r, spirv_word(at, 3), spirv_word(at, 5), truth, false, depth);
		break;
	default:
		if (spirv_op(at) >= OP_IEQUAL && spirv_op(at) <= OP_SLESS_THAN_EQUAL)
			compare(r, at, truth, depth);
	}
	if (r->e->state->is_live) {
		spirv_set(r, id, value_integer(r->e->work, &TYPE_BOOL, range_constant(truth)));
		r->time++;
	}
}

void spirv_assume(struct spirv_run *r, uint32_t condition, bool truth)
{
	if (spirv_type_of(r, condition) == &TYPE_BOOL)
		suppose(r, condition, truth, 0);
}

void spirv_assume_equal(struct spirv_run *r, uint32_t id, int64_t number)
{
	struct said said = {.relation = EQUAL, .is_signed = true};
	struct range seen;

	if (!is_integer(spirv_type_of(r, id)) || fabs((double)number) >= RANGE_LIMIT)
		return;
	said.other = range_constant((double)number);
	seen = spirv_window(r, id, true);
	spirv_narrow(r, id, &said, &seen);
}
