/* SPDX-License-Identifier: MIT */
/* The expressions of #if and #elif. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "preprocess.h"

struct number {
	int64_t value;
	bool is_unsigned;
	/* It depends on what compilers define. */
	bool is_unknown;
};

struct condition {
	struct preprocessor *pp;
	const struct token *at, *end;
	struct place place;
	unsigned depth;
	/* As __OPENCL_C_VERSION__ where the options do not say it. */
	unsigned version;
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
	if (end[strspn(end, "uUlL")] || errno)
		malformed(c, "not a whole number");
	return (struct number){
	    .value = (int64_t)value,
	    .is_unsigned = strpbrk(end, "uU") || value > INT64_MAX,
	};
}

/* Those of which all compilers make the same: one character, not beyond 127. */
static struct number character_of(struct condition *c, const struct token *token)
{
	static const char ESCAPES[] = "n\nt\tr\ra\ab\bf\fv\v\\\\''\"\"??";
	char *text = work_text(c->pp->work, token->text + 1, token->length - 2), *end = text;
	long value = -1;
	size_t i;

	if (text[0] != '\\') {
		value = (unsigned char)text[0];
		end = text + 1;
	} else if (text[1] == 'x') {
		value = strtol(text + 2, &end, 16);
	} else if (text[1] >= '0' && text[1] <= '7') {
		value = strtol(text + 1, &end, 8);
		if (end > text + 4)
			value = -1;
	} else {
		for (i = 0; i + 1 < sizeof(ESCAPES) && value < 0; i += 2) {
			if (ESCAPES[i] == text[1])
				value = ESCAPES[i + 1];
		}
		end = text + 2;
	}
	if (!text[0] || *end || value < 0 || value > 127 || end < text + 1)
		malformed(c, "a character that compilers may take for another");
	return (struct number){.value = value};
}

static struct number named(struct condition *c, const struct token *token)
{
	enum macro_state state = macro_state(c->pp, token);

