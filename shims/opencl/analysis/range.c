/* SPDX-License-Identifier: MIT */
#include "range.h"

#include <math.h>

static double least(double a, double b)
{
	return a < b ? a : b;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

struct range range_interval(double min, double max)
{
	return (struct range){0, min, max, min, max};
}

struct range range_top(unsigned width)
{
	if (width == 0 || width > 32)
		return range_interval(-INFINITY, INFINITY);
	return range_interval(0, ldexp(1, (int)width) - 1);
}

bool range_make(double last, struct range *v)
{
	double reach = v->k * last;

	v->min = most(v->min, least(0, reach) + v->lo);
	v->max = least(v->max, most(0, reach) + v->hi);
	if (v->min > v->max || v->lo > v->hi)
		return false;
	if (v->k == 0) {
		v->lo = v->min;
		v->hi = v->max;
	}
	return true;
}

static bool is_followed(double value)
{
	return fabs(value) < RANGE_LIMIT;
}

/* As range_make() for a result of arithmetic, which is never contradictory and may be too large. */
static struct range result(double last, unsigned width, struct range v)
{
	if (isnan(v.min))
		v.min = -INFINITY;
	if (isnan(v.max))
		v.max = INFINITY;
	if (!(is_followed(v.k * last) && is_followed(v.lo) && is_followed(v.hi))) {
		if (is_followed(v.min) && is_followed(v.max) && v.min <= v.max)
			return range_interval(v.min, v.max);
		return range_top(width);
	}
	if (!range_make(last, &v) || !is_followed(v.min) || !is_followed(v.max))
		return range_top(width);
	return v;
}

static struct range hull(double last, unsigned width, double min, double max)
{
	return result(last, width, range_interval(min, max));
}

struct range range_affine(double last, double k, double lo, double hi)
{
	return result(last, 64, (struct range){k, lo, hi, -INFINITY, INFINITY});
}

struct range range_window(struct range v, unsigned width, bool is_signed)
{
	double size, base, turn, by;

	if (width == 0 || width > 32) {
		if (v.min >= (is_signed ? -RANGE_LIMIT : 0) && v.max <= RANGE_LIMIT)
			return v;
		return is_signed ? range_top(64) : range_interval(0, INFINITY);
	}
	size = ldexp(1, (int)width);
	base = is_signed ? -size / 2 : 0;
	turn = floor((v.min - base) / size);
	if (turn != floor((v.max - base) / size) || !isfinite(turn))
		return range_interval(base, base + size - 1);
	by = turn * size;
	return (struct range){v.k, v.lo - by, v.hi - by, v.min - by, v.max - by};
}

struct range range_add(double last, struct range a, struct range b, unsigned width)
{
	return result(
	    last, width,
	    (struct range){a.k + b.k, a.lo + b.lo, a.hi + b.hi, a.min + b.min, a.max + b.max});
}

struct range range_negate(double last, struct range a, unsigned width)
{
	return result(last, width, (struct range){-a.k, -a.hi, -a.lo, -a.max, -a.min});
}

struct range range_sub(double last, struct range a, struct range b, unsigned width)
{
	return result(
	    last, width,
	    (struct range){a.k - b.k, a.lo - b.hi, a.hi - b.lo, a.min - b.max, a.max - b.min});
}

static struct range scale(double last, struct range a, double by, unsigned width)
{
	if (by == 0)
		return range_constant(0);
	if (by < 0) {
		a = range_negate(last, a, width);
		by = -by;
	}
	return result(last, width,
		      (struct range){a.k * by, a.lo * by, a.hi * by, a.min * by, a.max * by});
}

struct range range_mul(double last, struct range a, struct range b, unsigned width)
{
	double corners[4], low, high;
	int i;

	if (range_is_constant(&b))
		return scale(last, a, b.min, width);
	if (range_is_constant(&a))
		return scale(last, b, a.min, width);
	corners[0] = a.min * b.min;
	corners[1] = a.min * b.max;
	corners[2] = a.max * b.min;
	corners[3] = a.max * b.max;
	low = high = corners[0];
	for (i = 0; i < 4; i++) {
		/* Zero times what has no bound: nothing is known. */
		if (isnan(corners[i]))
			return range_top(width);
		low = least(low, corners[i]);
		high = most(high, corners[i]);
	}
	return hull(last, width, low, high);
}

/* Rounded towards minus infinity, of a windowed number by a positive one. */
static struct range floor_divide(double last, struct range a, double by, unsigned width)
{
	double min = floor(a.min / by), max = floor(a.max / by);

	if (a.k == 0 || fmod(a.k, by) != 0)
		return hull(last, width, min, max);
	return result(last, width,
		      (struct range){a.k / by, floor(a.lo / by), floor(a.hi / by), min, max});
}

struct range range_divide(double last, struct range a, struct range b, unsigned width)
{
	if (!(a.min >= 0 && b.min > 0 && a.max < RANGE_LIMIT))
		return range_top(width);
	if (range_is_constant(&b))
		return floor_divide(last, a, b.min, width);
	return hull(last, width, floor(a.min / b.max), floor(a.max / b.min));
}

struct range range_remainder(double last, struct range a, struct range b, unsigned width)
{
	double by = b.min, whole, quotient;

	if (!(a.min >= 0 && b.min > 0))
		return range_top(width);
	if (a.max < b.min)
		return a;
	if (by != b.max || !(a.max < RANGE_LIMIT))
		return hull(last, width, 0, least(a.max, b.max - 1));
	whole = floor(a.min / by);
	if (whole == floor(a.max / by))
		return range_sub(last, a, range_constant(whole * by), width);
	quotient = floor(a.lo / by);
	if (fmod(a.k, by) == 0 && quotient == floor(a.hi / by))
		return range_interval(a.lo - quotient * by, a.hi - quotient * by);
	return range_interval(0, by - 1);
}

static bool is_shift(const struct range *by, unsigned width)
{
	return by->min >= 0 && by->max < width;
}

struct range range_shift_left(double last, struct range a, struct range by, unsigned width)
{
	if (!is_shift(&by, width))
		return range_top(width);
	if (range_is_constant(&by))
		return scale(last, a, ldexp(1, (int)by.min), width);
	return range_mul(last, a, range_interval(ldexp(1, (int)by.min), ldexp(1, (int)by.max)),
			 width);
}

struct range range_shift_right(double last, struct range a, struct range by, unsigned width)
{
	if (!is_shift(&by, width) || !is_followed(a.min) || !is_followed(a.max))
		return range_top(width);
	if (range_is_constant(&by))
		return floor_divide(last, a, ldexp(1, (int)by.min), width);
	return hull(last, width, floor(ldexp(a.min, -(int)(a.min < 0 ? by.min : by.max))),
		    floor(ldexp(a.max, -(int)(a.max < 0 ? by.max : by.min))));
}

static bool is_power(double value)
{
	int exponent;

	return value > 0 && frexp(value, &exponent) == 0.5;
}

struct range range_and(double last, struct range a, struct range b, unsigned width)
{
	double high;

	if (range_is_constant(&a) && !range_is_constant(&b)) {
		struct range swapped = a;

		a = b;
		b = swapped;
	}
	if (!(a.min >= 0 && b.min >= 0))
		return range_top(width);
	if (range_is_constant(&b) && a.max < RANGE_LIMIT && b.min < 4294967296.0) {
		double low = ldexp(1, (int)width) - b.min;

		if (range_is_constant(&a))
			return range_constant((double)((uint64_t)a.min & (uint64_t)b.min));
		if (is_power(b.min + 1))
			return range_remainder(last, a, range_constant(b.min + 1), width);
		/* All bits from one on: rounds down to a multiple. */
		if (width <= 32 && is_power(low))
			return scale(last, floor_divide(last, a, low, width), low, width);
	}
	high = least(a.max, b.max);
	return high < RANGE_LIMIT ? range_interval(0, high) : range_top(width);
}

struct range range_or(struct range a, struct range b, unsigned width, bool is_exclusive)
{
	double high = most(a.max, b.max);
	int exponent;

	if (!(high < RANGE_LIMIT && a.min >= 0 && b.min >= 0))
		return range_top(width);
	if (range_is_constant(&a) && range_is_constant(&b)) {
		uint64_t x = (uint64_t)a.min, y = (uint64_t)b.min;

		return range_constant((double)(is_exclusive ? x ^ y : x | y));
	}
	frexp(high, &exponent);
	return range_interval(is_exclusive ? 0 : most(a.min, b.min), ldexp(1, exponent) - 1);
}

struct range range_least(double last, struct range a, struct range b, unsigned width)
{
	double min = least(a.min, b.min), max = least(a.max, b.max);

	if (a.max <= b.min)
		return a;
	if (b.max <= a.min)
		return b;
	if (a.k != b.k)
		return hull(last, width, min, max);
	return result(last, width,
		      (struct range){a.k, least(a.lo, b.lo), least(a.hi, b.hi), min, max});
}

struct range range_greatest(double last, struct range a, struct range b, unsigned width)
{
	double min = most(a.min, b.min), max = most(a.max, b.max);

	if (a.min >= b.max)
		return a;
	if (b.min >= a.max)
		return b;
	if (a.k != b.k)
		return hull(last, width, min, max);
	return result(last, width,
		      (struct range){a.k, most(a.lo, b.lo), most(a.hi, b.hi), min, max});
}
