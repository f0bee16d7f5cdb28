/* SPDX-License-Identifier: MIT */
/*
 * Functions of whole numbers of the OpenCL extended instruction set that are followed.
 * Source: OpenCL.std extended instruction set specification.
 */
#include <math.h>

#include "spirv_op.h"
#include "spirv_run.h"

enum {
	S_ABS = 141,
	S_CLAMP = 149,
	U_CLAMP = 150,
	CLZ = 151,
	CTZ = 152,
	S_MAX = 156,
	U_MAX = 157,
	S_MIN = 158,
	U_MIN = 159,
	POPCOUNT = 166,
	S_MAD24 = 167,
	U_MAD24 = 168,
	S_MUL24 = 169,
	U_MUL24 = 170,
	SELECT = 187,
	U_ABS = 201,
};

/* Of numbers that need more than 24 bits the result is whatever. */
static struct range mul24(double last, struct range a, struct range b, bool is_signed)
{
	double low = is_signed ? -8388608.0 : 0, high = is_signed ? 8388607.0 : 16777215.0;

	if (a.min < low || b.min < low || a.max > high || b.max > high)
		return range_top(32);
	return range_mul(last, a, b, 32);
}

static struct range absolute(struct range a)
{
	return a.min < 0 ? range_interval(0, fmax(-a.min, a.max)) : a;
}

/* One component. */
static struct range apply(double last, uint32_t function, const struct range at[3], unsigned width)
{
	switch (function) {
	case S_ABS:
	case U_ABS:
		return absolute(at[0]);
	case S_CLAMP:
	case U_CLAMP:
		return range_least(last, range_greatest(last, at[0], at[1], width), at[2], width);
	case S_MAX:
	case U_MAX:
		return range_greatest(last, at[0], at[1], width);
	case S_MIN:
	case U_MIN:
		return range_least(last, at[0], at[1], width);
	case S_MUL24:
	case U_MUL24:
		return mul24(last, at[0], at[1], function == S_MUL24);
	case S_MAD24:
	case U_MAD24:
		return range_add(last, mul24(last, at[0], at[1], function == S_MAD24), at[2],
				 width);
	case SELECT:
		return range_join(at[0], at[1]);
	case CLZ:
	case CTZ:
	case POPCOUNT:
		return range_interval(0, 64);
	default:
		return range_top(width);
	}
}

static bool is_signed(uint32_t function)
{
	return function == S_ABS || function == S_CLAMP || function == S_MAX || function == S_MIN ||
	       function == S_MUL24 || function == S_MAD24 || function == SELECT;
}

/* How many arguments of whole numbers are followed; 0 for none. */
static unsigned count_of(uint32_t function)
{
	switch (function) {
	case S_ABS:
	case U_ABS:
	case CLZ:
	case CTZ:
	case POPCOUNT:
		return 1;
	case S_MAX:
	case U_MAX:
	case S_MIN:
	case U_MIN:
	case S_MUL24:
	case U_MUL24:
	case SELECT:
		return 2;
	case S_CLAMP:
	case U_CLAMP:
	case S_MAD24:
	case U_MAD24:
		return 3;
	default:
		return 0;
	}
}

const struct value *spirv_extended(struct spirv_run *r, const uint32_t *at, const struct type *type)
{
	uint32_t function = spirv_word(at, 4);
	const struct type *integer = type_integer_of(type);
	unsigned args = count_of(function), i, j;
	unsigned count = type->kind == TYPE_VECTOR ? (unsigned)type->count : 1;
	const struct value *values[3];
	struct value *result;

	if (!args || !integer || count > COMPONENTS_MOST)
		return NULL;
	for (j = 0; j < args; j++) {
		values[j] = spirv_value(r, spirv_word(at, 5 + j));
		if (values[j]->type != type)
			return NULL;
	}
	result = value_integers(r->e->work, type, count);
	for (i = 0; i < count; i++) {
		struct range ranges[3];

		for (j = 0; j < 3; j++)
			ranges[j] = j < args ? range_window(value_range(values[j], i),
							    width_of(integer), is_signed(function))
					     : range_constant(0);
		result->at[i] = apply(r->e->last, function, ranges, width_of(integer));
	}
	return result;
}
