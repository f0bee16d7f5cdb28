/* SPDX-License-Identifier: MIT */
/* Operators. */
#include <stddef.h>

#include "parse.h"

struct expression *parse_unary(struct parser *p)
{
	static const uint32_t SIGNS[] = {'+', '-', '!', '~', '*', '&'};
	const struct token *token = parse_peek(p, 0);
	struct expression *e;
	size_t i;

	parse_enter(p);
	for (i = 0; i < sizeof(SIGNS) / sizeof(*SIGNS); i++) {
		if (is_punct(token, SIGNS[i]))
			break;
	}
	if (i < sizeof(SIGNS) / sizeof(*SIGNS) || is_punct(token, PUNCT2('+', '+')) ||
	    is_punct(token, PUNCT2('-', '-'))) {
		e = parse_node(p, EXPRESSION_UNARY, token->place);
		e->op = parse_take(p)->punct;
		e->a = parse_unary(p);
		parse_checked(p, e);
	} else {
		e = parse_primary(p);
	}
	p->depth--;
	return e;
}

static struct expression *binary(struct parser *p, int least)
{
	struct expression *left = parse_unary(p);
	int strength;

	while ((strength = token_strength(parse_peek(p, 0))) >= least && strength) {
		const struct token *token = parse_take(p);
		struct expression *e = parse_node(p, EXPRESSION_BINARY, token->place);

		e->op = token->punct;
		e->a = left;
		e->b = binary(p, strength + 1);
		left = parse_checked(p, e);
	}
	return left;
}

struct expression *parse_choice(struct parser *p)
{
	struct expression *condition = binary(p, 1), *e;
	struct place place = parse_peek(p, 0)->place;

	if (!parse_accept(p, '?'))
		return condition;
	parse_enter(p);
	e = parse_node(p, EXPRESSION_CHOICE, place);
	e->a = condition;
	e->b = parse_expression(p);
	parse_expect(p, ':');
	e->c = parse_choice(p);
	p->depth--;
	return parse_checked(p, e);
}

/* The operation of `+=`; 0 for a plain `=`, -1 for neither. */
static int64_t assignment_of(const struct token *token)
{
	static const uint32_t WITH[] = {
	    PUNCT2('+', '='), PUNCT2('-', '='), PUNCT2('*', '='), PUNCT2('/', '='),
	    PUNCT2('%', '='), PUNCT2('&', '='), PUNCT2('|', '='), PUNCT2('^', '='),
	};
	size_t i;

	if (is_punct(token, '='))
		return 0;
	if (is_punct(token, PUNCT3('<', '<', '=')))
		return PUNCT2('<', '<');
	if (is_punct(token, PUNCT3('>', '>', '=')))
		return PUNCT2('>', '>');
	for (i = 0; i < sizeof(WITH) / sizeof(*WITH); i++) {
		if (is_punct(token, WITH[i]))
			return WITH[i] & 0xff;
	}
	return -1;
}

struct expression *parse_assignment(struct parser *p)
{
	struct expression *left = parse_choice(p), *e;
	const struct token *token = parse_peek(p, 0);
	int64_t operation = assignment_of(token);

	if (operation < 0)
		return left;
	parse_enter(p);
	parse_take(p);
	e = parse_node(p, EXPRESSION_ASSIGN, token->place);
	e->op = (uint32_t)operation;
	e->a = left;
	e->b = parse_assignment(p);
	p->depth--;
	return parse_checked(p, e);
}

struct expression *parse_expression(struct parser *p)
{
	struct expression *e = parse_assignment(p);

	while (parse_is(p, ',')) {
		struct expression *comma =
		    parse_node(p, EXPRESSION_BINARY, parse_peek(p, 0)->place);

		parse_take(p);
		comma->op = ',';
		comma->a = e;
		comma->b = parse_assignment(p);
		e = parse_checked(p, comma);
	}
	return e;
}
