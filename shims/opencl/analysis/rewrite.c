/* SPDX-License-Identifier: MIT */
/*
 * The text for a split: all tokens as they were looked at, and where a kernel asks for the whole
 * grid the numbers of a hidden last argument, which is handed on to the functions that it calls.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

/* Where in the hidden argument its numbers are, what it is beyond three dimensions. */
static const struct {
	const char *name;
	unsigned base;
	unsigned beyond;
	bool is_added; /* to what the part says */
} BUILTINS[] = {
    {"get_group_id", 0, 0, true},
    {"get_num_groups", 3, 1, false},
    {"get_global_size", 6, 1, false},
    {"get_global_offset", 9, 0, false},
};

#define BUILTIN_COUNT (sizeof(BUILTINS) / sizeof(*BUILTINS))
#define LINEAR "get_global_linear_id"
#define HIDDEN "mvgal_grid"

static int builtin_of(const struct token *token)
{
	size_t i;

	if (token->kind != TOKEN_NAME)
		return -1;
	for (i = 0; i < BUILTIN_COUNT; i++) {
		if (token_is(token, BUILTINS[i].name))
			return (int)i;
	}
	return token_is(token, LINEAR) ? (int)BUILTIN_COUNT : -1;
}

bool rewrite_asks(const struct analysis *analysis, const char *name)
{
	size_t i;

	for (i = 0; i < analysis->grid.count; i++) {
		if (!strcmp(analysis->grid.at[i], name))
			return true;
	}
	return false;
}

static bool asks(const struct analysis *analysis, const struct token *token)
{
	size_t i;

	if (token->kind != TOKEN_NAME)
		return false;
	for (i = 0; i < analysis->grid.count; i++) {
		if (token_is(token, analysis->grid.at[i]))
			return true;
	}
	return false;
}

/* All functions that ask, or call one that does. */
static void find_names(struct analysis *analysis)
{
	const struct token *tokens = analysis->tokens.at;
	bool has_grown = true;
	size_t i, j;

	while (has_grown) {
		has_grown = false;
		for (i = 0; i < analysis->tree.signatures.count; i++) {
			const struct signature *s = &analysis->tree.signatures.at[i];

			if (!s->body_last || rewrite_asks(analysis, s->name))
				continue;
			for (j = s->body_first; j < s->body_last; j++) {
				if (builtin_of(&tokens[j]) < 0 && !asks(analysis, &tokens[j]))
					continue;
				LIST_ADD(&analysis->work, &analysis->grid, s->name);
				has_grown = true;
				break;
			}
		}
	}
}

/* The ')' of the '(' at a token, or 0. */
static size_t closing(const struct analysis *analysis, size_t open)
{
	const struct token *tokens = analysis->tokens.at;
	size_t depth = 0, i;

	for (i = open; i < analysis->tokens.count; i++) {
		if (is_punct(&tokens[i], '('))
			depth++;
		if (is_punct(&tokens[i], ')') && --depth == 0)
			return i;
	}
	return 0;
}

static bool cannot(struct analysis *analysis, size_t at, const char *reason)
{
	analysis->grid_reason = reason;
	analysis->grid_place = analysis->tokens.at[at].place;
	return false;
}

/* Whether what is between brackets may be written several times. */
static bool is_simple(const struct token *from, const struct token *to)
{
	for (; from < to; from++) {
		if (from->kind == TOKEN_NUMBER || from->kind == TOKEN_NAME)
			continue;
		if (from->kind != TOKEN_PUNCTUATOR || is_punct(from, '=') ||
		    is_punct(from, PUNCT2('+', '+')) || is_punct(from, PUNCT2('-', '-')) ||
		    is_punct(from, ',') || from->length > 2 ||
		    (from->length == 2 && from->text[1] == '='))
			return false;
		/* A call. */
		if (is_punct(from, '(') && from[-1].kind == TOKEN_NAME)
			return false;
	}
	return true;
}

static bool check(struct analysis *analysis)
{
	const struct token *tokens = analysis->tokens.at;
	size_t i, j, signature = 0;

	for (i = 0; i < analysis->tokens.count; i++) {
		const struct signature *s;
		bool is_in_body;
		int builtin = builtin_of(&tokens[i]);

		if (token_is(&tokens[i], HIDDEN))
			return cannot(analysis, i, "it has a name that mvgal needs: " HIDDEN);
		if (builtin < 0 && !asks(analysis, &tokens[i]))
			continue;
		while (signature < analysis->tree.signatures.count &&
		       analysis->tree.signatures.at[signature].body_last < i &&
		       analysis->tree.signatures.at[signature].close < i)
			signature++;
		s = signature < analysis->tree.signatures.count
			? &analysis->tree.signatures.at[signature]
			: NULL;
		is_in_body = s && s->body_last && i > s->body_first && i < s->body_last;
		/* Its own name before its parameters. */
		if (s && builtin < 0 && i < s->open &&
		    !strncmp(s->name, tokens[i].text, tokens[i].length))
			continue;
		if (!is_in_body)
			return cannot(analysis, i,
				      "something outside functions asks for the size of the grid");
		if (!is_punct(&tokens[i + 1], '(') || !(j = closing(analysis, i + 1)))
			return cannot(analysis, i,
				      "what asks for the size of the grid is no plain call");
		if (builtin >= 0 && builtin < (int)BUILTIN_COUNT &&
		    !is_simple(&tokens[i + 2], &tokens[j]))
			return cannot(
			    analysis, i,
			    "it asks for the size of the grid in a dimension that it computes");
	}
	return true;
}

