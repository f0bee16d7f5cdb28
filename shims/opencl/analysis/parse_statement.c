/* SPDX-License-Identifier: MIT */
/* Statements and the declarations among them. */
#include <string.h>

#include "parse.h"

static struct statement *statement(struct parser *p);

static struct statement *node(struct parser *p, enum statement_kind kind)
{
	struct statement *s = work_take(p->work, sizeof(*s));

	s->kind = kind;
	s->place = parse_peek(p, 0)->place;
	return s;
}

/* Declares a variable, and gives it a place among those of its function. */
static void declare(struct parser *p, const struct specifiers *s, struct variable *variable)
{
	parse_declare(p, SYMBOL_VARIABLE, variable->name)->variable = variable;
	if (p->function)
		variable->slot = p->function->slot_count++;
	if (!parse_accept(p, '='))
		return;
	variable->initial = parse_initializer(p);
	if ((s->is_const || s->space == SPACE_CONSTANT) && !s->is_volatile &&
	    variable->type->kind == TYPE_INTEGER && variable->type->size >= 4)
		variable->has_value = constant_value(variable->initial, &variable->value) &&
				      variable->value >= 0 && variable->value <= INT32_MAX;
	/* `float a[] = {...}`. */
	if (variable->type->kind == TYPE_ARRAY && !variable->type->count) {
		uint64_t count = 0;
		const struct expression *e = variable->initial->args;

		for (; e; e = e->next)
			count++;
		variable->type = type_array(p->work, variable->type->of, count);
	}
}

struct statement *parse_declaration(struct parser *p)
{
	struct statement *result = node(p, STATEMENT_DECLARATION);
	struct variable **end = &result->variables;
	struct specifiers s = parse_specifiers(p);

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
			parse_fail(p, "a function in a function");
		} else {
			*end = parse_variable(p, &s, &d);
			declare(p, &s, *end);
			end = &(*end)->next;
		}
		if (!parse_accept(p, ',') && !parse_is(p, ';'))
			parse_fail(p, "no ';'");
	}
	return result;
}

struct statement *parse_block(struct parser *p)
{
	struct statement *block = node(p, STATEMENT_BLOCK), **end = &block->first;
	struct symbol *outer = p->newest;

	parse_expect(p, '{');
	p->scope++;
	while (!parse_accept(p, '}')) {
		*end = statement(p);
		end = &(*end)->next;
	}
	p->scope--;
	parse_forget(p, outer);
	return block;
}

/* What is run under a condition, or a switch's body, where labels are. */
static struct statement *inner(struct parser *p, bool can_label)
{
	bool outer = p->can_label;
	struct statement *s;

	p->can_label = can_label;
	s = statement(p);
	p->can_label = outer;
	return s;
}

static struct expression *in_brackets(struct parser *p)
{
	struct expression *e;

	parse_expect(p, '(');
	e = parse_expression(p);
	parse_expect(p, ')');
	return e;
}

static struct statement *for_loop(struct parser *p)
{
	struct statement *s = node(p, STATEMENT_FOR);
	struct symbol *outer = p->newest;

	parse_take(p);
	parse_expect(p, '(');
	p->scope++;
	if (parse_starts_type(p)) {
		s->first = parse_declaration(p);
	} else if (!parse_accept(p, ';')) {
		s->first = node(p, STATEMENT_EXPRESSION);
		s->first->expression = parse_expression(p);
		parse_expect(p, ';');
	}
	if (!parse_is(p, ';'))
		s->expression = parse_expression(p);
	parse_expect(p, ';');
	if (!parse_is(p, ')'))
		s->step = parse_expression(p);
	parse_expect(p, ')');
	s->body = inner(p, false);
	p->scope--;
	parse_forget(p, outer);
	return s;
}

static struct statement *if_statement(struct parser *p)
{
	struct statement *s = node(p, STATEMENT_IF);

	parse_take(p);
	s->expression = in_brackets(p);
	s->body = inner(p, false);
	if (parse_accept_word(p, "else"))
		s->other = inner(p, false);
	return s;
}

static struct statement *while_loop(struct parser *p)
{
	struct statement *s = node(p, STATEMENT_WHILE);

	parse_take(p);
	s->expression = in_brackets(p);
	s->body = inner(p, false);
	return s;
}

static struct statement *do_loop(struct parser *p)
{
	struct statement *s = node(p, STATEMENT_DO);

	parse_take(p);
	s->body = inner(p, false);
	if (!parse_accept_word(p, "while"))
		parse_fail(p, "no while");
	s->expression = in_brackets(p);
	parse_expect(p, ';');
	return s;
}

static struct statement *switch_statement(struct parser *p)
{
	struct statement *s = node(p, STATEMENT_SWITCH);

	parse_take(p);
	s->expression = in_brackets(p);
	s->body = inner(p, true);
	return s;
}

static struct statement *case_label(struct parser *p)
{
	struct statement *s = node(p, STATEMENT_CASE);

	if (!p->can_label)
		parse_fail(p, "a label that is not directly in its switch");
	if (token_is(parse_take(p), "default")) {
		s->kind = STATEMENT_DEFAULT;
	} else {
		s->expression = parse_choice(p);
		if (parse_accept(p, PUNCT3('.', '.', '.')))
			s->last = parse_choice(p);
	}
	parse_expect(p, ':');
	return s;
}

static struct statement *jump(struct parser *p, enum statement_kind kind)
{
	struct statement *s = node(p, kind);

	parse_take(p);
	if (kind == STATEMENT_RETURN && !parse_is(p, ';'))
		s->expression = parse_expression(p);
	parse_expect(p, ';');
	return s;
}

static const struct {
	const char *word;
	struct statement *(*read)(struct parser *p);
} WORDS[] = {
    {"if", if_statement},	  {"for", for_loop},	{"while", while_loop},	 {"do", do_loop},
    {"switch", switch_statement}, {"case", case_label}, {"default", case_label},
};

static struct statement *worded(struct parser *p)
{
	size_t i;

	for (i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++) {
		if (parse_is_word(p, WORDS[i].word))
			return WORDS[i].read(p);
	}
	if (parse_is_word(p, "return"))
		return jump(p, STATEMENT_RETURN);
	if (parse_is_word(p, "break"))
		return jump(p, STATEMENT_BREAK);
	if (parse_is_word(p, "continue"))
		return jump(p, STATEMENT_CONTINUE);
	if (parse_is_word(p, "goto"))
		parse_fail(p, "a jump");
	return NULL;
}

static struct statement *statement(struct parser *p)
{
	struct specifiers ignored = {0};
	struct statement *s;
	size_t from;

	parse_enter(p);
	while (parse_is_word(p, "_Pragma")) {
		parse_take(p);
		parse_skip_nested(p);
	}
	from = p->at;
	/* Of loops: opencl_unroll_hint. */
	if ((parse_is_word(p, "__attribute__") || parse_is_word(p, "__attribute")))
		parse_attributes(p, &ignored);
	if (parse_is(p, '{')) {
		s = parse_block(p);
	} else if (parse_is(p, ';')) {
		s = node(p, STATEMENT_EMPTY);
		parse_take(p);
	} else if ((s = worded(p))) {
		;
	} else if (parse_starts_type(p)) {
		/* Of which they are then. */
		p->at = from;
		s = parse_declaration(p);
	} else {
		if (parse_peek(p, 0)->kind == TOKEN_NAME && is_punct(parse_peek(p, 1), ':'))
			parse_fail(p, "a label");
		s = node(p, STATEMENT_EXPRESSION);
		s->expression = parse_expression(p);
		parse_expect(p, ';');
	}
	p->depth--;
	return s;
}
