/* SPDX-License-Identifier: MIT */
/* Arithmetic and comparisons. */
#include <math.h>

#include "evaluate.h"

const struct type *promoted(const struct type *type)
{
	if (!is_integer(type))
		return type;
	if (type->size < 4)
		return &TYPE_INT;
	if (!type->is_enum)
		return type;
	if (type->size == 4)
		return type->is_signed ? &TYPE_INT : &TYPE_UINT;
	return type->is_signed ? &TYPE_LONG : &TYPE_ULONG;
}

const struct type *common_type(const struct type *a, const struct type *b)
{
	if (a->kind == TYPE_UNKNOWN || b->kind == TYPE_UNKNOWN)
		return &TYPE_ANY;
	if (a->kind == TYPE_VECTOR)
		return a;
	if (b->kind == TYPE_VECTOR)
		return b;
	if (a->kind == TYPE_FLOAT && b->kind == TYPE_FLOAT)
		return a->size >= b->size ? a : b;
	if (a->kind == TYPE_FLOAT || b->kind == TYPE_FLOAT)
		return a->kind == TYPE_FLOAT ? a : b;
	if (!is_integer(a) || !is_integer(b))
		return &TYPE_ANY;
	a = promoted(a);
	b = promoted(b);
	if (a->size != b->size)
		return a->size > b->size ? a : b;
	return a->is_signed ? b : a;
}

static struct range windowed(struct range range, const struct type *type)
{
	return range_window(range, width_of(type), type->is_signed);
}

/* One component of an operation of two numbers of a type. */
static struct range operate(struct evaluator *e, uint32_t op, const struct type *type,
			    struct range a, struct range b)
{
	unsigned width = width_of(type);

	switch (op) {
	case '+':
		return range_add(e->last, a, b, width);
	case '-':
		return range_sub(e->last, a, b, width);
	case '*':
		return range_mul(e->last, a, b, width);
	case '/':
		return range_divide(e->last, windowed(a, type), windowed(b, type), width);
	case '%':
		return range_remainder(e->last, windowed(a, type), windowed(b, type), width);
	case '&':
		return range_and(e->last, range_window(a, width, false),
				 range_window(b, width, false), width);
	case '|':
	case '^':
		return range_or(range_window(a, width, false), range_window(b, width, false), width,
				op == '^');
	default:
		return range_top(width);
	}
}

/* Shifts: the amount has a type of its own, and counts modulo the width. */
static const struct value *shifted(struct evaluator *e, uint32_t op, const struct value *a,
				   const struct value *b)
{
	const struct type *type = promoted(a->type), *by = type_integer_of(b->type);
	struct range amount, result;

	if (!is_integer(type) || !by || b->type->kind == TYPE_VECTOR)
		return value_opaque(e->work, type);
	a = value_convert(e->work, a, type, e->version);
	amount = range_window(value_range(b, 0), width_of(by), by->is_signed);
	if (op == PUNCT2('<', '<'))
		result = range_shift_left(e->last, value_range(a, 0), amount, width_of(type));
	else
		result = range_shift_right(e->last, windowed(value_range(a, 0), type), amount,
					   width_of(type));
	return value_integer(e->work, type, result);
}

static const struct value *compared(struct evaluator *e, uint32_t op, const struct value *a,
				    const struct value *b)
{
	const struct type *type = common_type(a->type, b->type);
	enum truth truth = TRUTH_SOMETIMES;

	if (type->kind == TYPE_VECTOR || type->kind == TYPE_UNKNOWN)
		return a->type->kind == TYPE_POINTER || b->type->kind == TYPE_POINTER
			   ? value_integer(e->work, &TYPE_INT, range_interval(0, 1))
			   : value_opaque(e->work, &TYPE_ANY);
	if (is_integer(type)) {
		struct range x =
		    windowed(value_range(value_convert(e->work, a, type, e->version), 0), type);
		struct range y =
		    windowed(value_range(value_convert(e->work, b, type, e->version), 0), type);

		if (op == '<' || op == PUNCT2('<', '='))
			truth = range_less(&x, &y, op != '<');
		else if (op == '>' || op == PUNCT2('>', '='))
			truth = range_less(&y, &x, op != '>');
		else
			truth = range_equal(e->last, &x, &y);
		if (op == PUNCT2('!', '='))
			truth = truth == TRUTH_ALWAYS  ? TRUTH_NEVER
				: truth == TRUTH_NEVER ? TRUTH_ALWAYS
						       : truth;
	}
	return value_integer(e->work, &TYPE_INT,
			     range_interval(truth == TRUTH_ALWAYS, truth != TRUTH_NEVER));
}

static bool is_comparison(uint32_t op)
{
	return op == '<' || op == '>' || op == PUNCT2('<', '=') || op == PUNCT2('>', '=') ||
	       op == PUNCT2('=', '=') || op == PUNCT2('!', '=');
}

static const struct value *with_pointer(struct evaluator *e, uint32_t op, const struct value *a,
					const struct value *b, struct place place)
{
	if (op == '+' && b->type->kind == TYPE_POINTER)
		return pointer_index(e, b, a, false, place);
	if (b->type->kind == TYPE_POINTER)
		/* How far apart two are. */
		return value_opaque(e->work, &TYPE_LONG);
	if (op == '+' || op == '-')
		return pointer_index(e, a, b, op == '-', place);
	return value_opaque(e->work, &TYPE_ANY);
}

const struct value *evaluate_operation(struct evaluator *e, uint32_t op, const struct value *a,
				       const struct value *b, struct place place)
{
	const struct type *type, *integer;
	struct value *result;
	unsigned count, i;

	if (is_comparison(op))
		return compared(e, op, a, b);
	if (a->type->kind == TYPE_POINTER || b->type->kind == TYPE_POINTER)
		return with_pointer(e, op, a, b, place);
	if (op == PUNCT2('<', '<') || op == PUNCT2('>', '>'))
		return shifted(e, op, a, b);
	type = common_type(a->type, b->type);
	integer = type_integer_of(type);
	if (!integer || (a->kind != VALUE_INTEGERS && b->kind != VALUE_INTEGERS))
		return value_opaque(e->work, type);
	count = type->kind == TYPE_VECTOR ? (unsigned)type->count : 1;
	if (count > COMPONENTS_MOST)
		return value_opaque(e->work, type);
	a = value_convert(e->work, a, type, e->version);
	b = value_convert(e->work, b, type, e->version);
	result = value_integers(e->work, type, count);
	for (i = 0; i < count; i++)
		result->at[i] = operate(e, op, integer, value_range(a, i), value_range(b, i));
	return result;
}
