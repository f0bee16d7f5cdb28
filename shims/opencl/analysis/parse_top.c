/* SPDX-License-Identifier: MIT */
/* Functions and declarations of the program; what is not understood is stepped over. */
#include <stdio.h>
#include <string.h>

#include "parse.h"

/* What an attempt can put back. */
struct attempt {
	jmp_buf outer;
	unsigned depth, scope;
	struct symbol *newest;
	struct function *function;
};

static bool has_parameters(const struct function *function, const struct declarator *d)
{
	const struct variable *a = function->parameters, *b = d->parameters;

	for (; a && b; a = a->next, b = b->next) {
		if (!type_is_same(a->type, b->type))
			return false;
	}
	return !a && !b;
}

static struct function *declare_function(struct parser *p, const struct specifiers *s,
					 const struct declarator *d)
{
	struct symbol *symbol = parse_find(p, d->name, strlen(d->name), false);
	struct function *function = NULL, *first = NULL;

	if (symbol && symbol->kind == SYMBOL_FUNCTION)
		function = first = symbol->function;
	while (function && !has_parameters(function, d))
		function = function->other;
	if (!function) {
		function = work_take(p->work, sizeof(*function));
		function->name = d->name;
		function->parameters = d->parameters;
		function->parameter_count = d->parameter_count;
		*p->end_of_functions = function;
		p->end_of_functions = &function->next;
		if (first) {
			function->other = first->other;
			first->other = function;
		} else {
			parse_declare(p, SYMBOL_FUNCTION, d->name)->function = function;
		}
	}
	function->is_kernel |= s->is_kernel;
	function->result = d->type;
	if (s->required_local[0])
		memcpy(function->required_local, s->required_local, sizeof(s->required_local));
	return function;
}

static void add_signature(struct parser *p, const struct specifiers *s, const struct declarator *d)
{
	const struct signature signature = {
	    .name = d->name, .open = d->open, .close = d->close, .is_kernel = s->is_kernel};

	LIST_ADD(p->work, &p->tree->signatures, signature);
}

/* The body, of which the parser is at the '{'. */
static void body(struct parser *p, struct function *function, struct declarator *d)
{
	struct attempt attempt = {.depth = p->depth, .scope = p->scope, .newest = p->newest};
	struct variable *parameter;
	size_t open = (size_t)(parse_peek(p, 0) - p->tokens), end;
	struct signature *signature;

	/* Twice the same, which compilers refuse. */
	if (function->is_defined)
		function->is_twice = true;
	function->is_defined = true;
	function->place = d->place;
	function->parameters = d->parameters;
	function->parameter_count = d->parameter_count;
	function->slot_count = 0;
	parse_skip_nested(p);
	end = p->at;
	signature = &p->tree->signatures.at[p->tree->signatures.count - 1];
	signature->body_first = open;
	signature->body_last = end - 1;
	p->at = open;
	p->function = function;
	memcpy(attempt.outer, p->work->escape, sizeof(jmp_buf));
	if (!setjmp(p->work->escape)) {
		for (parameter = d->parameters; parameter; parameter = parameter->next) {
			parameter->is_global = false;
			parameter->slot = function->slot_count++;
			if (parameter->name[0])
				parse_declare(p, SYMBOL_VARIABLE, parameter->name)->variable =
				    parameter;
		}
		function->body = parse_block(p);
	} else {
		function->is_broken = true;
		function->broken_place = p->work->place;
		snprintf(function->broken, sizeof(function->broken), "%.95s", p->work->message);
	}
	memcpy(p->work->escape, attempt.outer, sizeof(jmp_buf));
	if (p->work->is_out_of_memory)
		longjmp(p->work->escape, 1);
	p->function = NULL;
	p->can_label = false;
	p->depth = attempt.depth;
	p->scope = attempt.scope;
	parse_forget(p, attempt.newest);
	p->at = end;
}

