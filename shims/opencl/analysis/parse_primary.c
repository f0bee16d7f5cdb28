/* SPDX-License-Identifier: MIT */
/* Numbers, names, calls, members, casts and vectors. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

#define HEIGHT_MOST 250

struct expression *parse_node(struct parser *p, enum expression_kind kind, struct place place)
{
	struct expression *e = work_take(p->work, sizeof(*e));

	e->kind = kind;
	e->place = place;
	return e;
}

struct expression *parse_checked(struct parser *p, struct expression *e)
{
	const struct expression *children[] = {e->a, e->b, e->c}, *arg;
	size_t i;

	for (i = 0; i < 3; i++) {
		if (children[i] && children[i]->height >= e->height)
			e->height = children[i]->height + 1;
	}
	for (arg = e->args; arg; arg = arg->next) {
		if (arg->height >= e->height)
			e->height = arg->height + 1;
	}
	if (e->height > HEIGHT_MOST)
		parse_fail(p, "an expression that is too deep");
	return e;
}

static bool is_hex(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

static bool is_floating(const char *text)
{
	return strpbrk(text, is_hex(text) ? ".pP" : ".eEfFhH") != NULL;
}

static struct expression *number(struct parser *p, const struct token *token)
{
	struct expression *e = parse_node(p, EXPRESSION_NUMBER, token->place);
	char *text = work_text(p->work, token->text, token->length), *end;
	bool is_decimal = text[0] != '0', is_unsigned, is_long;
	unsigned long long value;

	if (is_floating(text)) {
		e->kind = EXPRESSION_OPAQUE;
		e->type =
		    strpbrk(text, "fF") && !(text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
			? &TYPE_FLOATING
			: &TYPE_DOUBLE;
		return e;
	}
	errno = 0;
	value = !strncmp(text, "0b", 2) || !strncmp(text, "0B", 2) ? strtoull(text + 2, &end, 2)
								   : strtoull(text, &end, 0);
	if (errno || end[strspn(end, "uUlL")])
		work_fail(p->work, token->place, "a number that is not understood: %.40s", text);
	/* Of 128 bits, as OpenCL C has it, or of 64. */
	if (strstr(end, "ll") || strstr(end, "LL"))
		work_fail(p->work, token->place, "a number of the type long long: %.40s", text);
	is_unsigned = strpbrk(end, "uU") != NULL;
	is_long = strpbrk(end, "lL") != NULL;
	if (value > INT64_MAX)
		is_unsigned = is_long = true;
	if (value > UINT32_MAX || (value > INT32_MAX && !is_unsigned && is_decimal))
		is_long = true;
	else if (value > INT32_MAX && !is_long)
		is_unsigned = true;
	e->type = is_long	? is_unsigned ? &TYPE_ULONG : &TYPE_LONG
		  : is_unsigned ? &TYPE_UINT
				: &TYPE_INT;
	e->value = (int64_t)value;
	if (value > INT64_MAX)
		e->kind = EXPRESSION_OPAQUE;
	return e;
}

static struct expression *character(struct parser *p, const struct token *token)
{
	struct expression *e = parse_node(p, EXPRESSION_NUMBER, token->place);

	e->type = &TYPE_INT;
	if (token->length == 3 && token->text[1] > 0)
		e->value = token->text[1];
	else
		e->kind = EXPRESSION_OPAQUE;
	return e;
}

static struct expression *name(struct parser *p)
{
	const struct token *token = parse_take(p);
	struct expression *e = parse_node(p, EXPRESSION_NAME, token->place);
	const struct symbol *symbol = parse_find(p, token->text, token->length, false);

	e->name = work_text(p->work, token->text, token->length);
	if (!symbol)
		return e;
	if (symbol->kind == SYMBOL_VARIABLE) {
		e->variable = symbol->variable;
	} else if (symbol->kind == SYMBOL_FUNCTION) {
		e->function = symbol->function;
	} else if (symbol->kind == SYMBOL_NUMBER) {
		/* What is no int has a type that depends on the compiler. */
		e->kind = symbol->value > INT32_MAX ? EXPRESSION_OPAQUE : EXPRESSION_NUMBER;
		e->type = symbol->value > INT32_MAX ? &TYPE_ANY : &TYPE_INT;
		e->value = symbol->value;
	} else {
		work_fail(p->work, token->place, "a type where a value is meant: %.40s", e->name);
	}
	return e;
}

/* The list before a ')' or '}', which is taken. */
static struct expression *list(struct parser *p, uint32_t close, bool is_initializer)
{
	struct expression *first = NULL, **end = &first;

	while (!parse_accept(p, close)) {
		*end = is_initializer ? parse_initializer(p) : parse_assignment(p);
		end = &(*end)->next;
		if (!parse_accept(p, ',') && !parse_is(p, close))
			parse_fail(p, "no ','");
	}
	return first;
}

struct expression *parse_initializer(struct parser *p)
{
	struct expression *e;

