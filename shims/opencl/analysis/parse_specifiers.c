/* SPDX-License-Identifier: MIT */
/* What is before the names of a declaration: types, qualifiers, address spaces, attributes. */
#include <string.h>

#include "parse.h"

enum word {
	WORD_NONE,
	WORD_NOTHING, /* that means nothing here */
	WORD_CONST,
	WORD_VOLATILE,
	WORD_TYPEDEF,
	WORD_STATIC,
	WORD_KERNEL,
	WORD_GLOBAL,
	WORD_LOCAL,
	WORD_CONSTANT,
	WORD_PRIVATE,
	WORD_GENERIC,
	WORD_SIGNED,
	WORD_UNSIGNED,
	WORD_STRUCT,
	WORD_UNION,
	WORD_ENUM,
	WORD_ATTRIBUTE,
};

static const struct {
	const char *text;
	enum word word;
} WORDS[] = {
    {"const", WORD_CONST},
    {"__const", WORD_CONST},
    {"restrict", WORD_NOTHING},
    {"__restrict", WORD_NOTHING},
    {"__restrict__", WORD_NOTHING},
    {"volatile", WORD_VOLATILE},
    {"__volatile__", WORD_VOLATILE},
    {"__volatile", WORD_VOLATILE},
    {"typedef", WORD_TYPEDEF},
    {"static", WORD_STATIC},
    {"extern", WORD_NOTHING},
    {"inline", WORD_NOTHING},
    {"__inline", WORD_NOTHING},
    {"__inline__", WORD_NOTHING},
    {"register", WORD_NOTHING},
    {"auto", WORD_NOTHING},
    {"kernel", WORD_KERNEL},
    {"__kernel", WORD_KERNEL},
    {"global", WORD_GLOBAL},
    {"__global", WORD_GLOBAL},
    {"local", WORD_LOCAL},
    {"__local", WORD_LOCAL},
    {"constant", WORD_CONSTANT},
    {"__constant", WORD_CONSTANT},
    {"private", WORD_PRIVATE},
    {"__private", WORD_PRIVATE},
    {"generic", WORD_GENERIC},
    {"__generic", WORD_GENERIC},
    {"read_only", WORD_NOTHING},
    {"__read_only", WORD_NOTHING},
    {"write_only", WORD_NOTHING},
    {"__write_only", WORD_NOTHING},
    {"read_write", WORD_NOTHING},
    {"__read_write", WORD_NOTHING},
    {"signed", WORD_SIGNED},
    {"unsigned", WORD_UNSIGNED},
    {"struct", WORD_STRUCT},
    {"union", WORD_UNION},
    {"enum", WORD_ENUM},
    {"__attribute__", WORD_ATTRIBUTE},
    {"__attribute", WORD_ATTRIBUTE},
};

static enum word word_of(const struct token *token)
{
	size_t i;

	if (token->kind != TOKEN_NAME)
		return WORD_NONE;
	for (i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++) {
		if (token_is(token, WORDS[i].text))
			return WORDS[i].word;
	}
	return WORD_NONE;
}

static const struct type *named_type(const struct parser *p, const struct token *token,
				     enum space *space)
{
	const struct symbol *symbol;

	if (token->kind != TOKEN_NAME)
		return NULL;
	symbol = parse_find(p, token->text, token->length, false);
	if (symbol) {
		if (symbol->kind != SYMBOL_TYPE)
			return NULL;
		if (symbol->space)
			*space = symbol->space;
		return symbol->type;
	}
	return type_by_name(p->work, token->text, token->length);
}

bool parse_starts_type(const struct parser *p)
{
	const struct token *token = parse_peek(p, 0);
	enum space space;

	return word_of(token) != WORD_NONE || named_type(p, token, &space);
}

static bool is_attribute(const struct token *token, const char *name)
{
	char underlined[48];
	size_t length = strlen(name);

	if (token_is(token, name))
		return true;
	memcpy(underlined, "__", 2);
	memcpy(underlined + 2, name, length);
	memcpy(underlined + 2 + length, "__", 3);
	return token_is(token, underlined);
}

/* What it is of, or what a call does, is not what is written then. */
static bool changes_type(const struct token *name)
{
	static const char *const NAMES[] = {"vector_size",
					    "ext_vector_type",
					    "mode",
					    "address_space",
					    "opencl_global",
					    "opencl_local",
					    "opencl_constant",
					    "opencl_private",
					    "opencl_generic",
					    "opencl_global_device",
					    "opencl_global_host",
					    "cleanup",
					    "alias",
					    "ifunc",
					    "enable_if"};
	size_t i;

	for (i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++) {
		if (is_attribute(name, NAMES[i]))
			return true;
	}
	return false;
}