static void global_variable(struct parser *p, const struct specifiers *s,
			    const struct declarator *d)
{
	struct variable *variable = parse_variable(p, s, d);

	parse_declare(p, SYMBOL_VARIABLE, d->name)->variable = variable;
	if (!parse_accept(p, '='))
		return;
	variable->initial = parse_initializer(p);
	if ((s->is_const || s->space == SPACE_CONSTANT) && !s->is_volatile &&
	    d->type->kind == TYPE_INTEGER && d->type->size >= 4)
		variable->has_value = constant_value(variable->initial, &variable->value) &&
				      variable->value >= 0 && variable->value <= INT32_MAX;
}

/* One declaration or function. */
static void external(struct parser *p)
{
	struct specifiers s;

	if (parse_accept(p, ';'))
		return;
	s = parse_specifiers(p);
	if (!s.type)
		parse_fail(p, "no type");
	while (!parse_accept(p, ';')) {
		struct declarator d = {0};
		struct specifiers with = s;

		parse_declarator(p, &s, &d);
		parse_attributes(p, &with);
		if (!d.name)
			parse_fail(p, "a declaration without a name");
		if (s.is_typedef) {
			parse_typedef(p, &with, &d);
		} else if (d.is_function) {
			struct function *function = declare_function(p, &with, &d);

			add_signature(p, &s, &d);
			if (parse_is(p, '{')) {
				body(p, function, &d);
				return;
			}
		} else {
			global_variable(p, &s, &d);
		}
		if (!parse_accept(p, ',') && !parse_is(p, ';'))
			parse_fail(p, "no ';'");
	}
}

/* Of a declaration that was given up: its types and numbers may be half of what they are, so they
 * are not known any more. Functions and variables stay: their names are no longer free. */
static void forget_types(struct parser *p, struct symbol *newest)
{
	struct symbol *symbol = p->newest, *kept = NULL, *before;

	for (; symbol != newest; symbol = before) {
		before = symbol->before;
		parse_forget(p, before);
		if (symbol->kind != SYMBOL_FUNCTION && symbol->kind != SYMBOL_VARIABLE)
			continue;
		symbol->next = kept;
		kept = symbol;
	}
	for (; kept; kept = before) {
		before = kept->next;
		parse_restore(p, kept);
	}
}

/* To behind the declaration that begins at `from`. */
static void skip_external(struct parser *p, size_t from)
{
	p->at = from;
	for (;;) {
		const struct token *token = parse_peek(p, 0);

		if (token->kind == TOKEN_END)
			return;
		if (is_punct(token, '{') || is_punct(token, '(') || is_punct(token, '[')) {
			bool is_body = is_punct(token, '{');

			parse_skip_nested(p);
			/* A structure's end, or a function's. */
			if (is_body && !parse_is(p, ';') && !parse_is(p, ',') &&
			    !parse_is(p, '=') &&
			    (parse_peek(p, 0)->kind != TOKEN_NAME || parse_peek(p, 0)->is_first))
				return;
			continue;
		}
		parse_take(p);
		if (is_punct(token, ';'))
			return;
	}
}

void parse(struct work *work, const struct tokens *tokens, unsigned version, struct tree *tree)
{
	struct parser *p = work_take(work, sizeof(*p));
	struct attempt attempt;

	*p = (struct parser){.work = work,
			     .tokens = tokens->at,
			     .count = tokens->count,
			     .version = version,
			     .tree = tree,
			     .end_of_functions = &tree->functions};
	tree->tokens = tokens;
	memcpy(attempt.outer, work->escape, sizeof(jmp_buf));
	while (parse_peek(p, 0)->kind != TOKEN_END) {
		volatile size_t from = p->at;
		struct symbol *volatile newest = p->newest;

		if (!setjmp(work->escape)) {
			external(p);
			continue;
		}
		memcpy(work->escape, attempt.outer, sizeof(jmp_buf));
		if (work->is_out_of_memory)
			longjmp(work->escape, 1);
		p->depth = 0;
		p->scope = 0;
		p->function = NULL;
		forget_types(p, newest);
		{
			struct gap gap = {.first = from, .place = work->place};

			snprintf(gap.message, sizeof(gap.message), "%.95s", work->message);
			/* What has no end fails for good. */
			skip_external(p, from);
			gap.last = p->at;
			LIST_ADD(work, &tree->gaps, gap);
		}
	}
	memcpy(work->escape, attempt.outer, sizeof(jmp_buf));
}
