/* SPDX-License-Identifier: MIT */
/* Whole numbers: arithmetic and comparisons. Their signs are the instructions', not their types'.
 */
#include <math.h>
#include <string.h>

#include "spirv_bits.h"
#include "spirv_op.h"

static struct range window(const struct operands *o, struct range range, bool is_signed)
{
	return range_window(range, o->width, is_signed);
}

static struct range shifted_right(const struct operands *o, struct range a, struct range by)
{
	bool is_signed = spirv_op(o->at) == OP_SHIFT_RIGHT_ARITHMETIC;
	unsigned bits;
	uint32_t of;

	by = window(o, by, false);
	bits = spirv_extends(o->r, o->at, &of);
	if (bits)
		return range_window(value_range(spirv_value(o->r, of), 0), bits, is_signed);
	return range_shift_right(o->last, window(o, a, is_signed), by, o->width);
}

static struct range operate(const struct operands *o, struct range a, struct range b)
{
	switch (spirv_op(o->at)) {
	case OP_IADD:
		return range_add(o->last, a, b, o->width);
	case OP_ISUB:
		return range_sub(o->last, a, b, o->width);
	case OP_IMUL:
		return range_mul(o->last, a, b, o->width);
	case OP_UDIV:
		return range_divide(o->last, window(o, a, false), window(o, b, false), o->width);
	case OP_SDIV:
		return range_divide(o->last, window(o, a, true), window(o, b, true), o->width);
	case OP_UMOD:
		return range_remainder(o->last, window(o, a, false), window(o, b, false), o->width);
	case OP_SREM:
	case OP_SMOD:
		return range_remainder(o->last, window(o, a, true), window(o, b, true), o->width);
	case OP_BITWISE_AND:
		return spirv_both_bits(o, a, b);
	case OP_BITWISE_OR:
	case OP_BITWISE_XOR:
		return spirv_either_bit(o, a, b, spirv_op(o->at) == OP_BITWISE_OR);
	case OP_SHIFT_LEFT_LOGICAL:
		return range_shift_left(o->last, a, window(o, b, false), o->width);
	case OP_SHIFT_RIGHT_LOGICAL:
	case OP_SHIFT_RIGHT_ARITHMETIC:
		return shifted_right(o, a, b);
	default:
		return range_top(o->width);
	}
}

static struct range operate_one(const struct operands *o, struct range a, unsigned from)
{
	double low, high;

	switch (spirv_op(o->at)) {
	case OP_UCONVERT:
	case OP_SCONVERT:
		return o->width <= from ? a : range_window(a, from, spirv_op(o->at) == OP_SCONVERT);
	case OP_SNEGATE:
		return range_negate(o->last, a, o->width);
	case OP_NOT:
		return range_sub(o->last, range_negate(o->last, a, o->width), range_constant(1),
				 o->width);
	case OP_SAT_CONVERT_S_TO_U:
	case OP_SAT_CONVERT_U_TO_S:
		if (o->width > 32)
			return range_top(o->width);
		low = spirv_op(o->at) == OP_SAT_CONVERT_S_TO_U ? 0 : -ldexp(1, (int)o->width - 1);
		high = spirv_op(o->at) == OP_SAT_CONVERT_S_TO_U ? ldexp(1, (int)o->width) - 1
								: -low - 1;
		a = range_window(a, from, low == 0);
		a = range_greatest(o->last, a, range_constant(low), 64);
		return range_least(o->last, a, range_constant(high), 64);
	case OP_BIT_COUNT:
		return range_interval(0, o->width);
	case OP_COPY_OBJECT:
	case OP_BITCAST:
		return a;
	default:
		return range_top(o->width);
	}
}

static const struct value *truth_value(struct spirv_run *r, enum truth truth)
{
	return value_integer(r->e->work, &TYPE_BOOL,
			     range_interval(truth == TRUTH_ALWAYS, truth != TRUTH_NEVER));
}

static enum truth opposite(enum truth truth)
{
	return truth == TRUTH_ALWAYS ? TRUTH_NEVER : truth == TRUTH_NEVER ? TRUTH_ALWAYS : truth;
}

static enum truth compared(struct spirv_run *r, const uint32_t *at)
{
	uint32_t op = spirv_op(at), x = spirv_word(at, 3), y = spirv_word(at, 4);
	/* In the grammar unsigned comparisons have even numbers, signed ones odd numbers. */
	bool is_signed = op & 1;
	struct range a, b;

