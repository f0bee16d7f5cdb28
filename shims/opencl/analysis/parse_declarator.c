/* SPDX-License-Identifier: MIT */
/* Pointers, arrays and functions around a name. */
#include <string.h>

#include "parse.h"

#define PARAMETERS_MOST 128

static bool is_qualifier(const struct parser *p)
{
	static const char *const WORDS[] = {
	    "const",	  "__const",	  "volatile",  "__volatile", "__volatile__", "restrict",
	    "__restrict", "__restrict__", "__global",  "global",     "__local",	     "local",
	    "__constant", "constant",	  "__private", "private",    "__generic",    "generic",
	};
	size_t i;

	for (i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++) {
		if (parse_is_word(p, WORDS[i]))
			return true;
	}
	return false;
}

/* After a '*': what the pointer itself is. */
static void pointer_qualifiers(struct parser *p, struct declarator *d)
{
	d->space = SPACE_NONE;
	d->is_volatile = d->is_const = false;
	while (is_qualifier(p)) {
		const struct token *token = parse_take(p);

		if (strncmp(token->text + (token->text[0] == '_') * 2, "volatile", 8) == 0)
			d->is_volatile = true;
		else if (token_is(token, "const") || token_is(token, "__const"))
			d->is_const = true;
		else if (token_is(token, "__global") || token_is(token, "global"))
			d->space = SPACE_GLOBAL;
		else if (token_is(token, "__local") || token_is(token, "local"))
			d->space = SPACE_LOCAL;
		else if (token_is(token, "__constant") || token_is(token, "constant"))
			d->space = SPACE_CONSTANT;
		else if (token_is(token, "__generic") || token_is(token, "generic"))
			d->space = SPACE_GENERIC;
	}
}

static void parameters(struct parser *p, struct declarator *d)
{
	struct variable **end = &d->parameters;

	d->open = p->at;
	/* Pragmas may be before it. */
	while (!is_punct(&p->tokens[d->open], '('))
		d->open++;
	parse_expect(p, '(');
	d->is_function = true;
	if (parse_is_word(p, "void") && is_punct(parse_peek(p, 1), ')'))
		parse_take(p);
	while (!parse_is(p, ')')) {
		struct declarator one = {0};
		struct specifiers s;

		if (parse_is(p, PUNCT3('.', '.', '.')))
			parse_fail(p, "a function with any number of arguments");
		s = parse_specifiers(p);
		if (!s.type)
			parse_fail(p, "no type of a parameter");
		parse_declarator(p, &s, &one);
		parse_attributes(p, &s);
		if (one.is_function)
			parse_fail(p, "a pointer to a function");
		if (one.type->kind == TYPE_ARRAY) {
			one.type = type_pointer(p->work, one.type->of, one.space, one.is_volatile);
			one.space = SPACE_NONE;
		}
		*end = parse_variable(p, &s, &one);
		end = &(*end)->next;
		if (++d->parameter_count > PARAMETERS_MOST)
			parse_fail(p, "too many parameters");
		if (!parse_accept(p, ',') && !parse_is(p, ')'))
			parse_fail(p, "no ','");
	}
	d->close = (size_t)(parse_peek(p, 0) - p->tokens);
	parse_expect(p, ')');
}

static void arrays(struct parser *p, struct declarator *d)
{
	int64_t count = 0;

	parse_enter(p);
	parse_expect(p, '[');
	while (is_qualifier(p) || parse_is_word(p, "static"))
		parse_take(p);
	if (!parse_is(p, ']')) {
		count = parse_constant(p);
		if (count < 0 || count > UINT32_MAX)
			parse_fail(p, "an array that cannot be");
	}
	parse_expect(p, ']');
	if (parse_is(p, '['))
		arrays(p, d);
	d->type = type_array(p->work, d->type, (uint64_t)count);
	if (d->type->size > ((uint64_t)1 << 40))
		parse_fail(p, "an array that is too large");
	p->depth--;
}

void parse_declarator(struct parser *p, const struct specifiers *s, struct declarator *d)
{
	struct specifiers ignored = {0};
	size_t inner = 0, after;

	if (!d->type) {
		d->type = s->type;
		d->space = s->space;
		d->is_volatile = s->is_volatile;
		d->is_const = s->is_const;
	}
	parse_enter(p);
	while (parse_is(p, '*')) {
		parse_take(p);
		d->type = type_pointer(p->work, d->type, d->space, d->is_volatile);
		pointer_qualifiers(p, d);
	}
	while (is_qualifier(p))
		parse_take(p);
	parse_attributes(p, &ignored);
	d->is_laid_out |= ignored.align || ignored.is_packed;
	d->place = parse_peek(p, 0)->place;
	if (parse_peek(p, 0)->kind == TOKEN_NAME) {
		d->name = parse_name(p);
	} else if (parse_is(p, '(') && (is_punct(parse_peek(p, 1), '*') ||
					(parse_peek(p, 1)->kind == TOKEN_NAME && !d->name))) {
		/* What is around the brackets comes first. */
		inner = (size_t)(parse_peek(p, 0) - p->tokens) + 1;
		parse_skip_nested(p);
	}
	if (parse_is(p, '[')) {
		arrays(p, d);
	} else if (parse_is(p, '(') && d->name) {
		parameters(p, d);
	} else if (parse_is(p, '(') && inner) {
		parse_fail(p, "a pointer to a function");
	}
	if (inner) {
		after = p->at;
		p->at = inner;
		parse_declarator(p, s, d);
		parse_expect(p, ')');
		p->at = after;
	}
	p->depth--;
}

const struct type *parse_type_name(struct parser *p, struct specifiers *s)
{
	struct declarator d = {0};

	*s = parse_specifiers(p);
	if (!s->type)
		parse_fail(p, "no type");
	parse_declarator(p, s, &d);
	if (d.name || d.is_function)
		parse_fail(p, "a name where a type is meant");
	return d.type;
}

/* The type of a name that has an alignment of its own. */
static const struct type *aligned(struct parser *p, const struct type *type, uint64_t align)
{
	struct type *copy;

	if (!align || align == type->align)
		return type;
	/* It is known by its address. */
	if (type == &TYPE_BOOL)
		parse_fail(p, "an alignment of bool");
	copy = work_take(p->work, sizeof(*copy));
	*copy = *type;
	copy->align = align;
	return copy;
}

void parse_typedef(struct parser *p, const struct specifiers *s, const struct declarator *d)
{
	struct symbol *symbol;

	if (d->is_laid_out || d->is_function)
		parse_fail(p, "a type that is not followed");
	symbol = parse_declare(p, SYMBOL_TYPE, d->name);
	symbol->type = aligned(p, d->type, s->align);
	symbol->space = d->space;
}

struct variable *parse_variable(struct parser *p, const struct specifiers *s,
				const struct declarator *d)
{
	struct variable *variable = work_take(p->work, sizeof(*variable));

	*variable = (struct variable){
	    .name = d->name ? d->name : "",
	    .type = d->type,
	    .space = d->space,
	    .is_volatile = d->is_volatile,
	    .is_static = s->is_static,
	    .is_constant = d->is_const || d->space == SPACE_CONSTANT,
	    .is_global = !p->function,
	    .place = d->place,
	};
	return variable;
}
