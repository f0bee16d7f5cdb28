/* SPDX-License-Identifier: MIT */
/* Operations on bits that are arithmetic, as optimisers write it. */
#include <math.h>

#include "spirv_bits.h"
#include "spirv_op.h"

static struct range window(const struct operands *o, struct range range, bool is_signed)
{
	return range_window(range, o->width, is_signed);
}

unsigned spirv_extends(const struct spirv_run *r, const uint32_t *at, uint32_t *of)
{
	const uint32_t *shift = spirv_at(r, spirv_word(at, 3));
	const struct type *type = spirv_id(r->m, spirv_result(at))->type;
	int64_t a, b;

	if (!shift || spirv_op(shift) != OP_SHIFT_LEFT_LOGICAL || !type || !is_integer(type) ||
	    !spirv_number(r->m, spirv_word(at, 4), &a) ||
	    !spirv_number(r->m, spirv_word(shift, 4), &b) || a != b || a <= 0 ||
	    a >= width_of(type) || (width_of(type) - a) % 8)
		return 0;
	/* range_window() knows no number of more bits but 64. */
	if (width_of(type) - a > 32)
		return 0;
	*of = spirv_word(shift, 3);
	return width_of(type) - (unsigned)a;
}

/* How many of its lowest bits are zeros for sure. */
static unsigned zeros(struct spirv_run *r, uint32_t id, unsigned depth)
{
	const uint32_t *at = spirv_at(r, id);
	unsigned a, b;
	int64_t number;

	if (spirv_number(r->m, id, &number))
		return number ? (unsigned)__builtin_ctzll((uint64_t)number) : 64;
	if (!at || depth > 8)
		return 0;
	switch (spirv_op(at)) {
	case OP_SHIFT_LEFT_LOGICAL:
		a = zeros(r, spirv_word(at, 3), depth + 1);
		return spirv_number(r->m, spirv_word(at, 4), &number) && number >= 0 && number < 64
			   ? a + (unsigned)number
			   : a;
	case OP_IMUL:
		return zeros(r, spirv_word(at, 3), depth + 1) +
		       zeros(r, spirv_word(at, 4), depth + 1);
	case OP_IADD:
	case OP_ISUB:
	case OP_BITWISE_OR:
	case OP_BITWISE_XOR:
		a = zeros(r, spirv_word(at, 3), depth + 1);
		b = zeros(r, spirv_word(at, 4), depth + 1);
		return a < b ? a : b;
	case OP_BITWISE_AND:
		a = zeros(r, spirv_word(at, 3), depth + 1);
		b = zeros(r, spirv_word(at, 4), depth + 1);
		return a > b ? a : b;
	case OP_UCONVERT:
	case OP_SCONVERT:
		return zeros(r, spirv_word(at, 3), depth + 1);
	default:
		return 0;
	}
}

/* Whether the bits of `b` are all below those that `a` may have. */
static bool is_below(const struct operands *o, uint32_t a, struct range b)
{
	unsigned count = zeros(o->r, a, 0);

	b = window(o, b, false);
	return count < 53 && b.min >= 0 && b.max < ldexp(1, (int)count);
}

struct range spirv_either_bit(const struct operands *o, struct range a, struct range b, bool is_or)
{
	uint32_t x = spirv_word(o->at, 3), y = spirv_word(o->at, 4);
	bool is_scalar = is_integer(spirv_type_of(o->r, x));

	if (!is_or && range_is_constant(&b) && b.min == -1)
		return range_sub(o->last, range_negate(o->last, a, o->width), range_constant(1),
				 o->width);
	if (is_scalar && (is_below(o, x, b) || is_below(o, y, a)))
		return range_add(o->last, a, b, o->width);
	return range_or(window(o, a, false), window(o, b, false), o->width, !is_or);
}

/* All bits from one on: rounds down. */
static bool clears_low(struct range mask, unsigned *bits)
{
	int exponent;

	if (!range_is_constant(&mask) || mask.min >= 0 || frexp(-mask.min, &exponent) != 0.5)
		return false;
	*bits = (unsigned)exponent - 1;
	return true;
}

/* Some bits from one on: rounds down what is left of a number, or leaves what is rounded. */
static bool middle_bits(const struct operands *o, struct range a, struct range mask,
			struct range *result)
{
	uint64_t bits = range_is_constant(&mask) && mask.min > 0 ? (uint64_t)mask.min : 0;
	unsigned low = bits ? (unsigned)__builtin_ctzll(bits) : 0;
	uint64_t all = bits | (((uint64_t)1 << low) - 1);
	struct range by = range_constant(low);

	if (!low || (all & (all + 1)) || all >= (uint64_t)1 << 52)
		return false;
	*result = range_remainder(o->last, window(o, a, false), range_constant((double)all + 1),
				  o->width);
	if (!is_integer(spirv_type_of(o->r, spirv_word(o->at, 3))) ||
	    zeros(o->r, spirv_word(o->at, 3), 0) < low)
		*result = range_shift_left(
		    o->last, range_shift_right(o->last, *result, by, o->width), by, o->width);
	return true;
}

struct range spirv_both_bits(const struct operands *o, struct range a, struct range b)
{
	struct range result;
	unsigned bits;

	if (middle_bits(o, a, b, &result))
		return result;

	if (clears_low(a, &bits)) {
		struct range other = b;

		b = a;
		a = other;
	}
	if (clears_low(b, &bits)) {
		struct range low = range_constant(bits);

		a = window(o, a, true);
		return range_shift_left(o->last, range_shift_right(o->last, a, low, o->width), low,
					o->width);
	}
	return range_and(o->last, window(o, a, false), window(o, b, false), o->width);
}
