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

#include "evaluate.h"
#include "program.h"

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

static struct form constant(const struct type *type, double value)
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

/* The same number in another type, where all that it may be is there as it is. */
static struct form converted(const struct filler *f, struct form form, const struct type *type)
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

/* a + b * times. */
static struct form sum(const struct form *a, const struct form *b, double times)
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

static struct form form_of(const struct filler *f, const struct expression *x);

static struct form product(const struct form *a, const struct form *b)
{
	const struct form nothing = {.type = a->type};

	if (is_constant(b))
		return sum(&nothing, a, b->at);
	if (is_constant(a))
		return sum(&nothing, b, a->at);
	return (struct form){0};
}

static struct form operated(const struct filler *f, uint32_t op, struct form a, struct form b)
{
	const struct type *type;

	if (!a.type || !b.type)
		return (struct form){0};
	type = op == PUNCT2('<', '<') ? common_type(a.type, a.type) : common_type(a.type, b.type);
	a = converted(f, a, type);
	if (op != PUNCT2('<', '<'))
		b = converted(f, b, type);
	if (!a.type || !b.type)
		return (struct form){0};
	switch (op) {
	case '+':
		return converted(f, sum(&a, &b, 1), type);
	case '-':
		return converted(f, sum(&a, &b, -1), type);
	case '*':
		return converted(f, product(&a, &b), type);
	case PUNCT2('<', '<'):
		if (!is_constant(&b) || b.at < 0 || b.at >= width_of(type))
			return (struct form){0};
		b = constant(type, ldexp(1, (int)b.at));
		return b.type ? converted(f, product(&a, &b), type) : b;
	case '/':
		return is_constant(&a) && is_constant(&b) && a.at >= 0 && b.at > 0
			   ? constant(type, floor(a.at / b.at))
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

/* A variable of the kernel's own that is followed. */
static bool is_followed(const struct filler *f, const struct expression *x)
{
	const struct variable *variable = x->kind == EXPRESSION_NAME ? x->variable : NULL;

	return variable && !variable->has_value && !variable->is_global && !variable->is_static &&
	       !variable->is_volatile && variable->space != SPACE_LOCAL &&
	       variable->space != SPACE_CONSTANT && variable->slot < f->kernel->slot_count &&
	       !f->is_lost[variable->slot];
}

/* Of an expression that changes nothing. */
static struct form form_of(const struct filler *f, const struct expression *x)
{
	struct form form;

	switch (x->kind) {
	case EXPRESSION_NUMBER:
		return is_integer(x->type) ? constant(x->type, (double)x->value) : (struct form){0};
	case EXPRESSION_NAME:
		if (x->variable && x->variable->has_value && is_integer(x->variable->type))
			return constant(x->variable->type, (double)x->variable->value);
		return is_followed(f, x) ? f->forms[x->variable->slot] : (struct form){0};
	case EXPRESSION_CAST:
		return converted(f, form_of(f, x->a), x->type);
	case EXPRESSION_UNARY:
		form = form_of(f, x->a);
		if (x->op == '+')
			return operated(f, '+', constant(&TYPE_INT, 0), form);
		return x->op == '-' ? operated(f, '-', constant(&TYPE_INT, 0), form)
				    : (struct form){0};
	case EXPRESSION_BINARY:
		return operated(f, x->op, form_of(f, x->a), form_of(f, x->b));
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
	a = converted(f, a, type);
	b = converted(f, b, type);
	if (!a.type || !b.type)
		return TRUTH_SOMETIMES;
	a = sum(&a, &b, -1);
	bounds = bounds_of(f, &a);
	if (is_equality)
		return bounds.min == 0 && bounds.max == 0 ? TRUTH_ALWAYS
		       : bounds.min > 0 || bounds.max < 0 ? TRUTH_NEVER
							  : TRUTH_SOMETIMES;
	return bounds.max < 0 ? TRUTH_ALWAYS : bounds.min >= 0 ? TRUTH_NEVER : TRUTH_SOMETIMES;
}

/* Of a condition that changes nothing. */
static enum truth truth_of(const struct filler *f, const struct expression *x)
{
	enum truth a, b;

	if (x->kind == EXPRESSION_UNARY && x->op == '!')
		return opposite(truth_of(f, x->a));
	if (x->kind != EXPRESSION_BINARY)
		return opposite(compared(f, form_of(f, x), constant(&TYPE_INT, 0), true));
	switch (x->op) {
	case PUNCT2('&', '&'):
	case PUNCT2('|', '|'):
		a = truth_of(f, x->a);
		b = truth_of(f, x->b);
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
		return opposite(compared(f, form_of(f, x), constant(&TYPE_INT, 0), true));
	}
}

/* What a walk over a tree looks for. */
struct search {
	struct filler *f;
	/* Variables that are set are not known; or they and those whose address is taken, at all.
	 */
	bool forgets, loses;
	/* Found: a change of anything, a return. */
	bool changes, returns;
};

static void search_statements(struct search *search, const struct statement *s);

/* The variable that a place is in, or null. */
static const struct variable *root_of(const struct expression *x)
{
	while (x && (x->kind == EXPRESSION_MEMBER || x->kind == EXPRESSION_INDEX ||
		     x->kind == EXPRESSION_CAST))
		x = x->a;
	return x && x->kind == EXPRESSION_NAME ? x->variable : NULL;
}

static void set(struct search *search, const struct expression *place, bool is_address)
{
	const struct variable *variable = root_of(place);

	search->changes = true;
	if (!variable || variable->is_global || variable->slot >= search->f->kernel->slot_count)
		return;
	if (search->forgets)
		search->f->forms[variable->slot].type = NULL;
	/* A store to what a pointer points to does not set that. */
	if (search->loses && (is_address || (place->kind == EXPRESSION_NAME &&
					     variable->type->kind == TYPE_POINTER)))
		search->f->is_lost[variable->slot] = true;
}

static void search_expression(struct search *search, const struct expression *x)
{
	const struct expression *arg;

	if (!x)
		return;
	if (x->kind == EXPRESSION_ASSIGN || x->kind == EXPRESSION_AFTER ||
	    (x->kind == EXPRESSION_UNARY &&
	     (x->op == PUNCT2('+', '+') || x->op == PUNCT2('-', '-'))))
		set(search, x->a, false);
	else if (x->kind == EXPRESSION_UNARY && x->op == '&')
		set(search, x->a, true);
	if (x->kind == EXPRESSION_BLOCK)
		search_statements(search, x->block);
	search_expression(search, x->a);
	search_expression(search, x->b);
	search_expression(search, x->c);
	for (arg = x->args; arg; arg = arg->next)
		search_expression(search, arg);
}

static void search_statements(struct search *search, const struct statement *s)
{
	const struct variable *variable;

	for (; s; s = s->next) {
		search->returns |= s->kind == STATEMENT_RETURN;
		search_expression(search, s->expression);
		search_expression(search, s->step);
		search_expression(search, s->last);
		for (variable = s->variables; variable; variable = variable->next) {
			search_expression(search, variable->initial);
			if (search->forgets && variable->slot < search->f->kernel->slot_count)
				search->f->forms[variable->slot].type = NULL;
		}
		search_statements(search, s->first);
		search_statements(search, s->body);
		search_statements(search, s->other);
	}
}

static bool changes(struct filler *f, const struct expression *x)
{
	struct search search = {.f = f};

	search_expression(&search, x);
	return search.changes;
}

/* Steps over what is run by some, or more than once. */
static void step_over(struct filler *f, const struct statement *s)
{
	const struct statement alone = {.kind = s->kind,
					.expression = s->expression,
					.step = s->step,
					.variables = s->variables,
					.first = s->first,
					.body = s->body,
					.other = s->other};
	struct search search = {.f = f, .forgets = true};

	search_statements(&search, &alone);
	f->is_over = f->is_over || search.returns;
}

static void step_over_expression(struct filler *f, const struct expression *x)
{
	struct search search = {.f = f, .forgets = true};

	search_expression(&search, x);
	f->is_over = f->is_over || search.returns;
}

/* The number of an argument by a pointer to it that nobody sets, or -1. */
static int argument_of(const struct filler *f, const struct expression *x)
{
	const struct variable *parameter = f->kernel->parameters;
	int i;

	if (!is_followed(f, x))
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

	index = converted(f, index, &TYPE_LONG);
	if (arg < 0 || !index.type)
		return;
	address = converted(f, sum(&nothing, &index, size), &TYPE_LONG);
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
		stored(f, place->a, constant(&TYPE_INT, 0), element_of(place->a));
	} else if (place->kind == EXPRESSION_UNARY && place->op == '*' &&
		   place->a->kind == EXPRESSION_BINARY && place->a->op == '+' &&
		   element_of(place->a->a) > 0) {
		stored(f, place->a->a, form_of(f, place->a->b), element_of(place->a->a));
	} else if (is_followed(f, place)) {
		form = &f->forms[place->variable->slot];
		*form = converted(
		    f, x->op ? operated(f, x->op, *form, form_of(f, x->b)) : form_of(f, x->b),
		    place->variable->type);
	} else {
		step_over_expression(f, x);
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
	if (x->kind == EXPRESSION_ASSIGN && !changes(f, x->a) && !changes(f, x->b))
		assigned(f, x);
	else if (x->kind == EXPRESSION_CALL && !changes(f, x))
		called(f, x);
	else
		step_over_expression(f, x);
}

static void fill_declaration(struct filler *f, const struct statement *s)
{
	const struct variable *variable;

	for (variable = s->variables; variable; variable = variable->next) {
		struct form form = {0};

		if (variable->initial && changes(f, variable->initial))
			step_over_expression(f, variable->initial);
		else if (variable->initial)
			form = converted(f, form_of(f, variable->initial), variable->type);
		if (variable->slot < f->kernel->slot_count)
			f->forms[variable->slot] = form;
	}
}

static void fill_statements(struct filler *f, const struct statement *s);

static void fill_if(struct filler *f, const struct statement *s)
{
	const enum truth truth =
	    changes(f, s->expression) ? TRUTH_SOMETIMES : truth_of(f, s->expression);

	if (truth == TRUTH_SOMETIMES)
		step_over(f, s);
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
		step_over(f, s);
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
			f->forms[parameter->slot] = constant(parameter->type, number.min);
	}
}

void fill_uses(const struct evaluator *e, const struct function *kernel, struct analysis_use *uses)
{
	struct filler f = {.e = e, .kernel = kernel, .uses = uses};
	struct search search = {.f = &f, .loses = true};
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
	search_statements(&search, kernel->body);
	set_arguments(&f);
	fill_statement(&f, kernel->body);
}
