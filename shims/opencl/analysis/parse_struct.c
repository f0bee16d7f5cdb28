/* SPDX-License-Identifier: MIT */
/* Structures, unions, enumerations. */
#include <string.h>

#include "parse.h"

#define NOT_FOLLOWED INT64_MAX

static uint64_t align_to(uint64_t at, uint64_t align)
{
	return align > 1 ? (at + align - 1) / align * align : at;
}

/* Whether its size is known, so that what comes after it has a place. */
static bool has_layout(const struct type *type)
{
	while (type->kind == TYPE_ARRAY)
		type = type->of;
	if (type->kind == TYPE_STRUCT || type->kind == TYPE_UNION)
		return type->is_complete;
	return type->size && type->kind != TYPE_VOID;
}

static void add_member(struct parser *p, struct type *type, struct member **end,
		       const struct declarator *d, const struct specifiers *s, bool is_packed)
{
	struct member *member = work_take(p->work, sizeof(*member));
	uint64_t align = is_packed ? 1 : d->type->align;

	if (s->align > align)
		align = s->align;
	*member = (struct member){.name = d->name, .type = d->type};
	if (d->is_function || d->type->size > UINT32_MAX || !has_layout(d->type))
		parse_fail(p, "a member that cannot be");
	if (type->kind == TYPE_STRUCT)
		member->offset = align_to(type->size, align);
	if (member->offset + d->type->size > type->size)
		type->size = member->offset + d->type->size;
	if (type->size > UINT32_MAX)
		parse_fail(p, "a structure that is too large");
	if (align > type->align)
		type->align = align;
	*end = member;
}

/* Whether the attributes after the '}' say `packed`: members before them depend on it. */
static bool is_packed_later(struct parser *p)
{
	size_t at = p->at;
	struct specifiers s = {0};

	while (!parse_is(p, '}') && parse_peek(p, 0)->kind != TOKEN_END) {
		if (parse_is(p, '{') || parse_is(p, '('))
			parse_skip_nested(p);
		else
			parse_take(p);
	}
	parse_take(p);
	parse_attributes(p, &s);
	p->at = at;
	return s.is_packed;
}

static void members(struct parser *p, struct type *type, bool is_packed)
{
	struct member *last = NULL;

	while (!parse_accept(p, '}')) {
		struct specifiers s = parse_specifiers(p);

		if (!s.type)
			parse_fail(p, "no type of a member");
		if (parse_accept(p, ';')) {
			struct member *inner;

			/* Of a structure without a name: its members are this one's. */
			if (s.type->kind != TYPE_STRUCT && s.type->kind != TYPE_UNION)
				continue;
			inner = s.type->members;
			if (inner)
				parse_fail(p, "a structure without a name in a structure");
			continue;
		}
		do {
			struct declarator d = {0};
			struct specifiers with = s;
			struct member **end = last ? &last->next : &type->members;

			parse_declarator(p, &s, &d);
			if (parse_is(p, ':'))
				parse_fail(p, "a bit-field");
			parse_attributes(p, &with);
			if (!d.name || d.is_laid_out)
				parse_fail(p, "a member without a name, or with attributes in it");
			add_member(p, type, end, &d, &with, is_packed || with.is_packed);
			last = *end;
		} while (parse_accept(p, ','));
		parse_expect(p, ';');
	}
}

/* From the '{' on. The type has neither members nor a size before all of it is understood. */
static void complete(struct parser *p, struct type *type, struct specifiers *own)
{
	struct type whole = *type;

	if (type->kind != TYPE_STRUCT && type->kind != TYPE_UNION)
		parse_fail(p, "a name of something else");
	parse_enter(p);
	parse_take(p);
	members(p, &whole, own->is_packed || is_packed_later(p));
	parse_attributes(p, own);
	p->depth--;
	if (own->align > whole.align)
		whole.align = own->align;
	if (whole.align > 4096)
		parse_fail(p, "an alignment that cannot be");
	whole.size = align_to(whole.size, whole.align);
	whole.is_complete = true;
	*type = whole;
}

