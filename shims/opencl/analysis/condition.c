/* SPDX-License-Identifier: MIT */
/* The expressions of #if and #elif. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "preprocess.h"

struct number {
	int64_t value;
	bool is_unsigned;
};

struct condition {
	struct preprocessor *pp;
	const struct token *at, *end;
	struct place place;
	unsigned depth;
};

static struct number ternary(struct condition *c);

__attribute__((noreturn)) static void malformed(struct condition *c, const char *what)
{
	work_fail(c->pp->work, c->place, "#if: %s", what);
}

static bool take(struct condition *c, uint32_t punct)
{
	if (c->at == c->end || !is_punct(c->at, punct))
		return false;
	c->at++;
	return true;
}

static struct number number_of(struct condition *c, const struct token *token)
{
	char *text = work_text(c->pp->work, token->text, token->length), *end;
	unsigned long long value;

	errno = 0;
	value = !strncmp(text, "0b", 2) || !strncmp(text, "0B", 2) ? strtoull(text + 2, &end, 2)
								   : strtoull(text, &end, 0);
	if (end[strspn(end, "uUlL")])
		malformed(c, "not a whole number");
	return (struct number){(int64_t)value, strpbrk(end, "uU") || value > INT64_MAX};
}

static struct number character_of(const struct token *token)
{
	static const char ESCAPES[] = "n\nt\tr\r0\0a\ab\bf\fv\v";
	size_t i;

	if (token->length < 4 || token->text[1] != '\\')
		return (struct number){token->length > 2 ? token->text[1] : 0, false};
	for (i = 0; i + 1 < sizeof(ESCAPES); i += 2) {
		if (ESCAPES[i] == token->text[2])
			return (struct number){ESCAPES[i + 1], false};
	}
	return (struct number){token->text[2], false};
}

static struct number unary(struct condition *c)
{
	struct number number;

	if (c->at == c->end)
		malformed(c, "it ends too early");
	if (++c->depth > 200)
		malformed(c, "it is nested too deep");
	if (take(c, '+')) {
		number = unary(c);
	} else if (take(c, '-')) {
		number = unary(c);
		number.value = (int64_t)(0 - (uint64_t)number.value);
	} else if (take(c, '!')) {
		number = (struct number){!unary(c).value, false};
	} else if (take(c, '~')) {
		number = unary(c);
		number.value = ~number.value;
	} else if (take(c, '(')) {
		number = ternary(c);
		if (!take(c, ')'))
			malformed(c, "a ')' is missing");
	} else if (c->at->kind == TOKEN_NUMBER) {
		number = number_of(c, c->at++);
	} else if (c->at->kind == TOKEN_CHARACTER) {
		number = character_of(c->at++);
	} else if (c->at->kind == TOKEN_NAME) {
		number = (struct number){token_is(c->at++, "true"), false};
	} else {
		malformed(c, "not an expression");
	}
	c->depth--;
	return number;
}

static int strength_of(const struct condition *c)
{
	return c->at == c->end ? 0 : token_strength(c->at);
}

static int64_t divided(struct condition *c, struct number a, struct number b, bool is_unsigned,
		       bool is_remainder)
{
	if (!b.value)
		return 0; /* in a branch of && that does not count, or nonsense */
	if (is_unsigned) {
		uint64_t x = (uint64_t)a.value, y = (uint64_t)b.value;

		return (int64_t)(is_remainder ? x % y : x / y);
	}
	if (b.value == -1)
		return is_remainder ? 0 : (int64_t)(0 - (uint64_t)a.value);
	(void)c;
	return is_remainder ? a.value % b.value : a.value / b.value;
}

static struct number apply(struct condition *c, uint32_t punct, struct number a, struct number b)
{
	bool u = a.is_unsigned || b.is_unsigned;
	uint64_t x = (uint64_t)a.value, y = (uint64_t)b.value;
	bool is_less = u ? x < y : a.value < b.value;

	switch (punct) {
	case PUNCT2('|', '|'):
		return (struct number){a.value || b.value, false};
	case PUNCT2('&', '&'):
		return (struct number){a.value && b.value, false};
	case PUNCT2('=', '='):
		return (struct number){x == y, false};
	case PUNCT2('!', '='):
		return (struct number){x != y, false};
	case '<':
		return (struct number){is_less, false};
	case PUNCT2('>', '='):
		return (struct number){!is_less, false};
	case '>':
		return (struct number){!is_less && x != y, false};
	case PUNCT2('<', '='):
		return (struct number){is_less || x == y, false};
	case '|':
		return (struct number){(int64_t)(x | y), u};
	case '^':
		return (struct number){(int64_t)(x ^ y), u};
	case '&':
		return (struct number){(int64_t)(x & y), u};
	case PUNCT2('<', '<'):
		return (struct number){y < 64 ? (int64_t)(x << y) : 0, a.is_unsigned};
	case PUNCT2('>', '>'):
		if (y >= 64)
			return (struct number){0, a.is_unsigned};
		return (struct number){a.is_unsigned ? (int64_t)(x >> y) : a.value >> y,
				       a.is_unsigned};
	case '+':
		return (struct number){(int64_t)(x + y), u};
	case '-':
		return (struct number){(int64_t)(x - y), u};
	case '*':
		return (struct number){(int64_t)(x * y), u};
	default:
		return (struct number){divided(c, a, b, u, punct == '%'), u};
	}
}

static struct number binary(struct condition *c, int least)
{
	struct number left = unary(c);
	int strength;

	while ((strength = strength_of(c)) >= least && strength) {
		uint32_t punct = (c->at++)->punct;

		left = apply(c, punct, left, binary(c, strength + 1));
	}
	return left;
}

static struct number ternary(struct condition *c)
{
	struct number condition = binary(c, 1), yes, no;

	if (!take(c, '?'))
		return condition;
	if (++c->depth > 200)
		malformed(c, "it is nested too deep");
	yes = ternary(c);
	if (!take(c, ':'))
		malformed(c, "a ':' is missing");
	no = ternary(c);
	c->depth--;
	return condition.value ? yes : no;
}

/* Puts 0 or 1 where `defined NAME` is. */
static void replace_defined(struct preprocessor *pp, const struct token *at, size_t count,
			    struct tokens *out)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct token token = at[i];

		if (token_is(&token, "defined")) {
			bool has_paren = i + 1 < count && is_punct(&at[i + 1], '(');
			size_t name = i + 1 + has_paren;

			if (name >= count || at[name].kind != TOKEN_NAME ||
			    (has_paren && (name + 1 >= count || !is_punct(&at[name + 1], ')'))))
				work_fail(pp->work, token.place, "#if: defined has no name");
			token.kind = TOKEN_NUMBER;
			token.text = macro_find(pp, &at[name]) ? "1" : "0";
			token.length = 1;
			i = name + has_paren;
		}
		LIST_ADD(pp->work, out, token);
	}
}

bool preprocess_condition(struct preprocessor *pp, const struct token *at, size_t count,
			  struct place place)
{
	struct tokens replaced = {0}, expanded = {0}, again = {0};
	struct condition c = {.pp = pp, .place = place};
	struct number value;

	replace_defined(pp, at, count, &replaced);
	macro_expand(pp, replaced.at, replaced.count, &expanded);
	/* A macro may stand for it. */
	replace_defined(pp, expanded.at, expanded.count, &again);
	c.at = again.at;
	c.end = again.at + again.count;
	value = ternary(&c);
	if (c.at != c.end)
		malformed(&c, "there is more than an expression");
	return value.value != 0;
}
