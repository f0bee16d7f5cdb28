/* SPDX-License-Identifier: MIT */
/* Functions of whole numbers that are followed, and conversions. */
#include <math.h>
#include <string.h>

#include "evaluate.h"

typedef struct range (*pair_operation)(struct evaluator *e, struct range a, struct range b,
				       const struct type *type);

static struct range windowed(struct range range, const struct type *type)
{
	return range_window(range, width_of(type), type->is_signed);
}

static struct range pair_min(struct evaluator *e, struct range a, struct range b,
			     const struct type *type)
{
	return range_least(e->last, windowed(a, type), windowed(b, type), width_of(type));
}

static struct range pair_max(struct evaluator *e, struct range a, struct range b,
			     const struct type *type)
{
	return range_greatest(e->last, windowed(a, type), windowed(b, type), width_of(type));
}

/* Of numbers that need more than 24 bits the result is whatever. */
static struct range pair_mul24(struct evaluator *e, struct range a, struct range b,
			       const struct type *type)
{
	double low = type->is_signed ? -8388608.0 : 0,
	       high = type->is_signed ? 8388607.0 : 16777215.0;

	a = windowed(a, type);
	b = windowed(b, type);
	if (a.min < low || b.min < low || a.max > high || b.max > high)
		return range_top(width_of(type));
	return range_mul(e->last, a, b, width_of(type));
}

static struct range pair_add(struct evaluator *e, struct range a, struct range b,
			     const struct type *type)
{
	return range_add(e->last, a, b, width_of(type));
}

static struct range pair_either(struct evaluator *e, struct range a, struct range b,
				const struct type *type)
{
	(void)e;
	return range_join(windowed(a, type), windowed(b, type));
}

/* Whether functions have a variant of just this type. */
static bool is_of_function(const struct type *type)
{
	return is_integer(type) && type != &TYPE_BOOL && !type->is_enum;
}

static const struct value *pairwise(struct evaluator *e, const struct value *a,
				    const struct value *b, pair_operation operation)
{
	const struct type *type = common_type(a->type, b->type), *integer = type_integer_of(type);
	struct value *result;
	unsigned count, i;

	/* Types of one word keep their width here, but for functions that have int alone. */
	if (operation != pair_mul24 && operation != pair_add && is_of_function(a->type) &&
	    is_of_function(b->type) && a->type->size == b->type->size &&
	    a->type->is_signed == b->type->is_signed)
		type = integer = a->type;
	count = type->kind == TYPE_VECTOR ? (unsigned)type->count : 1;
	if (!integer || count > COMPONENTS_MOST)
		return value_opaque(e->work, type);
	a = value_convert(e->work, a, type, e->version);
	b = value_convert(e->work, b, type, e->version);
	result = value_integers(e->work, type, count);
	for (i = 0; i < count; i++)
		result->at[i] = operation(e, value_range(a, i), value_range(b, i), integer);
	return result;
}

/* The same without a sign, or null for what functions have no variant of. */
static const struct type *unsigned_of(struct evaluator *e, const struct type *type)
{
	if (type->kind == TYPE_VECTOR) {
		const struct type *of = unsigned_of(e, type->of);

		return of ? type_vector(e->work, of, type->count) : NULL;
	}
	if (!is_of_function(type))
		return NULL;
	return type->size == 1	 ? type_by_name(e->work, "uchar", 5)
	       : type->size == 2 ? type_by_name(e->work, "ushort", 6)
	       : type->size == 4 ? &TYPE_UINT
				 : &TYPE_ULONG;
}

static const struct value *absolute(struct evaluator *e, const struct value *a)
{
	const struct type *type = unsigned_of(e, a->type);
	struct range number;

	if (!type || !is_integer(type))
		return value_opaque(e->work, type ? type : &TYPE_ANY);
	number = value_number(a);
	if (number.min < 0)
		number = range_interval(0, fmax(-number.min, number.max));
	return value_integer(e->work, type, number);
}

/* Of one of ALIKE: arguments of several types are converted as the compiler's choice has it. */
static const struct type *alike(struct evaluator *e, const char *name, const struct arguments *args)
{
	const struct type *type = args->at[0]->type;
	unsigned i;

	for (i = 1; i < args->count; i++) {
		if (!type_is_same(type, args->at[i]->type))
			return &TYPE_ANY;
	}
	if (!strcmp(name, "upsample") || !unsigned_of(e, type))
		return &TYPE_ANY;
	return strcmp(name, "abs_diff") ? type : unsigned_of(e, type);
}