/* One of the list in __attribute__((...)). */
static void attribute(struct parser *p, struct specifiers *s)
{
	const struct token *name = parse_take(p);
	bool has_values = parse_is(p, '(');

	if (name->kind != TOKEN_NAME)
		parse_fail(p, "no attribute's name");

	if (is_attribute(name, "reqd_work_group_size") && has_values) {
		unsigned i;

		parse_take(p);
		for (i = 0; i < 3; i++) {
			int64_t value = parse_constant(p);

			if (value < 1 || value > UINT32_MAX)
				parse_fail(p, "a work-group size that cannot be");
			s->required_local[i] = (uint64_t)value;
			if (i < 2)
				parse_expect(p, ',');
		}
		parse_expect(p, ')');
		return;
	}
	if (is_attribute(name, "aligned")) {
		int64_t value = 16;

		if (has_values) {
			parse_take(p);
			value = parse_constant(p);
			parse_expect(p, ')');
		}
		if (value < 1 || value > 4096 || (value & (value - 1)))
			parse_fail(p, "an alignment that cannot be");
		if ((uint64_t)value > s->align)
			s->align = (uint64_t)value;
		return;
	}
	if (is_attribute(name, "packed"))
		s->is_packed = true;
	else if (changes_type(name))
		parse_fail(p, "an attribute that changes the type");
	if (has_values)
		parse_skip_nested(p);
}

void parse_attributes(struct parser *p, struct specifiers *s)
{
	while (word_of(parse_peek(p, 0)) == WORD_ATTRIBUTE) {
		parse_take(p);
		parse_expect(p, '(');
		parse_expect(p, '(');
		while (!parse_is(p, ')')) {
			if (!parse_accept(p, ','))
				attribute(p, s);
		}
		parse_expect(p, ')');
		parse_expect(p, ')');
	}
}

/* char, short, int, long and their like, with `unsigned` somewhere around. */
struct basic {
	unsigned longs, shorts;
	bool is_signed, is_unsigned;
	const struct type *type;
};

static const struct type *basic_type(struct parser *p, const struct basic *b)
{
	bool is_unsigned = b->is_unsigned;

	/* Of 128 bits, as OpenCL C has it, or of 64. */
	if (b->longs > 1 || (b->longs && b->type == &TYPE_DOUBLE))
		parse_fail(p, "long long");
	if (b->type && b->type->kind != TYPE_INTEGER)
		return b->type;
	if (b->shorts)
		return type_by_name(p->work, is_unsigned ? "ushort" : "short", is_unsigned ? 6 : 5);
	if (b->longs)
		return is_unsigned ? &TYPE_ULONG : &TYPE_LONG;
	if (b->type && b->type != &TYPE_INT) {
		if (!is_unsigned || !b->type->is_signed)
			return b->type;
		return b->type->size == 1   ? type_by_name(p->work, "uchar", 5)
		       : b->type->size == 2 ? type_by_name(p->work, "ushort", 6)
					    : &TYPE_ULONG;
	}
	if (b->type || b->is_signed || is_unsigned)
		return is_unsigned ? &TYPE_UINT : &TYPE_INT;
	return NULL;
}

static void set_space(struct parser *p, struct specifiers *s, enum space space)
{
	if (s->space && s->space != space)
		parse_fail(p, "two address spaces");
	s->space = space;
}

/* Takes a word that is no type. */
static bool qualifier(struct parser *p, struct specifiers *s, enum word word)
{
	switch (word) {
	case WORD_NOTHING:
		break;
	case WORD_CONST:
		s->is_const = true;
		break;
	case WORD_VOLATILE:
		s->is_volatile = true;
		break;
	case WORD_TYPEDEF:
		s->is_typedef = true;
		break;
	case WORD_STATIC:
		s->is_static = true;
		break;
	case WORD_KERNEL:
		s->is_kernel = true;
		break;
	case WORD_GLOBAL:
		set_space(p, s, SPACE_GLOBAL);
		break;
	case WORD_LOCAL:
		set_space(p, s, SPACE_LOCAL);
		break;
	case WORD_CONSTANT:
		set_space(p, s, SPACE_CONSTANT);
		break;
	case WORD_PRIVATE:
		set_space(p, s, SPACE_PRIVATE);
		break;
	case WORD_GENERIC:
		set_space(p, s, SPACE_GENERIC);
		break;
	default:
		return false;
	}
	parse_take(p);
	return true;
}

struct specifiers parse_specifiers(struct parser *p)
{
	struct specifiers s = {0};
	struct basic basic = {0};
	bool has_long = false;

	for (;;) {
		const struct token *token = parse_peek(p, 0);
		enum word word = word_of(token);
		const struct type *named;
		enum space space = s.space;

		if (qualifier(p, &s, word))
			continue;
		if (word == WORD_ATTRIBUTE) {
			parse_attributes(p, &s);
		} else if (word == WORD_SIGNED || word == WORD_UNSIGNED) {
			basic.is_signed |= word == WORD_SIGNED;
			basic.is_unsigned |= word == WORD_UNSIGNED;
			parse_take(p);
		} else if (word == WORD_STRUCT || word == WORD_UNION) {
			s.type = parse_struct(p, &s);
		} else if (word == WORD_ENUM) {
			s.type = parse_enum(p);
		} else if (!s.type && (token_is(token, "long") || token_is(token, "short"))) {
			has_long |= token_is(token, "long");
			basic.longs += token_is(token, "long");
			basic.shorts += token_is(token, "short");
			parse_take(p);
		} else if (!s.type && (named = named_type(p, token, &space))) {
			/* `unsigned x`, where x is a typedef's name too. */
			if (basic.type || ((basic.is_unsigned || has_long || basic.shorts) &&
					   !token_is(token, "int") && !token_is(token, "char") &&
					   !token_is(token, "double")))
				break;
			s.space = space;
			basic.type = named;
			parse_take(p);
		} else {
			break;
		}
	}
	if (!s.type)
		s.type = basic_type(p, &basic);
	return s;
}
