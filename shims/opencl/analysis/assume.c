/* SPDX-License-Identifier: MIT */
/* What a condition's outcome says of variables. */
#include <math.h>
#include <string.h>

#include "evaluate.h"

bool is_repeatable(const struct expression *x)
{
	const struct expression *arg;

	if (!x)
		return true;
	switch (x->kind) {
	case EXPRESSION_BLOCK:
	case EXPRESSION_ASSIGN:
	case EXPRESSION_AFTER:
		return false;
	case EXPRESSION_UNARY:
		if (x->op == PUNCT2('+', '+') || x->op == PUNCT2('-', '-'))
			return false;
		break;
	case EXPRESSION_CALL:
		/* Functions of the program may do anything; ids and their like change nothing. */
		if (x->function || (strncmp(x->name, "get_", 4) && strcmp(x->name, "min") &&
				    strcmp(x->name, "max") && strcmp(x->name, "clamp")))
			return false;
		break;
	default:
		break;
	}
	for (arg = x->args; arg; arg = arg->next) {
		if (!is_repeatable(arg))
			return false;
	}
	return is_repeatable(x->a) && is_repeatable(x->b) && is_repeatable(x->c);
}

/* A variable plus a number, of which a condition may say something. */
struct subject {
	struct target target;
	const struct type *type;
	/* What is known of it, as the number that it is. */
	struct range range;
	double plus;
};

static bool is_variable(const struct expression *x)
{
	if (x->kind == EXPRESSION_MEMBER)
		return x->a->kind == EXPRESSION_NAME && x->a->variable;
	return x->kind == EXPRESSION_NAME && x->variable && !x->variable->has_value;
}

static bool subject_of(struct evaluator *e, const struct expression *x, struct subject *s)
{
	const struct value *value;

	if (x->kind == EXPRESSION_CAST && is_integer(x->type))
		return subject_of(e, x->a, s);
	if (x->kind == EXPRESSION_BINARY && (x->op == '+' || x->op == '-') && s->plus == 0) {
		struct range number;

		value = evaluate(e, x->b);
		if (!is_integer(value->type) || value->kind != VALUE_INTEGERS)
			return false;
		number = value_number(value);
		if (!range_is_constant(&number) || !is_variable(x->a))
			return false;
		s->plus = x->op == '+' ? number.min : -number.min;
		return subject_of(e, x->a, s);
	}
	if (!is_variable(x))
		return false;
	s->target = evaluate_target(e, x);
	if (s->target.kind != TARGET_SLOT &&
	    !(s->target.kind == TARGET_COMPONENTS && s->target.count == 1))
		return false;
	value = target_load(e, &s->target);
	if (!is_integer(value->type))
		return false;
	s->type = value->type;
	s->range = value_number(value);
	return true;
}

/* Whether a number of the expression is the variable's plus `plus`, without wrapping in between. */
static bool is_exact(struct evaluator *e, const struct subject *s, const struct range *seen)
{
	struct range sum = range_add(e->last, s->range, range_constant(s->plus), 64);

	return isfinite(seen->min) && isfinite(seen->max) && sum.min == seen->min &&
	       sum.max == seen->max;
}

static void narrow(struct evaluator *e, const struct expression *x, uint32_t op,
		   const struct range *seen, const struct range *other)
{
	struct subject s = {.plus = 0};
	bool is_possible = true;

	if (!subject_of(e, x, &s) || !is_exact(e, &s, seen))
		return;
	switch (op) {
	case '<':
		is_possible = range_at_most(e->last, &s.range, other, -1 - s.plus);
		break;
	case PUNCT2('<', '='):
		is_possible = range_at_most(e->last, &s.range, other, -s.plus);
		break;
	case '>':
		is_possible = range_at_least(e->last, &s.range, other, 1 - s.plus);
		break;
	case PUNCT2('>', '='):
		is_possible = range_at_least(e->last, &s.range, other, -s.plus);
		break;
	case PUNCT2('=', '='):
		is_possible = range_at_most(e->last, &s.range, other, -s.plus) &&
			      range_at_least(e->last, &s.range, other, -s.plus);
		break;
	case PUNCT2('!', '='): {
		struct range shifted = range_sub(e->last, *other, range_constant(s.plus), 64);

		is_possible = range_other_than(e->last, &s.range, &shifted);
		break;
	}
	default:
		return;
	}
	if (!is_possible) {
		e->state->is_live = false;
		return;
	}
	target_store(e, &s.target, value_integer(e->work, s.type, s.range));
}