/* convert_int4_sat_rte: the type, and whether it keeps to its bounds. */
static const struct type *type_of_name(struct evaluator *e, const char *name, bool *is_saturated)
{
	const char *underscore = strchr(name, '_');
	size_t length = underscore ? (size_t)(underscore - name) : strlen(name);

	*is_saturated = underscore && !strncmp(underscore, "_sat", 4);
	return type_by_name(e->work, name, length);
}

static const struct value *saturated(struct evaluator *e, const struct value *a,
				     const struct type *type)
{
	const struct type *integer = type_integer_of(type), *from = type_integer_of(a->type);
	struct value *result;
	unsigned i, count = type->kind == TYPE_VECTOR ? (unsigned)type->count : 1;
	double low, high;

	if (!integer || !from || integer->size > 4 || count > COMPONENTS_MOST ||
	    a->kind != VALUE_INTEGERS || a->count != count)
		return value_opaque(e->work, type);
	low = integer->is_signed ? -ldexp(1, (int)width_of(integer) - 1) : 0;
	high = low + ldexp(1, (int)width_of(integer)) - 1;
	result = value_integers(e->work, type, count);
	for (i = 0; i < count; i++) {
		struct range number = windowed(a->at[i], from);

		number = range_greatest(e->last, number, range_constant(low), 64);
		result->at[i] = range_least(e->last, number, range_constant(high), 64);
	}
	return result;
}

static const struct value *conversion(struct evaluator *e, const struct expression *x,
				      const struct arguments *args)
{
	bool is_as = !strncmp(x->name, "as_", 3), is_saturated;
	const struct type *type = type_of_name(e, x->name + (is_as ? 3 : 8), &is_saturated);
	const struct value *a = args->count == 1 ? args->at[0] : NULL;

	if (!type || !a)
		return NULL;
	if (a->type->kind == TYPE_POINTER)
		return NULL;
	if (is_as &&
	    (!type_integer_of(type) || !type_integer_of(a->type) || type->kind != a->type->kind ||
	     type->size != a->type->size || type->count != a->type->count))
		return value_opaque(e->work, type);
	if (!type_integer_of(a->type))
		return value_opaque(e->work, type);
	return is_saturated ? saturated(e, a, type) : value_convert(e->work, a, type, e->version);
}

/* Of which the type is that of the first argument, and no more is known. */
static const char *const ALIKE[] = {
    "abs_diff", "add_sat", "hadd",    "mad_hi",	  "mad_sat",   "mul_hi",
    "rhadd",	"rotate",  "sub_sat", "upsample", "bitselect",
};

static bool is_number(const struct value *value)
{
	return type_integer_of(value->type) != NULL;
}

const struct value *builtin_integer(struct evaluator *e, const struct expression *x,
				    const struct arguments *args)
{
	const char *name = x->name;
	const struct value *const *at = args->at;
	unsigned n = args->count;
	size_t i;

	if (!strncmp(name, "convert_", 8) || !strncmp(name, "as_", 3))
		return conversion(e, x, args);
	for (i = 0; i < n; i++) {
		if (!is_number(at[i]))
			return NULL;
	}
	if (!strcmp(name, "min") && n == 2)
		return pairwise(e, at[0], at[1], pair_min);
	if (!strcmp(name, "max") && n == 2)
		return pairwise(e, at[0], at[1], pair_max);
	if (!strcmp(name, "clamp") && n == 3)
		return pairwise(e, pairwise(e, at[0], at[1], pair_max), at[2], pair_min);
	if (!strcmp(name, "mul24") && n == 2)
		return pairwise(e, at[0], at[1], pair_mul24);
	if (!strcmp(name, "mad24") && n == 3)
		return pairwise(e, pairwise(e, at[0], at[1], pair_mul24), at[2], pair_add);
	if (!strcmp(name, "select") && n == 3)
		return pairwise(e, at[0], at[1], pair_either);
	if (!strcmp(name, "abs") && n == 1)
		return absolute(e, at[0]);
	if ((!strcmp(name, "popcount") || !strcmp(name, "clz") || !strcmp(name, "ctz")) && n == 1 &&
	    is_integer(at[0]->type))
		return value_integer(
		    e->work, is_of_function(at[0]->type) ? at[0]->type : promoted(at[0]->type),
		    range_interval(0, 64));
	for (i = 0; n && i < sizeof(ALIKE) / sizeof(*ALIKE); i++) {
		if (!strcmp(name, ALIKE[i]))
			return value_opaque(e->work, alike(e, name, args));
	}
	return NULL;
}
