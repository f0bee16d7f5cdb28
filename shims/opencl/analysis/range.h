/* SPDX-License-Identifier: MIT */
/*
 * What is known of an integer: an interval around a multiple of the work-group's number.
 *
 * Integers of a kernel are bits. A range speaks of a mathematical integer that is congruent to the
 * bits modulo 2^width, so that sums, differences and products hold whatever wraps; only what looks
 * at the bits as a number (comparisons, divisions, shifts to the right, addresses) needs
 * range_window() first.
 *
 * The same domain as lib/pool/analysis/domain.ts.
 */
#ifndef MVGAL_ANALYSIS_RANGE_H
#define MVGAL_ANALYSIS_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * An integer v with min <= v <= max and lo <= v - k * w <= hi, w the number of the work-group in
 * the dimension that is looked at. Bounds are whole numbers below 2^53, or infinite.
 */
struct range {
	double k, lo, hi, min, max;
};

/* Larger numbers than this are not followed; sums and products of smaller ones are exact. */
#define RANGE_LIMIT 2251799813685248.0

enum truth { TRUTH_NEVER, TRUTH_SOMETIMES, TRUTH_ALWAYS };

struct range range_interval(double min, double max);
struct range range_top(unsigned width);
/* k * w plus lo to hi, for w from 0 to last. */
struct range range_affine(double last, double k, double lo, double hi);

static inline struct range range_constant(double value)
{
	return range_interval(value, value);
}

static inline bool range_is_constant(const struct range *v)
{
	return v->min == v->max;
}

/* Tightens bounds by each other; false for a contradiction. */
bool range_make(double last, struct range *v);

/* The number that the bits are, read as unsigned or signed. */
struct range range_window(struct range v, unsigned width, bool is_signed);

/* What follows needs `last`, the last work-group's number, and the result's width. */
struct range range_add(double last, struct range a, struct range b, unsigned width);
struct range range_sub(double last, struct range a, struct range b, unsigned width);
struct range range_negate(double last, struct range a, unsigned width);
struct range range_mul(double last, struct range a, struct range b, unsigned width);
/* Of windowed numbers; nothing is known of negative ones, and of those divided by zero. */
struct range range_divide(double last, struct range a, struct range b, unsigned width);
struct range range_remainder(double last, struct range a, struct range b, unsigned width);
/* `a` windowed for shifts to the right. */
struct range range_shift_left(double last, struct range a, struct range by, unsigned width);
struct range range_shift_right(double last, struct range a, struct range by, unsigned width);
/* Of numbers windowed as unsigned. */
struct range range_and(double last, struct range a, struct range b, unsigned width);
struct range range_or(struct range a, struct range b, unsigned width, bool is_exclusive);
/* Of windowed numbers. */
struct range range_least(double last, struct range a, struct range b, unsigned width);
struct range range_greatest(double last, struct range a, struct range b, unsigned width);

struct range range_join(struct range a, struct range b);
/* Whether all that `inner` allows is allowed by `outer`. */
bool range_contains(const struct range *outer, const struct range *inner);
/* A range that holds both, and after few steps no longer grows. */
struct range range_widen(struct range old, struct range grown, unsigned width);

enum truth range_less(const struct range *a, const struct range *b, bool or_equal);
enum truth range_equal(double last, const struct range *a, const struct range *b);

/* Those of `v` for which it holds; false for none. Of windowed numbers. */
bool range_at_most(double last, struct range *v, const struct range *b, double offset);
bool range_at_least(double last, struct range *v, const struct range *b, double offset);
bool range_meet(double last, struct range *v, const struct range *b);
bool range_other_than(double last, struct range *v, const struct range *b);

#endif