	if (!is_integer(spirv_type_of(r, x)) || !is_integer(spirv_type_of(r, y)))
		return TRUTH_SOMETIMES;
	if (op == OP_IEQUAL || op == OP_INOT_EQUAL) {
		enum truth truth;

		a = spirv_window(r, x, true);
		b = spirv_window(r, y, true);
		truth = range_equal(r->e->last, &a, &b);
		return op == OP_IEQUAL ? truth : opposite(truth);
	}
	a = spirv_window(r, x, is_signed);
	b = spirv_window(r, y, is_signed);
	switch (op) {
	case OP_ULESS_THAN:
	case OP_SLESS_THAN:
		return range_less(&a, &b, false);
	case OP_ULESS_THAN_EQUAL:
	case OP_SLESS_THAN_EQUAL:
		return range_less(&a, &b, true);
	case OP_UGREATER_THAN:
	case OP_SGREATER_THAN:
		return range_less(&b, &a, false);
	default:
		return range_less(&b, &a, true);
	}
}

static const struct value *logical(struct spirv_run *r, const uint32_t *at)
{
	enum truth a = spirv_truth(r, spirv_word(at, 3)), b;

	if (spirv_op(at) == OP_LOGICAL_NOT)
		return truth_value(r, opposite(a));
	b = spirv_truth(r, spirv_word(at, 4));
	switch (spirv_op(at)) {
	case OP_LOGICAL_AND:
		if (a == TRUTH_NEVER || b == TRUTH_NEVER)
			return truth_value(r, TRUTH_NEVER);
		return truth_value(r, a == TRUTH_ALWAYS ? b : a);
	case OP_LOGICAL_OR:
		if (a == TRUTH_ALWAYS || b == TRUTH_ALWAYS)
			return truth_value(r, TRUTH_ALWAYS);
		return truth_value(r, a == TRUTH_NEVER ? b : a);
	default:
		if (a == TRUTH_SOMETIMES || b == TRUTH_SOMETIMES)
			return truth_value(r, TRUTH_SOMETIMES);
		return truth_value(r, (a == b) == (spirv_op(at) == OP_LOGICAL_EQUAL) ? TRUTH_ALWAYS
										     : TRUTH_NEVER);
	}
}

static const struct value *arithmetic(struct spirv_run *r, const uint32_t *at,
				      const struct type *type, bool is_pair)
{
	const struct type *integer = type_integer_of(type), *from;
	const struct value *a, *b = NULL;
	unsigned count = type->kind == TYPE_VECTOR ? (unsigned)type->count : 1, i;
	struct operands o = {.r = r, .at = at, .last = r->e->last};
	struct value *result;

	if (!integer || count > COMPONENTS_MOST)
		return NULL;
	o.width = width_of(integer);
	a = spirv_value(r, spirv_word(at, 3));
	from = type_integer_of(a->type);
	if (is_pair)
		b = spirv_value(r, spirv_word(at, 4));
	/* Numbers of another width wrap at another multiple. */
	if (!from || (a->type->kind == TYPE_VECTOR ? a->type->count : 1) != count ||
	    (b && (a->type != type || type_integer_of(b->type) != integer ||
		   b->type->kind != type->kind || b->type->count != type->count)))
		return NULL;
	result = value_integers(r->e->work, type, count);
	for (i = 0; i < count; i++)
		result->at[i] = b ? operate(&o, value_range(a, i), value_range(b, i))
				  : operate_one(&o, value_range(a, i), width_of(from));
	return result;
}

const struct value *spirv_operation(struct spirv_run *r, const uint32_t *at,
				    const struct type *type)
{
	uint32_t op = spirv_op(at);

	if (op >= OP_LOGICAL_EQUAL && op <= OP_LOGICAL_NOT)
		return type == &TYPE_BOOL ? logical(r, at) : NULL;
	if (op >= OP_IEQUAL && op <= OP_SLESS_THAN_EQUAL)
		return type == &TYPE_BOOL ? truth_value(r, compared(r, at)) : NULL;
	switch (op) {
	case OP_IADD:
	case OP_ISUB:
	case OP_IMUL:
	case OP_UDIV:
	case OP_SDIV:
	case OP_UMOD:
	case OP_SREM:
	case OP_SMOD:
	case OP_BITWISE_AND:
	case OP_BITWISE_OR:
	case OP_BITWISE_XOR:
	case OP_SHIFT_LEFT_LOGICAL:
	case OP_SHIFT_RIGHT_LOGICAL:
	case OP_SHIFT_RIGHT_ARITHMETIC:
		return arithmetic(r, at, type, true);
	case OP_UCONVERT:
	case OP_SCONVERT:
	case OP_SNEGATE:
	case OP_NOT:
	case OP_SAT_CONVERT_S_TO_U:
	case OP_SAT_CONVERT_U_TO_S:
	case OP_BIT_COUNT:
		return arithmetic(r, at, type, false);
	default:
		return NULL;
	}
}
