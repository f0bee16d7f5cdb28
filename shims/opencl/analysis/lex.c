/* SPDX-License-Identifier: MIT */
#include "lex.h"

#include <string.h>

struct reader {
	struct work *work;
	const char *at, *end;
	uint32_t file, line, column;
};

static int peek(const struct reader *reader, size_t ahead)
{
	return (size_t)(reader->end - reader->at) > ahead ? (unsigned char)reader->at[ahead] : -1;
}

static void skip(struct reader *reader, size_t count)
{
	for (; count && reader->at < reader->end; count--, reader->at++) {
		if (*reader->at == '\n') {
			reader->line++;
			reader->column = 1;
		} else {
			reader->column++;
		}
	}
}

static bool is_name_start(int c)
{
	return c == '_' || c == '$' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_rest(int c)
{
	return is_name_start(c) || is_digit(c);
}

/* Length of a line's continuation at the reader, 0 for none. */
static size_t continuation(const struct reader *reader)
{
	if (peek(reader, 0) != '\\')
		return 0;
	if (peek(reader, 1) == '\n')
		return 2;
	return peek(reader, 1) == '\r' && peek(reader, 2) == '\n' ? 3 : 0;
}

struct gap {
	bool has_space, has_line;
};

/* Over blanks, comments and continued lines. */
static struct gap skip_gap(struct reader *reader)
{
	struct gap gap = {false, false};

	for (;;) {
		int c = peek(reader, 0);
		size_t continued = continuation(reader);

		if (continued) {
			skip(reader, continued);
		} else if (c == '\n') {
			gap.has_line = true;
			skip(reader, 1);
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f') {
			skip(reader, 1);
		} else if (c == '/' && peek(reader, 1) == '/') {
			while (peek(reader, 0) >= 0 && peek(reader, 0) != '\n') {
				continued = continuation(reader);
				skip(reader, continued ? continued : 1);
			}
		} else if (c == '/' && peek(reader, 1) == '*') {
			struct place place = {reader->file, reader->line, reader->column};

			skip(reader, 2);
			while (peek(reader, 0) >= 0 &&
			       !(peek(reader, 0) == '*' && peek(reader, 1) == '/'))
				skip(reader, 1);
			if (peek(reader, 0) < 0)
				work_fail(reader->work, place, "a comment has no end");
			skip(reader, 2);
		} else {
			return gap;
		}
		gap.has_space = true;
	}
}

static const char THREE[][4] = {"<<=", ">>=", "..."};
static const char TWO[][3] = {"->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&",
			      "||", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|=", "##"};

static size_t punctuator_length(const struct reader *reader)
{
	size_t i;

	for (i = 0; i < sizeof(THREE) / sizeof(*THREE); i++) {
		if (peek(reader, 0) == THREE[i][0] && peek(reader, 1) == THREE[i][1] &&
		    peek(reader, 2) == THREE[i][2])
			return 3;
	}
	for (i = 0; i < sizeof(TWO) / sizeof(*TWO); i++) {
		if (peek(reader, 0) == TWO[i][0] && peek(reader, 1) == TWO[i][1])
			return 2;
	}
	return peek(reader, 0) > 0 && strchr("[](){}.&*+-~!/%<>^|?:;=,#@", peek(reader, 0)) ? 1 : 0;
}

static size_t quoted_length(const struct reader *reader, struct place place)
{
	int quote = peek(reader, 0);
	size_t length = 1;

	for (;;) {
		int c = peek(reader, length);

		if (c < 0 || c == '\n')
			break;
		length += c == '\\' && peek(reader, length + 1) >= 0 ? 2 : 1;
		if (c == quote)
			return length;
	}
	/* An apostrophe in a branch that is not compiled, or in #error. */
	(void)place;
	return 1;
}

static size_t number_length(const struct reader *reader)
{
	size_t length = 1;

	for (;;) {
		int c = peek(reader, length), before = peek(reader, length - 1);

		if ((c == '+' || c == '-') &&
		    (before == 'e' || before == 'E' || before == 'p' || before == 'P'))
			length++;
		else if (is_name_rest(c) || c == '.')
			length++;
		else
			return length;
	}
}

/* The same without continued lines, for a token that goes over them. */
static void join_lines(struct reader *reader, struct token *token)
{
	char *text = work_text(reader->work, token->text, token->length);
	size_t from, to = 0;

	for (from = 0; from < token->length; from++) {
		if (text[from] == '\\' && from + 1 < token->length &&
		    (text[from + 1] == '\n' || text[from + 1] == '\r')) {
			from += text[from + 1] == '\r' ? 2 : 1;
			continue;
		}
		text[to++] = text[from];
	}
	token->text = text;
	token->length = (uint32_t)to;
}

/* A name may go on after a continued line. */
static size_t name_length(const struct reader *reader, bool *is_continued)
{
	struct reader ahead = *reader;

	for (;;) {
		size_t continued = continuation(&ahead);

		if (continued && is_name_rest(peek(&ahead, continued))) {
			*is_continued = true;
			skip(&ahead, continued);
		}
		if (!is_name_rest(peek(&ahead, 0)))
			return (size_t)(ahead.at - reader->at);
		skip(&ahead, 1);
	}
}

void lex_source(struct work *work, const char *text, size_t length, uint32_t file,
		struct tokens *into)
{
	struct reader reader = {work, text, text + length, file, 1, 1};
	bool is_first = true;

	for (;;) {
		struct gap gap = skip_gap(&reader);
		struct token token = {.text = reader.at};
		bool is_continued = false;
		int c = peek(&reader, 0);

		if (c < 0)
			return;
		token.has_space = gap.has_space || gap.has_line;
		token.is_first = is_first || gap.has_line;
		is_first = false;
		token.place = (struct place){file, reader.line, reader.column};
		if (is_name_start(c)) {
			token.kind = TOKEN_NAME;
			token.length = (uint32_t)name_length(&reader, &is_continued);
		} else if (is_digit(c) || (c == '.' && is_digit(peek(&reader, 1)))) {
			token.kind = TOKEN_NUMBER;
			token.length = (uint32_t)number_length(&reader);
		} else if (c == '"' || c == '\'') {
			token.length = (uint32_t)quoted_length(&reader, token.place);
			token.kind = token.length < 2 ? TOKEN_OTHER
				     : c == '"'	      ? TOKEN_STRING
						      : TOKEN_CHARACTER;
		} else {
			token.length = (uint32_t)punctuator_length(&reader);
			token.kind = token.length ? TOKEN_PUNCTUATOR : TOKEN_OTHER;
			if (!token.length)
				token.length = 1;
			token.punct = (unsigned char)token.text[0];
			if (token.length > 1)
				token.punct |= (uint32_t)(unsigned char)token.text[1] << 8;
			if (token.length > 2)
				token.punct |= (uint32_t)(unsigned char)token.text[2] << 16;
		}
		skip(&reader, token.length);
		if (is_continued)
			join_lines(&reader, &token);
		LIST_ADD(work, into, token);
	}
}

bool token_is(const struct token *token, const char *text)
{
	return token->kind != TOKEN_END && token->length == strlen(text) &&
	       !memcmp(token->text, text, token->length);
}

static const struct {
	uint32_t punct;
	int strength;
} OPERATORS[] = {
    {PUNCT2('|', '|'), 1},
    {PUNCT2('&', '&'), 2},
    {'|', 3},
    {'^', 4},
    {'&', 5},
    {PUNCT2('=', '='), 6},
    {PUNCT2('!', '='), 6},
    {'<', 7},
    {'>', 7},
    {PUNCT2('<', '='), 7},
    {PUNCT2('>', '='), 7},
    {PUNCT2('<', '<'), 8},
    {PUNCT2('>', '>'), 8},
    {'+', 9},
    {'-', 9},
    {'*', 10},
    {'/', 10},
    {'%', 10},
};

int token_strength(const struct token *token)
{
	size_t i;

	if (token->kind != TOKEN_PUNCTUATOR)
		return 0;
	for (i = 0; i < sizeof(OPERATORS) / sizeof(*OPERATORS); i++) {
		if (OPERATORS[i].punct == token->punct)
			return OPERATORS[i].strength;
	}
	return 0;
}
