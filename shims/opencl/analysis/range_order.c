/* SPDX-License-Identifier: MIT */
/* Ranges beside each other: what either is, what both say, which is less. */
#include <math.h>

#include "range.h"

static double least(double a, double b)
{
	return a < b ? a : b;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

struct range range_join(struct range a, struct range b)
{
	double min = least(a.min, b.min), max = most(a.max, b.max);

	if (a.k != b.k)
		return range_interval(min, max);
	return (struct range){a.k, least(a.lo, b.lo), most(a.hi, b.hi), min, max};
}

bool range_contains(const struct range *outer, const struct range *inner)
{
	return inner->min >= outer->min && inner->max <= outer->max &&
	       (outer->k == 0 ||
		(outer->k == inner->k && inner->lo >= outer->lo && inner->hi <= outer->hi));
}

struct range range_widen(struct range old, struct range grown, unsigned width)
{
	const double far = 1099511627776.0;
	struct range both = range_join(old, grown);
	double min = both.min, max = both.max;

	if (both.min < old.min)
		min = both.min >= 0 ? 0 : both.min >= -2147483648.0 ? -2147483648.0 : -INFINITY;
	if (both.max > old.max)
		max = both.max <= 2147483647.0	 ? 2147483647.0
		      : both.max <= 4294967295.0 ? 4294967295.0
						 : INFINITY;
	if (isinf(min) || isinf(max))
		return range_top(width);
	if (both.k == 0)
		return range_interval(min, max);
	if (both.lo < -far || both.hi > far)
		return range_interval(min, max);
	if (both.lo < old.lo)
		both.lo = -far;
	if (both.hi > old.hi)
		both.hi = far;
	both.min = min;
	both.max = max;
	return both;
}

enum truth range_less(const struct range *a, const struct range *b, bool or_equal)
{
	double step = or_equal ? 0 : 1;
	bool is_parallel = a->k == b->k;

	if (a->max + step <= b->min || (is_parallel && a->hi + step <= b->lo))
		return TRUTH_ALWAYS;
	if (a->min + step > b->max || (is_parallel && a->lo + step > b->hi))
		return TRUTH_NEVER;
	return TRUTH_SOMETIMES;
}

enum truth range_equal(double last, const struct range *a, const struct range *b)
{
	struct range both = *a;

	if (range_is_constant(a) && range_is_constant(b) && a->min == b->min)
		return TRUTH_ALWAYS;
	return range_meet(last, &both, b) ? TRUTH_SOMETIMES : TRUTH_NEVER;
}

bool range_at_most(double last, struct range *v, const struct range *b, double offset)
{
	if (v->k == b->k)
		v->hi = least(v->hi, b->hi + offset);
	v->max = least(v->max, b->max + offset);
	return range_make(last, v);
}

bool range_at_least(double last, struct range *v, const struct range *b, double offset)
{
	if (v->k == b->k)
		v->lo = most(v->lo, b->lo + offset);
	v->min = most(v->min, b->min + offset);
	return range_make(last, v);
}

bool range_meet(double last, struct range *v, const struct range *b)
{
	double min = most(v->min, b->min), max = least(v->max, b->max);

	if (v->k == b->k) {
		v->lo = most(v->lo, b->lo);
		v->hi = least(v->hi, b->hi);
	} else if (v->k == 0) {
		/* Two slopes cannot be kept: the one that there is. */
		*v = *b;
	}
	v->min = min;
	v->max = max;
	return range_make(last, v);
}

bool range_other_than(double last, struct range *v, const struct range *b)
{
	if (!range_is_constant(b))
		return true;
	if (v->min == b->min)
		v->min += 1;
	if (v->max == b->min)
		v->max -= 1;
	return range_make(last, v);
}
