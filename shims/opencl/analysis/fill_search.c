/* SPDX-License-Identifier: MIT */
/* What statements set, and whether they return. */
#include "fill.h"

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

bool fill_changes(struct filler *f, const struct expression *x)
{
	struct search search = {.f = f};

	search_expression(&search, x);
	return search.changes || search.returns;
}

void fill_step_over(struct filler *f, const struct statement *s)
{
	struct search search = {.f = f, .forgets = true};
	struct statement alone = *s;

	alone.next = NULL;
	search_statements(&search, &alone);
	f->is_over = f->is_over || search.returns;
}

void fill_step_over_expression(struct filler *f, const struct expression *x)
{
	struct search search = {.f = f, .forgets = true};

	search_expression(&search, x);
	f->is_over = f->is_over || search.returns;
}

void fill_find_lost(struct filler *f)
{
	struct search search = {.f = f, .loses = true};

	search_statements(&search, f->kernel->body);
}