	parse_enter(p);
	/* Designators: where a value goes is not followed in lists. */
	while (parse_is(p, '.') || parse_is(p, '[')) {
		if (parse_accept(p, '.'))
			parse_name(p);
		else
			parse_skip_nested(p);
		if (parse_accept(p, '='))
			break;
	}
	if (parse_is(p, '{')) {
		e = parse_node(p, EXPRESSION_LIST, parse_peek(p, 0)->place);
		parse_take(p);
		e->args = list(p, '}', true);
		parse_checked(p, e);
	} else {
		e = parse_assignment(p);
	}
	p->depth--;
	return e;
}

/* (type)value, (type)(values), (type){values}; the '(' is taken. */
static struct expression *cast(struct parser *p, struct place place)
{
	struct specifiers s;
	const struct type *type = parse_type_name(p, &s);
	struct expression *e;

	parse_expect(p, ')');
	if (parse_is(p, '{')) {
		parse_take(p);
		e = parse_node(p, EXPRESSION_LIST, place);
		e->args = list(p, '}', true);
	} else if (type->kind == TYPE_VECTOR && parse_is(p, '(')) {
		parse_take(p);
		e = parse_node(p, EXPRESSION_VECTOR, place);
		e->args = list(p, ')', false);
	} else {
		e = parse_node(p, EXPRESSION_CAST, place);
		e->a = parse_unary(p);
		e->type = type;
		return parse_checked(p, e);
	}
	e->type = type;
	return parse_checked(p, e);
}

static struct expression *size_of(struct parser *p, struct place place)
{
	struct expression *e = parse_node(p, EXPRESSION_NUMBER, place);
	struct specifiers s;

	e->type = &TYPE_SIZE;
	if (parse_is(p, '(')) {
		size_t at = p->at;

		parse_take(p);
		if (parse_starts_type(p)) {
			const struct type *type = parse_type_name(p, &s);

			parse_expect(p, ')');
			if (!type->size)
				parse_fail(p, "the size of what has none");
			e->value = (int64_t)type->size;
			return e;
		}
		p->at = at;
	}
	/* Of an expression: its value is not known here. */
	parse_unary(p);
	e->kind = EXPRESSION_OPAQUE;
	return e;
}

static struct expression *atom(struct parser *p)
{
	const struct token *token = parse_peek(p, 0);
	struct expression *e;

	switch (token->kind) {
	case TOKEN_NUMBER:
		return number(p, parse_take(p));
	case TOKEN_CHARACTER:
		return character(p, parse_take(p));
	case TOKEN_STRING:
		while (parse_peek(p, 0)->kind == TOKEN_STRING)
			parse_take(p);
		e = parse_node(p, EXPRESSION_OPAQUE, token->place);
		e->type = type_pointer(p->work, &TYPE_CHAR, SPACE_CONSTANT, false);
		return e;
	case TOKEN_NAME:
		if (token_is(token, "sizeof")) {
			parse_take(p);
			return size_of(p, token->place);
		}
		if (token_is(token, "asm") || token_is(token, "__asm") ||
		    token_is(token, "__asm__"))
			parse_fail(p, "assembler");
		return name(p);
	default:
		break;
	}
	if (parse_accept(p, '(')) {
		if (parse_starts_type(p))
			return cast(p, token->place);
		if (parse_is(p, '{') && p->function) {
			e = parse_node(p, EXPRESSION_BLOCK, token->place);
			e->block = parse_block(p);
			parse_expect(p, ')');
			return e;
		}
		e = parse_expression(p);
		parse_expect(p, ')');
		return e;
	}
	parse_fail(p, "no expression");
}

struct expression *parse_primary(struct parser *p)
{
	struct expression *e = atom(p);

	for (;;) {
		const struct token *token = parse_peek(p, 0);
		struct expression *outer;

		if (is_punct(token, '(')) {
			if (e->kind != EXPRESSION_NAME || e->variable)
				parse_fail(p, "a call of what is no function's name");
			parse_take(p);
			outer = parse_node(p, EXPRESSION_CALL, e->place);
			outer->name = e->name;
			outer->function = e->function;
			outer->args = list(p, ')', false);
			e = parse_checked(p, outer);
			continue;
		}
		if (is_punct(token, '[')) {
			outer = parse_node(p, EXPRESSION_INDEX, token->place);
			parse_take(p);
			outer->a = e;
			outer->b = parse_expression(p);
			parse_expect(p, ']');
		} else if (is_punct(token, '.') || is_punct(token, PUNCT2('-', '>'))) {
			outer = parse_node(
			    p, is_punct(token, '.') ? EXPRESSION_MEMBER : EXPRESSION_ARROW,
			    token->place);
			parse_take(p);
			outer->a = e;
			outer->name = parse_name(p);
		} else if (is_punct(token, PUNCT2('+', '+')) || is_punct(token, PUNCT2('-', '-'))) {
			outer = parse_node(p, EXPRESSION_AFTER, token->place);
			outer->op = parse_take(p)->punct & 0xff;
			outer->a = e;
		} else {
			return e;
		}
		e = parse_checked(p, outer);
	}
}
