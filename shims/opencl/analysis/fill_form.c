/* SPDX-License-Identifier: MIT */
/* Numbers that are a constant plus multiples of ids. */
#include <math.h>
#include <string.h>

#include "fill.h"

struct form form_constant(const struct type *type, double value)
{
	return (struct form){.type = fabs(value) < RANGE_LIMIT ? type : NULL, .at = value};
}

static struct range bounds_of(const struct filler *f, const struct form *form)
{
	struct range bounds = range_constant(form->at);
	unsigned i;

	for (i = 0; i < IDS; i++) {
		const double reach = form->by[i] * (f->counts[i] - 1);

		bounds.min += reach < 0 ? reach : 0;
		bounds.max += reach > 0 ? reach : 0;
	}
	return bounds;
}

struct form form_converted(const struct filler *f, struct form form, const struct type *type)
{
	struct range bounds;
	double least, most;

	if (!form.type || !is_integer(type) || type == &TYPE_BOOL)
		return (struct form){0};
	bounds = bounds_of(f, &form);
	most = type->size < 8 ? ldexp(1, (int)(8 * type->size) - type->is_signed) - 1 : RANGE_LIMIT;
	least = !type->is_signed ? 0 : type->size < 8 ? -most - 1 : -RANGE_LIMIT;
	if (!(bounds.min >= least && bounds.max <= most))
		return (struct form){0};
	form.type = type;
	return form;
}

struct form form_sum(const struct form *a, const struct form *b, double times)
{
	struct form result = *a;
	unsigned i;

	result.at += b->at * times;
	for (i = 0; i < IDS; i++)
		result.by[i] += b->by[i] * times;
	return result;
}

static bool is_constant(const struct form *form)
{
	unsigned i;

	for (i = 0; i < IDS; i++)
		if (form->by[i] != 0)
			return false;
	return form->type;
}

static struct form product(const struct form *a, const struct form *b)
{
	const struct form nothing = {.type = a->type};

	if (is_constant(b))
		return form_sum(&nothing, a, b->at);
	if (is_constant(a))
		return form_sum(&nothing, b, a->at);
	return (struct form){0};
}

struct form form_operated(const struct filler *f, uint32_t op, struct form a, struct form b)
{
	const struct type *type;

	if (!a.type || !b.type)
		return (struct form){0};
	type = op == PUNCT2('<', '<') ? common_type(a.type, a.type) : common_type(a.type, b.type);
	a = form_converted(f, a, type);
	if (op != PUNCT2('<', '<'))
		b = form_converted(f, b, type);
	if (!a.type || !b.type)
		return (struct form){0};
	switch (op) {
	case '+':
		return form_converted(f, form_sum(&a, &b, 1), type);
	case '-':
		return form_converted(f, form_sum(&a, &b, -1), type);
	case '*':
		return form_converted(f, product(&a, &b), type);
	case PUNCT2('<', '<'):
		if (!is_constant(&b) || b.at < 0 || b.at >= width_of(type))
			return (struct form){0};
		b = form_constant(type, ldexp(1, (int)b.at));
		return b.type ? form_converted(f, product(&a, &b), type) : b;
	case '/':
		return is_constant(&a) && is_constant(&b) && a.at >= 0 && b.at > 0
			   ? form_constant(type, floor(a.at / b.at))
			   : (struct form){0};
	default:
		return (struct form){0};
	}
}

static struct form asked(const struct filler *f, const struct expression *x)
{
	const struct analysis_launch *launch = f->e->launch;
	struct form result = {.type = &TYPE_SIZE}, dimension;
	unsigned d;

	if (x->function || !x->name || !x->args || x->args->next)
		return (struct form){0};
	dimension = form_of(f, x->args);
	if (!is_constant(&dimension) || dimension.at < 0 || dimension.at > 2)
		return (struct form){0};
	d = (unsigned)dimension.at;
	if (!strcmp(x->name, "get_global_id")) {
		result.at = (double)launch->offset[d];
		result.by[d] = f->e->group[d];
		result.by[3 + d] = 1;
	} else if (!strcmp(x->name, "get_global_size")) {
		result.at = (double)launch->global[d];
	} else if (!strcmp(x->name, "get_global_offset")) {
		result.at = (double)launch->offset[d];
	} else if (!f->e->has_local) {
		return (struct form){0};
	} else if (!strcmp(x->name, "get_group_id")) {
		result.by[d] = 1;
	} else if (!strcmp(x->name, "get_local_id")) {
		result.by[3 + d] = 1;
	} else if (!strcmp(x->name, "get_local_size")) {
		result.at = f->e->group[d];
	} else if (!strcmp(x->name, "get_num_groups")) {
		result.at = f->e->groups[d];
	} else {
		return (struct form){0};
	}
	return result;
}

