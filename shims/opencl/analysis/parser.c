/* SPDX-License-Identifier: MIT */
/* Tokens, names and scopes. */
#include <string.h>

#include "parse.h"

#define DEPTH_MOST 256
#define ENDS_MOST 100000

const struct token *parse_peek(const struct parser *p, size_t ahead)
{
	size_t at = p->at;

	for (;; at++) {
		if (at >= p->count - 1)
			return &p->tokens[p->count - 1];
		if (p->tokens[at].kind == TOKEN_PRAGMA)
			continue;
		if (ahead-- == 0)
			return &p->tokens[at];
	}
}

const struct token *parse_take(struct parser *p)
{
	const struct token *token = parse_peek(p, 0);

	if (token->kind != TOKEN_END)
		p->at = (size_t)(token - p->tokens) + 1;
	else if (++p->ends > ENDS_MOST)
		/* Whoever looks for something looks too far. */
		work_fail(p->work, token->place, "it ends too early");
	return token;
}

bool parse_is(const struct parser *p, uint32_t punct)
{
	return is_punct(parse_peek(p, 0), punct);
}

bool parse_accept(struct parser *p, uint32_t punct)
{
	bool is_there = parse_is(p, punct);

	if (is_there)
		parse_take(p);
	return is_there;
}

void parse_fail(struct parser *p, const char *what)
{
	const struct token *token = parse_peek(p, 0);

	if (token->kind == TOKEN_END)
		work_fail(p->work, token->place, "%s at the end", what);
	work_fail(p->work, token->place, "%s at '%.*s'", what,
		  (int)(token->length < 40 ? token->length : 40), token->text);
}

void parse_expect(struct parser *p, uint32_t punct)
{
	char what[] = "no ' '";

	what[4] = (char)punct;
	if (!parse_accept(p, punct))
		parse_fail(p, what);
}

bool parse_is_word(const struct parser *p, const char *word)
{
	const struct token *token = parse_peek(p, 0);

	return token->kind == TOKEN_NAME && token_is(token, word);
}

bool parse_accept_word(struct parser *p, const char *word)
{
	bool is_there = parse_is_word(p, word);

	if (is_there)
		parse_take(p);
	return is_there;
}

const char *parse_name(struct parser *p)
{
	const struct token *token = parse_peek(p, 0);

	if (token->kind != TOKEN_NAME)
		parse_fail(p, "no name");
	parse_take(p);
	return work_text(p->work, token->text, token->length);
}

void parse_skip_nested(struct parser *p)
{
	unsigned depth = 0;

	do {
		const struct token *token = parse_take(p);

		if (token->kind == TOKEN_END)
			parse_fail(p, "no closing bracket");
		if (is_punct(token, '(') || is_punct(token, '[') || is_punct(token, '{'))
			depth++;
		if (is_punct(token, ')') || is_punct(token, ']') || is_punct(token, '}'))
			depth--;
	} while (depth);
}

void parse_enter(struct parser *p)
{
	if (++p->depth > DEPTH_MOST)
		parse_fail(p, "it is nested too deep");
}

static size_t bucket_of(const char *name, size_t length, bool is_tag)
{
	uint32_t hash = is_tag ? 1 : 2166136261u;
	size_t i;

	for (i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash % SYMBOL_BUCKETS;
}

struct symbol *parse_find(const struct parser *p, const char *name, size_t length, bool is_tag)
{
	struct symbol *symbol = p->buckets[bucket_of(name, length, is_tag)];

	while (symbol && ((symbol->kind == SYMBOL_TAG) != is_tag ||
			  strlen(symbol->name) != length || memcmp(symbol->name, name, length)))
		symbol = symbol->next;
	return symbol;
}

struct symbol *parse_declare(struct parser *p, enum symbol_kind kind, const char *name)
{
	struct symbol *symbol = work_take(p->work, sizeof(*symbol));

	symbol->kind = kind;
	symbol->scope = p->scope;
	symbol->name = name;
	symbol->bucket = bucket_of(name, strlen(name), kind == SYMBOL_TAG);
	parse_restore(p, symbol);
	return symbol;
}

void parse_restore(struct parser *p, struct symbol *symbol)
{
	symbol->next = p->buckets[symbol->bucket];
	symbol->before = p->newest;
	p->buckets[symbol->bucket] = symbol;
	p->newest = symbol;
}

void parse_forget(struct parser *p, struct symbol *newest)
{
	for (; p->newest != newest; p->newest = p->newest->before)
		p->buckets[p->newest->bucket] = p->newest->next;
}