static uint32_t opposite(uint32_t op)
{
	switch (op) {
	case '<':
		return PUNCT2('>', '=');
	case '>':
		return PUNCT2('<', '=');
	case PUNCT2('<', '='):
		return '>';
	case PUNCT2('>', '='):
		return '<';
	case PUNCT2('=', '='):
		return PUNCT2('!', '=');
	case PUNCT2('!', '='):
		return PUNCT2('=', '=');
	default:
		return 0;
	}
}

/* a op b as b op a. */
static uint32_t turned(uint32_t op)
{
	switch (op) {
	case '<':
		return '>';
	case '>':
		return '<';
	case PUNCT2('<', '='):
		return PUNCT2('>', '=');
	case PUNCT2('>', '='):
		return PUNCT2('<', '=');
	default:
		return op;
	}
}

static void compare(struct evaluator *e, const struct expression *x, bool truth)
{
	uint32_t op = truth ? x->op : opposite(x->op);
	const struct value *a = evaluate(e, x->a), *b = evaluate(e, x->b);
	const struct type *type = common_type(a->type, b->type);
	struct range left, right;

	if (!op || !is_integer(type))
		return;
	left = value_number(value_convert(e->work, a, type, e->version));
	right = value_number(value_convert(e->work, b, type, e->version));
	narrow(e, x->a, op, &left, &right);
	if (e->state->is_live)
		narrow(e, x->b, turned(op), &right, &left);
}

static void assume_here(struct evaluator *e, const struct expression *x, bool truth);

/* Not all of a conjunction, or any of a disjunction. */
static void assume_either(struct evaluator *e, const struct expression *x, bool truth)
{
	struct state first, *state = e->state;

	state_copy(e->work, &first, state);
	e->state = &first;
	assume_here(e, x->a, truth);
	e->state = state;
	assume_here(e, x->a, !truth);
	if (e->state->is_live)
		assume_here(e, x->b, truth);
	state_join(e->work, e->state, &first);
}

static void assume_here(struct evaluator *e, const struct expression *x, bool truth)
{
	const struct value *value;
	struct range number, zero = range_constant(0);

	if (!e->state->is_live)
		return;
	evaluate_enter(e, x->place);
	if (x->kind == EXPRESSION_UNARY && x->op == '!') {
		assume_here(e, x->a, !truth);
	} else if (x->kind == EXPRESSION_BINARY &&
		   (x->op == PUNCT2('&', '&') || x->op == PUNCT2('|', '|'))) {
		if (truth == (x->op == PUNCT2('&', '&'))) {
			assume_here(e, x->a, truth);
			assume_here(e, x->b, truth);
		} else {
			assume_either(e, x, truth);
		}
	} else if (x->kind == EXPRESSION_BINARY && opposite(x->op)) {
		compare(e, x, truth);
	} else {
		value = evaluate(e, x);
		if (is_integer(value->type)) {
			number = value_number(value);
			if ((number.min == 0 && number.max == 0 && truth) ||
			    ((number.min > 0 || number.max < 0) && !truth))
				e->state->is_live = false;
			else
				narrow(e, x, truth ? PUNCT2('!', '=') : PUNCT2('=', '='), &number,
				       &zero);
		}
	}
	e->depth--;
}

void assume(struct evaluator *e, struct state *state, const struct expression *x, bool truth)
{
	struct state *outer = e->state;

	if (!is_repeatable(x))
		return;
	e->quiet++;
	e->state = state;
	assume_here(e, x, truth);
	e->state = outer;
	e->quiet--;
}
