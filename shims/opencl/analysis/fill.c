/* SPDX-License-Identifier: MIT */
/*
 * Which buffers a kernel of OpenCL C writes without a gap: what was in them need not be where a
 * part runs.
 *
 * Follows what every work-item runs, from the kernel's first statement to where some may return,
 * with numbers that are a constant plus multiples of ids. A store counts where those of all
 * work-items lie side by side. Loops, and conditions that hold for some, are stepped over; of the
 * variables that they set nothing is known afterwards.
 */
#include <math.h>
#include <string.h>

#include "fill.h"
#include "program.h"

/* The number of an argument by a pointer to it that nobody sets, or -1. */
static int argument_of(const struct filler *f, const struct expression *x)
{
	const struct variable *parameter = f->kernel->parameters;
	int i;

	if (!form_is_followed(f, x))
		return -1;
	for (i = 0; parameter; parameter = parameter->next, i++)
		if (parameter == x->variable)
			return parameter->type->kind == TYPE_POINTER && i < ANALYSIS_ARGS ? i : -1;
	return -1;
}

/* Whether so many bytes from an address on, of each work-item, are all of a window: where they are
 * as many as it has. */
static bool fills(const struct filler *f, const struct form *address, double size,
		  const struct analysis_window *window)
{
	const double stride = fabs((double)window->stride);
	bool is_done[IDS] = {false};
	unsigned i = 0;

	if (!window->is_used || window->is_all || (double)(window->end - window->first) != stride ||
	    address->by[f->e->dimension] != (double)window->stride)
		return false;
	is_done[f->e->dimension] = true;
	/* Each id in turn makes rows of what is there. */
	while (i < IDS) {
		if (is_done[i] || f->counts[i] == 1 || fabs(address->by[i]) != size) {
			i++;
			continue;
		}
		is_done[i] = true;
		size *= f->counts[i];
		i = 0;
	}
	return size == stride;
}

/* A store of so many bytes at an element of a pointer's. */
static void stored(struct filler *f, const struct expression *pointer, struct form index,
		   double size)
{
	const int arg = argument_of(f, pointer);
	const struct form nothing = {.type = &TYPE_LONG};
	struct form address;

	index = form_converted(f, index, &TYPE_LONG);
	if (arg < 0 || !index.type)
		return;
	address = form_converted(f, form_sum(&nothing, &index, size), &TYPE_LONG);
	if (address.type && fills(f, &address, size, &f->uses[arg].writes))
		f->uses[arg].is_filled = true;
}

/* Bytes that a store of a type writes, all of them; 0: perhaps not. */
static double size_of(const struct type *type)
{
	if (type->kind == TYPE_VECTOR && type->count == 3)
		return 0;
	return type->kind == TYPE_INTEGER || type->kind == TYPE_FLOAT || type->kind == TYPE_VECTOR
		   ? (double)type->size
		   : 0;
}

static double element_of(const struct expression *pointer)
{
	const struct type *type =
	    pointer->kind == EXPRESSION_NAME && pointer->variable ? pointer->variable->type : NULL;

	return type && type->kind == TYPE_POINTER && type->of ? size_of(type->of) : 0;
}

/* An assignment of which nothing but its place changes. */
static void assigned(struct filler *f, const struct expression *x)
{
	const struct expression *place = x->a;
	struct form *form;

	if (place->kind == EXPRESSION_INDEX && element_of(place->a) > 0) {
		stored(f, place->a, form_of(f, place->b), element_of(place->a));
	} else if (place->kind == EXPRESSION_UNARY && place->op == '*' &&
		   element_of(place->a) > 0) {
		stored(f, place->a, form_constant(&TYPE_INT, 0), element_of(place->a));
	} else if (place->kind == EXPRESSION_UNARY && place->op == '*' &&
		   place->a->kind == EXPRESSION_BINARY && place->a->op == '+' &&
		   element_of(place->a->a) > 0) {
		stored(f, place->a->a, form_of(f, place->a->b), element_of(place->a->a));
	} else if (form_is_followed(f, place)) {
		form = &f->forms[place->variable->slot];
		*form = form_converted(
		    f, x->op ? form_operated(f, x->op, *form, form_of(f, x->b)) : form_of(f, x->b),
		    place->variable->type);
	} else {
		fill_step_over_expression(f, x);
	}
}