bool form_is_followed(const struct filler *f, const struct expression *x)
{
	const struct variable *variable = x->kind == EXPRESSION_NAME ? x->variable : NULL;

	return variable && !variable->has_value && !variable->is_global && !variable->is_static &&
	       !variable->is_volatile && variable->space != SPACE_LOCAL &&
	       variable->space != SPACE_CONSTANT && variable->slot < f->kernel->slot_count &&
	       !f->is_lost[variable->slot];
}

struct form form_of(const struct filler *f, const struct expression *x)
{
	struct form form;

	switch (x->kind) {
	case EXPRESSION_NUMBER:
		return is_integer(x->type) ? form_constant(x->type, (double)x->value)
					   : (struct form){0};
	case EXPRESSION_NAME:
		if (x->variable && x->variable->has_value && is_integer(x->variable->type))
			return form_constant(x->variable->type, (double)x->variable->value);
		return form_is_followed(f, x) ? f->forms[x->variable->slot] : (struct form){0};
	case EXPRESSION_CAST:
		return form_converted(f, form_of(f, x->a), x->type);
	case EXPRESSION_UNARY:
		form = form_of(f, x->a);
		if (x->op == '+')
			return form_operated(f, '+', form_constant(&TYPE_INT, 0), form);
		return x->op == '-' ? form_operated(f, '-', form_constant(&TYPE_INT, 0), form)
				    : (struct form){0};
	case EXPRESSION_BINARY:
		return form_operated(f, x->op, form_of(f, x->a), form_of(f, x->b));
	case EXPRESSION_CALL:
		return asked(f, x);
	default:
		return (struct form){0};
	}
}

static enum truth opposite(enum truth truth)
{
	return truth == TRUTH_ALWAYS  ? TRUTH_NEVER
	       : truth == TRUTH_NEVER ? TRUTH_ALWAYS
				      : TRUTH_SOMETIMES;
}

/* Whether a < b, or a == b. */
static enum truth compared(const struct filler *f, struct form a, struct form b, bool is_equality)
{
	const struct type *type;
	struct range bounds;

	if (!a.type || !b.type)
		return TRUTH_SOMETIMES;
	type = common_type(a.type, b.type);
	a = form_converted(f, a, type);
	b = form_converted(f, b, type);
	if (!a.type || !b.type)
		return TRUTH_SOMETIMES;
	a = form_sum(&a, &b, -1);
	bounds = bounds_of(f, &a);
	if (is_equality)
		return bounds.min == 0 && bounds.max == 0 ? TRUTH_ALWAYS
		       : bounds.min > 0 || bounds.max < 0 ? TRUTH_NEVER
							  : TRUTH_SOMETIMES;
	return bounds.max < 0 ? TRUTH_ALWAYS : bounds.min >= 0 ? TRUTH_NEVER : TRUTH_SOMETIMES;
}

enum truth form_truth(const struct filler *f, const struct expression *x)
{
	enum truth a, b;

	if (x->kind == EXPRESSION_UNARY && x->op == '!')
		return opposite(form_truth(f, x->a));
	if (x->kind != EXPRESSION_BINARY)
		return opposite(compared(f, form_of(f, x), form_constant(&TYPE_INT, 0), true));
	switch (x->op) {
	case PUNCT2('&', '&'):
	case PUNCT2('|', '|'):
		a = form_truth(f, x->a);
		b = form_truth(f, x->b);
		if (x->op == PUNCT2('|', '|')) {
			a = opposite(a);
			b = opposite(b);
		}
		a = a == TRUTH_NEVER || b == TRUTH_NEVER     ? TRUTH_NEVER
		    : a == TRUTH_ALWAYS && b == TRUTH_ALWAYS ? TRUTH_ALWAYS
							     : TRUTH_SOMETIMES;
		return x->op == PUNCT2('|', '|') ? opposite(a) : a;
	case '<':
		return compared(f, form_of(f, x->a), form_of(f, x->b), false);
	case '>':
		return compared(f, form_of(f, x->b), form_of(f, x->a), false);
	case PUNCT2('<', '='):
		return opposite(compared(f, form_of(f, x->b), form_of(f, x->a), false));
	case PUNCT2('>', '='):
		return opposite(compared(f, form_of(f, x->a), form_of(f, x->b), false));
	case PUNCT2('=', '='):
		return compared(f, form_of(f, x->a), form_of(f, x->b), true);
	case PUNCT2('!', '='):
		return opposite(compared(f, form_of(f, x->a), form_of(f, x->b), true));
	default:
		return opposite(compared(f, form_of(f, x), form_constant(&TYPE_INT, 0), true));
	}
}
