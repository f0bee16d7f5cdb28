/* SPDX-License-Identifier: MIT */
#include "lex.h"

#include <string.h>

/* Where lines were joined, in the text that is left. */
struct splices {
	size_t *at;
	size_t count, room;
};

struct reader {
	struct work *work;
	const char *begin, *at, *end;
	uint32_t file, line, column;
	struct splices splices;
	size_t splice; /* the next one */
};

static int peek(const struct reader *reader, size_t ahead)
{
	return (size_t)(reader->end - reader->at) > ahead ? (unsigned char)reader->at[ahead] : -1;
}

static void pass_splices(struct reader *reader)
{
	while (reader->splice < reader->splices.count &&
	       reader->splices.at[reader->splice] <= (size_t)(reader->at - reader->begin)) {
		reader->splice++;
		reader->line++;
		reader->column = 1;
	}
}

static void skip(struct reader *reader, size_t count)
{
	for (; count && reader->at < reader->end; count--) {
		if (*reader->at++ == '\n') {
			reader->line++;
			reader->column = 1;
		} else {
			reader->column++;
		}
		pass_splices(reader);
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

/* How long an end of a line is, 0 for none. */
static size_t line_end(const char *at, const char *end)
{
	bool is_pair;

	if (at == end || (*at != '\n' && *at != '\r'))
		return 0;
	is_pair = at + 1 < end && at[0] + at[1] == '\n' + '\r';
	/* Behind a backslash compilers take them in either order. */
	return is_pair ? 2 : 1;
}

/* Length of a line's continuation, 0 for none. Blanks may be before the line's end. */
static size_t continuation(const char *at, const char *end)
{
	const char *from = at;
	size_t length;

	if (at == end || *at++ != '\\')
		return 0;
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\v' || *at == '\f'))
		at++;
	length = line_end(at, end);
	return length ? (size_t)(at - from) + length : 0;
}

static struct place place_of(const struct reader *reader)
{
	return (struct place){reader->file, reader->line, reader->column};
}

/* The text as compilers look at it: lines that go on are joined, and all end with a newline. */
static void join_lines(struct reader *reader)
{
	size_t length = (size_t)(reader->end - reader->at);
	const char *from = reader->at;
	char *to;

	/* The end of a comment that goes on or does not, as trigraphs are on or off. */
	for (; from + 3 < reader->end; from++) {
		if (*from == '?' && from[1] == '?' && from[2] == '/')
			work_fail(reader->work, place_of(reader), "a trigraph");
	}
	if (!memchr(reader->at, '\\', length) && !memchr(reader->at, '\r', length))
		return;
	from = reader->at;
	reader->begin = reader->at = to = work_text(reader->work, from, length);
	while (from < reader->end) {
		size_t joined = continuation(from, reader->end);

		if (joined) {
			LIST_ADD(reader->work, &reader->splices, (size_t)(to - reader->begin));
			from += joined;
		} else if (*from == '\r') {
			*to++ = '\n';
			from += from + 1 < reader->end && from[1] == '\n' ? 2 : 1;
		} else {
			*to++ = *from++;
		}
	}
	*to = 0;
	reader->end = to;
	pass_splices(reader);
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

		if (c == '\n') {
			gap.has_line = true;
			skip(reader, 1);
		} else if (c == ' ' || c == '\t' || c == '\v' || c == '\f') {
			skip(reader, 1);
		} else if (c == '/' && peek(reader, 1) == '/') {
			while (peek(reader, 0) >= 0 && peek(reader, 0) != '\n')
				skip(reader, 1);
		} else if (c == '/' && peek(reader, 1) == '*') {
			struct place place = place_of(reader);

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

/* In a branch that is not compiled, or in #error: an apostrophe goes on to the line's end. */
static size_t unpaired_length(const struct reader *reader)
{
	size_t length = 1;

	for (; peek(reader, length) >= 0 && peek(reader, length) != '\n'; length++) {
		if (peek(reader, length) == '/' && peek(reader, length + 1) == '*')
			work_fail(reader->work, place_of(reader),
				  "a comment after a quote that has no end");
	}
	return length;
}

/* Whether it has an end. */
static bool quoted_length(const struct reader *reader, size_t *length)
{
	int quote = peek(reader, 0);

	*length = 1;
	for (;;) {
		int c = peek(reader, *length);

		if (c < 0 || c == '\n')
			break;
		*length += c == '\\' && peek(reader, *length + 1) >= 0 ? 2 : 1;
		if (c == quote)
			return true;
	}
	*length = unpaired_length(reader);
	return false;
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

static size_t name_length(const struct reader *reader)
{
	size_t length = 1;

	while (is_name_rest(peek(reader, length)))
		length++;
	return length;
}

/* What compilers may take for another character. */
static void refuse_spellings(const struct reader *reader, const struct token *token)
{
	size_t i;

	if (token->length == 1 && token->text[0] == '%' && peek(reader, 1) == ':')
		work_fail(reader->work, token->place, "a digraph");
	if (token->text[0] == '?' && peek(reader, 1) == '?' && peek(reader, 2) > 0 &&
	    strchr("=/'()!<>-", peek(reader, 2)))
		work_fail(reader->work, token->place, "a trigraph");
	for (i = 0; i + 1 < token->length; i++) {
		if (token->text[i] == '?' && token->text[i + 1] == '?')
			work_fail(reader->work, token->place, "a trigraph");
	}
}

static void take_token(struct reader *reader, struct token *token)
{
	int c = peek(reader, 0);
	size_t length = 0, i;

	token->text = reader->at;
	token->place = place_of(reader);
	if (is_name_start(c)) {
		token->kind = TOKEN_NAME;
		length = name_length(reader);
	} else if (is_digit(c) || (c == '.' && is_digit(peek(reader, 1)))) {
		token->kind = TOKEN_NUMBER;
		length = number_length(reader);
	} else if (c == '"' || c == '\'') {
		token->kind = !quoted_length(reader, &length) ? TOKEN_OTHER
			      : c == '"'		      ? TOKEN_STRING
							      : TOKEN_CHARACTER;
	} else {
		length = punctuator_length(reader);
		token->kind = length ? TOKEN_PUNCTUATOR : TOKEN_OTHER;
		length = length ? length : 1;
		for (i = 0; i < length; i++)
			token->punct |= (uint32_t)(unsigned char)token->text[i] << 8 * i;
	}
	token->length = (uint32_t)length;
	refuse_spellings(reader, token);
	skip(reader, length);
}

void lex_source(struct work *work, const char *text, size_t length, uint32_t file,
		struct tokens *into)
{
	struct reader reader = {.work = work,
				.begin = text,
				.at = text,
				.end = text + length,
				.file = file,
				.line = 1,
				.column = 1};
	bool is_first = true;

	join_lines(&reader);
	for (;;) {
		struct gap gap = skip_gap(&reader);
		struct token token = {0};

		if (peek(&reader, 0) < 0)
			return;
		token.has_space = gap.has_space || gap.has_line;
		token.is_first = is_first || gap.has_line;
		is_first = false;
		take_token(&reader, &token);
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