	/* Its value: `true` is a keyword of the language, and no macro. */
	if (token_is(token, "true") || token_is(token, "false"))
		return (struct number){.value = token_is(token, "true")};
	if (c->version && token_is(token, "__OPENCL_C_VERSION__") && state == MACRO_PRESENT)
		return (struct number){.value = c->version};
	/* A macro's that is left here takes arguments, and has none. */
	if (macro_find(c->pp, token))
		return (struct number){0};
	return (struct number){.is_unknown = state != MACRO_ABSENT};
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
		number = unary(c);
		number.value = !number.value;
		number.is_unsigned = false;
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
		number = character_of(c, c->at++);
	} else if (c->at->kind == TOKEN_NAME) {
		number = named(c, c->at++);
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

static int64_t divided(struct number a, struct number b, bool is_unsigned, bool is_remainder)
{
	if (!b.value)
		return 0; /* in a branch of && that does not count, or nonsense */
	if (is_unsigned) {
		uint64_t x = (uint64_t)a.value, y = (uint64_t)b.value;

		return (int64_t)(is_remainder ? x % y : x / y);
	}
	if (b.value == -1)
		return is_remainder ? 0 : (int64_t)(0 - (uint64_t)a.value);
	return is_remainder ? a.value % b.value : a.value / b.value;
}

/* One side that is known may be enough. */
static struct number logical(bool is_or, struct number a, struct number b)
{
	bool is_decided =
	    (!a.is_unknown && !a.value != is_or) || (!b.is_unknown && !b.value != is_or);

	if (is_decided)
		return (struct number){.value = is_or};
	return (struct number){.value = !is_or, .is_unknown = a.is_unknown || b.is_unknown};
}

static struct number apply(struct condition *c, uint32_t punct, struct number a, struct number b)
{
	bool u = a.is_unsigned || b.is_unsigned;
	uint64_t x = (uint64_t)a.value, y = (uint64_t)b.value;
	bool is_less = u ? x < y : a.value < b.value;

	if (punct == PUNCT2('|', '|') || punct == PUNCT2('&', '&'))
		return logical(punct == PUNCT2('|', '|'), a, b);
	if (a.is_unknown || b.is_unknown)
		return (struct number){.is_unknown = true};
	switch (punct) {
	case PUNCT2('=', '='):
		return (struct number){x == y, false, false};
	case PUNCT2('!', '='):
		return (struct number){x != y, false, false};
	case '<':
		return (struct number){is_less, false, false};
	case PUNCT2('>', '='):
		return (struct number){!is_less, false, false};
	case '>':
		return (struct number){!is_less && x != y, false, false};
	case PUNCT2('<', '='):
		return (struct number){is_less || x == y, false, false};
	case '|':
		return (struct number){(int64_t)(x | y), u, false};
	case '^':
		return (struct number){(int64_t)(x ^ y), u, false};
	case '&':
		return (struct number){(int64_t)(x & y), u, false};
	case PUNCT2('<', '<'):
		if (y >= 64)
			malformed(c, "it shifts too far");
		return (struct number){(int64_t)(x << y), a.is_unsigned, false};
	case PUNCT2('>', '>'):
		if (y >= 64)
			malformed(c, "it shifts too far");
		return (struct number){a.is_unsigned ? (int64_t)(x >> y) : a.value >> y,
				       a.is_unsigned, false};
	case '+':
		return (struct number){(int64_t)(x + y), u, false};
	case '-':
		return (struct number){(int64_t)(x - y), u, false};
	case '*':
		return (struct number){(int64_t)(x * y), u, false};
	default:
		return (struct number){divided(a, b, u, punct == '%'), u, false};
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
	if (condition.is_unknown || yes.is_unknown || no.is_unknown)
		return (struct number){.is_unknown = true};
	return (struct number){
	    .value = condition.value ? yes.value : no.value,
	    .is_unsigned = yes.is_unsigned || no.is_unsigned,
	};
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
			enum macro_state state;

			if (name >= count || at[name].kind != TOKEN_NAME ||
			    (has_paren && (name + 1 >= count || !is_punct(&at[name + 1], ')'))))
				work_fail(pp->work, token.place, "#if: defined has no name");
			state = macro_state(pp, &at[name]);
			token.kind = TOKEN_NUMBER;
			token.text = state == MACRO_PRESENT ? "1" : "0";
			token.length = 1;
			/* A name that stays, and has no value that is known. */
			if (state == MACRO_UNKNOWN)
				token = at[name];
			i = name + has_paren;
		}
		LIST_ADD(pp->work, out, token);
	}
}

static struct number value_of(struct preprocessor *pp, const struct tokens *tokens,
			      struct place place, unsigned version)
{
	struct condition c = {.pp = pp, .place = place, .version = version};
	struct number value;

	c.at = tokens->at;
	c.end = tokens->at + tokens->count;
	value = ternary(&c);
	if (c.at != c.end)
		malformed(&c, "there is more than an expression");
	return value;
}

bool preprocess_condition(struct preprocessor *pp, const struct token *at, size_t count,
			  struct place place)
{
	/* What drivers take where no option says it. */
	static const unsigned VERSIONS[] = {120, 110, 200, 210, 220, 300};
	struct tokens replaced = {0}, expanded = {0};
	bool is_true = false;
	size_t versions = 1, i;

	replace_defined(pp, at, count, &replaced);
	macro_expand(pp, replaced.at, replaced.count, &expanded);
	for (i = 0; i < expanded.count; i++) {
		if (token_is(&expanded.at[i], "__OPENCL_C_VERSION__"))
			versions = sizeof(VERSIONS) / sizeof(*VERSIONS);
		/* Of the name after it compilers look before macros are replaced. */
		if (token_is(&expanded.at[i], "defined"))
			work_fail(pp->work, place, "#if: a macro stands for defined");
	}
	for (i = 0; i < versions; i++) {
		struct number value = value_of(pp, &expanded, place, VERSIONS[i]);

		if (value.is_unknown || (i && is_true != (value.value != 0)))
			work_fail(pp->work, place, "it depends on what compilers define");
		is_true = value.value != 0;
	}
	return is_true;
}