/* vstore4(value, index, pointer) */
static void called(struct filler *f, const struct expression *x)
{
	static const char *const NAMES[] = {"vstore2", "vstore4", "vstore8", "vstore16"};
	const struct expression *index = x->args ? x->args->next : NULL;
	unsigned i;

	for (i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
		if (!x->function && x->name && !strcmp(x->name, NAMES[i]) && index && index->next)
			stored(f, index->next, form_of(f, index),
			       element_of(index->next) * ldexp(2, (int)i));
}

static void fill_expression(struct filler *f, const struct expression *x)
{
	if (x->kind == EXPRESSION_ASSIGN && !fill_changes(f, x->a) && !fill_changes(f, x->b))
		assigned(f, x);
	else if (x->kind == EXPRESSION_CALL && !fill_changes(f, x))
		called(f, x);
	else
		fill_step_over_expression(f, x);
}

static void fill_declaration(struct filler *f, const struct statement *s)
{
	const struct variable *variable;

	for (variable = s->variables; variable; variable = variable->next) {
		struct form form = {0};

		if (variable->initial && fill_changes(f, variable->initial))
			fill_step_over_expression(f, variable->initial);
		else if (variable->initial)
			form = form_converted(f, form_of(f, variable->initial), variable->type);
		if (variable->slot < f->kernel->slot_count)
			f->forms[variable->slot] = form;
	}
}

static void fill_statements(struct filler *f, const struct statement *s);

static void fill_if(struct filler *f, const struct statement *s)
{
	const enum truth truth =
	    fill_changes(f, s->expression) ? TRUTH_SOMETIMES : form_truth(f, s->expression);

	if (truth == TRUTH_SOMETIMES)
		fill_step_over(f, s);
	else
		fill_statements(f, truth == TRUTH_ALWAYS ? s->body : s->other);
}

static void fill_statement(struct filler *f, const struct statement *s)
{
	switch (s->kind) {
	case STATEMENT_EMPTY:
		break;
	case STATEMENT_EXPRESSION:
		fill_expression(f, s->expression);
		break;
	case STATEMENT_DECLARATION:
		fill_declaration(f, s);
		break;
	case STATEMENT_BLOCK:
		fill_statements(f, s->first);
		break;
	case STATEMENT_IF:
		fill_if(f, s);
		break;
	case STATEMENT_FOR:
	case STATEMENT_WHILE:
	case STATEMENT_DO:
	case STATEMENT_SWITCH:
		fill_step_over(f, s);
		break;
	default:
		f->is_over = true;
		break;
	}
}

static void fill_statements(struct filler *f, const struct statement *s)
{
	for (; s && !f->is_over; s = s->next)
		fill_statement(f, s);
}

/* Arguments that are whole numbers. */
static void set_arguments(struct filler *f)
{
	const struct analysis_launch *launch = f->e->launch;
	const struct variable *parameter = f->kernel->parameters;
	size_t i;

	for (i = 0; parameter && launch->args && i < launch->arg_count;
	     parameter = parameter->next, i++) {
		const struct analysis_arg *arg = &launch->args[i];
		struct range number;

		if (!is_integer(parameter->type) || parameter->type == &TYPE_BOOL || !arg->value ||
		    arg->size != parameter->type->size || parameter->slot >= f->kernel->slot_count)
			continue;
		number = value_number(value_bytes(f->e->work, parameter->type, arg->value));
		if (range_is_constant(&number))
			f->forms[parameter->slot] = form_constant(parameter->type, number.min);
	}
}

void fill_uses(const struct evaluator *e, const struct function *kernel, struct analysis_use *uses)
{
	struct filler f = {.e = e, .kernel = kernel, .uses = uses};
	unsigned d;

	if (!kernel->body)
		return;
	for (d = 0; d < 3; d++) {
		/* The last work-group may be smaller. */
		if (fmod((double)e->launch->global[d], e->group[d]) != 0)
			return;
		f.counts[d] = e->groups[d];
		f.counts[3 + d] = e->group[d];
	}
	f.forms = work_take(e->work, (kernel->slot_count + 1) * sizeof(*f.forms));
	f.is_lost = work_take(e->work, (kernel->slot_count + 1) * sizeof(*f.is_lost));
	fill_find_lost(&f);
	set_arguments(&f);
	fill_statement(&f, kernel->body);
}