const struct type *parse_struct(struct parser *p, struct specifiers *s)
{
	bool is_union = token_is(parse_take(p), "union");
	struct specifiers own = {0};
	struct type *type = NULL;
	const char *name = NULL;

	parse_attributes(p, &own);
	if (parse_peek(p, 0)->kind == TOKEN_NAME) {
		struct symbol *symbol;

		name = parse_name(p);
		symbol = parse_find(p, name, strlen(name), true);
		/* A definition, or a name alone, is of its own block. */
		if (symbol &&
		    (symbol->scope == p->scope || !(parse_is(p, '{') || parse_is(p, ';'))))
			type = (struct type *)symbol->type;
	}
	if (!type || (parse_is(p, '{') && type->is_complete)) {
		type = work_take(p->work, sizeof(*type));
		*type = (struct type){.kind = is_union ? TYPE_UNION : TYPE_STRUCT,
				      .align = 1,
				      .name = name ? name : "struct"};
		if (name)
			parse_declare(p, SYMBOL_TAG, name)->type = type;
	}
	if (parse_is(p, '{'))
		complete(p, type, &own);
	(void)s;
	return type;
}

/* What the numbers of an enumeration are, which says what type it has. */
struct numbers {
	int64_t least, most;
	bool is_unknown;
};

static void enumerator(struct parser *p, int64_t *next, struct numbers *numbers)
{
	const char *name = parse_name(p);
	int64_t value = *next;

	if (parse_accept(p, '=') && !constant_value(parse_choice(p), &value))
		value = NOT_FOLLOWED;
	numbers->is_unknown |= value == NOT_FOLLOWED;
	if (value < numbers->least)
		numbers->least = value;
	if (value > numbers->most)
		numbers->most = value;
	*next = value == NOT_FOLLOWED ? value : value + 1;
	/* What is no int has a type that depends on the others. */
	parse_declare(p, SYMBOL_NUMBER, name)->value =
	    value > INT32_MAX || value < INT32_MIN ? NOT_FOLLOWED : value;
	if (!parse_accept(p, ',') && !parse_is(p, '}'))
		parse_fail(p, "no ','");
}

/* As compilers choose it: with a sign where a number is negative, else without. */
static const struct type *type_of_enum(struct parser *p, const struct numbers *numbers,
				       const struct specifiers *own)
{
	struct type *type = work_take(p->work, sizeof(*type));
	bool is_signed = numbers->least < 0;
	uint64_t size = own->is_packed ? 1 : 4;

	if (numbers->is_unknown)
		return &TYPE_ENUM;
	for (; size < 8; size *= 2) {
		int64_t most = ((int64_t)1 << (8 * size - is_signed)) - 1;

		if (numbers->most <= most && numbers->least >= (is_signed ? -most - 1 : 0))
			break;
	}
	*type = (struct type){.kind = TYPE_INTEGER,
			      .is_signed = is_signed,
			      .is_enum = true,
			      .size = size,
			      .align = own->align > size ? own->align : size,
			      .name = work_text(p->work, "enum", 4)};
	return type;
}

const struct type *parse_enum(struct parser *p)
{
	struct specifiers own = {0};
	struct numbers numbers = {0};
	const struct symbol *symbol;
	const struct type *type;
	const char *name = NULL;
	int64_t next = 0;

	parse_take(p);
	parse_attributes(p, &own);
	if (parse_peek(p, 0)->kind == TOKEN_NAME)
		name = parse_name(p);
	if (parse_is(p, ':'))
		parse_fail(p, "an enumeration of a given type");
	if (!parse_accept(p, '{')) {
		symbol = name ? parse_find(p, name, strlen(name), true) : NULL;
		return symbol ? symbol->type : &TYPE_ENUM;
	}
	while (!parse_accept(p, '}'))
		enumerator(p, &next, &numbers);
	parse_attributes(p, &own);
	type = type_of_enum(p, &numbers, &own);
	if (name)
		parse_declare(p, SYMBOL_TAG, name)->type = type;
	return type;
}