struct writer {
	struct analysis *analysis;
	struct {
		char *at;
		size_t count, room;
	} text;
	/* By token: what to write before it; 1 for the argument, 2 with a comma. */
	unsigned char *before;
};

static void put(struct writer *w, const char *text, size_t length)
{
	if (w->text.room - w->text.count < length + 1) {
		size_t wanted = 2 * w->text.room + length + 4096;

		w->text.at = work_grow(&w->analysis->work, w->text.at, w->text.count, wanted);
		w->text.room = wanted;
	}
	memcpy(w->text.at + w->text.count, text, length);
	w->text.count += length;
}

__attribute__((format(printf, 2, 3))) static void put_text(struct writer *w, const char *format,
							   ...)
{
	char text[512];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length > 0)
		put(w, text, (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

static void put_token(struct writer *w, const struct token *token)
{
	if (token->is_first || token->kind == TOKEN_PRAGMA)
		put(w, "\n", 1);
	put(w, token->text, token->length);
	put(w, token->kind == TOKEN_PRAGMA ? "\n" : " ", 1);
}

static void put_range(struct writer *w, size_t from, size_t to)
{
	for (; from < to; from++)
		put_token(w, &w->analysis->tokens.at[from]);
}

/* The numbers of a dimension that is known as the program is read; else of one of three. */
static void put_builtin(struct writer *w, int builtin, size_t open, size_t close)
{
	const struct token *argument = &w->analysis->tokens.at[open + 1];
	unsigned base = BUILTINS[builtin].base, d;
	bool is_number =
	    close == open + 2 && argument->kind == TOKEN_NUMBER && argument->text[0] >= '0' &&
	    argument->text[0] <= '2' &&
	    (argument->length == 1 || argument->text[1] == 'u' || argument->text[1] == 'U');

	put_text(w, "( ");
	if (BUILTINS[builtin].is_added) {
		put_text(w, "%s ( ", BUILTINS[builtin].name);
		put_range(w, open + 1, close);
		put_text(w, ") + ");
	}
	put_text(w, "( size_t ) ");
	if (is_number) {
		put_text(w, HIDDEN ".s%x ", base + (unsigned)(argument->text[0] - '0'));
	} else {
		put_text(w, "( ");
		for (d = 0; d < 3; d++) {
			put_text(w, "( ( uint ) ( ");
			put_range(w, open + 1, close);
			put_text(w, ") ) == %u ? " HIDDEN ".s%x : ", d, base + d);
		}
		put_text(w, "( ulong ) %u ) ", BUILTINS[builtin].beyond);
	}
	put_text(w, ") ");
}

static void put_linear(struct writer *w)
{
	put_text(w, "( ( ( get_global_id ( 2 ) - ( size_t ) " HIDDEN ".sb ) * ( size_t ) " HIDDEN
		    ".s7 + get_global_id ( 1 ) - ( size_t ) " HIDDEN ".sa ) * ( size_t ) " HIDDEN
		    ".s6 + get_global_id ( 0 ) - ( size_t ) " HIDDEN ".s9 ) ");
}

/* Marks the ')' of parameters and calls. */
static void mark(struct writer *w)
{
	const struct analysis *analysis = w->analysis;
	const struct token *tokens = analysis->tokens.at;
	size_t i, j;

	for (i = 0; i < analysis->tree.signatures.count; i++) {
		const struct signature *s = &analysis->tree.signatures.at[i];
		bool is_empty = s->close == s->open + 1 ||
				(s->close == s->open + 2 && token_is(&tokens[s->open + 1], "void"));

		if (!rewrite_asks(analysis, s->name))
			continue;
		w->before[s->close] = is_empty ? 3 : 4;
		if (s->close == s->open + 2 && is_empty)
			w->before[s->open + 1] = 5;
		for (j = s->body_first; s->body_last && j < s->body_last; j++) {
			size_t close;

			if (!asks(analysis, &tokens[j]))
				continue;
			close = closing(analysis, j + 1);
			w->before[close] = close == j + 2 ? 1 : 2;
		}
	}
}

void rewrite(struct analysis *analysis)
{
	static const char *const INSERTS[] = {"", HIDDEN " ", ", " HIDDEN " ",
					      "ulong16 " HIDDEN " ", ", ulong16 " HIDDEN " "};
	struct writer w = {.analysis = analysis};
	const struct token *tokens = analysis->tokens.at;
	bool is_rewritten;
	size_t i;

	find_names(analysis);
	is_rewritten = analysis->grid.count && check(analysis);
	w.before = work_take(&analysis->work, analysis->tokens.count + 1);
	if (is_rewritten)
		mark(&w);
	for (i = 0; i + 1 < analysis->tokens.count; i++) {
		int builtin = is_rewritten ? builtin_of(&tokens[i]) : -1;

		if (w.before[i] == 5)
			continue;
		put_text(&w, "%s", INSERTS[w.before[i]]);
		if (builtin == (int)BUILTIN_COUNT) {
			put_linear(&w);
		} else if (builtin >= 0) {
			put_builtin(&w, builtin, i + 1, closing(analysis, i + 1));
		} else {
			put_token(&w, &tokens[i]);
			continue;
		}
		i = closing(analysis, i + 1);
	}
	put(&w, "\n", 1);
	w.text.at[w.text.count] = 0;
	analysis->text = w.text.at;
	analysis->length = w.text.count;
}
