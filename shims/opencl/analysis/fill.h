/* SPDX-License-Identifier: MIT */
/* What fill.c follows: numbers that are a constant plus multiples of ids. */
#ifndef MVGAL_ANALYSIS_FILL_H
#define MVGAL_ANALYSIS_FILL_H

#include "evaluate.h"

/* Numbers of the work-group, and of the work-item in it, in three dimensions each. */
#define IDS 6

/* An integer of a type: `at` plus each id so many times. Null type: not known. */
struct form {
	const struct type *type;
	double at, by[IDS];
};

struct filler {
	const struct evaluator *e;
	const struct function *kernel;
	struct analysis_use *uses;
	double counts[IDS];
	/* By slot; variables whose address is taken, and pointers that are set, are lost. */
	struct form *forms;
	bool *is_lost;
	/* Some work-items may have returned. */
	bool is_over;
};

/* fill_form.c */
struct form form_constant(const struct type *type, double value);
/* The same number in another type, where all that it may be is there as it is. */
struct form form_converted(const struct filler *f, struct form form, const struct type *type);
/* a + b * times. */
struct form form_sum(const struct form *a, const struct form *b, double times);
/* a op b */
struct form form_operated(const struct filler *f, uint32_t op, struct form a, struct form b);
/* Whether it is a variable of the kernel's own that is followed. */
bool form_is_followed(const struct filler *f, const struct expression *x);
/* Of an expression, and of a condition, that change nothing. */
struct form form_of(const struct filler *f, const struct expression *x);
enum truth form_truth(const struct filler *f, const struct expression *x);

/* fill_search.c: whether an expression changes anything. */
bool fill_changes(struct filler *f, const struct expression *x);
/* Steps over what is run by some, or more than once: what it sets is not known. */
void fill_step_over(struct filler *f, const struct statement *s);
void fill_step_over_expression(struct filler *f, const struct expression *x);
/* Finds the variables that are lost. */
void fill_find_lost(struct filler *f);

#endif
