/* SPDX-License-Identifier: MIT */
/* Characters to tokens. */
#ifndef MVGAL_ANALYSIS_LEX_H
#define MVGAL_ANALYSIS_LEX_H

#include "work.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,
	TOKEN_NUMBER,
	TOKEN_CHARACTER,
	TOKEN_STRING,
	TOKEN_PUNCTUATOR,
	/* The rest of a line of #pragma, from the '#' on. */
	TOKEN_PRAGMA,
	/* A character that C has no use for. */
	TOKEN_OTHER,
	/* An argument of a macro that is empty, while ## looks at it. */
	TOKEN_NOTHING,
};

/* A punctuator as a number: PUNCT("<<="). */
#define PUNCT1(a) ((uint32_t)(a))
#define PUNCT2(a, b) ((uint32_t)(a) | (uint32_t)(b) << 8)
#define PUNCT3(a, b, c) (PUNCT2(a, b) | (uint32_t)(c) << 16)

struct token {
	uint8_t kind;
	bool has_space;	 /* before it */
	bool is_first;	 /* on its line */
	bool is_painted; /* a macro's name that is not to be expanded any more */
	uint32_t length;
	uint32_t punct;
	const char *text;
	struct place place;
};

struct tokens {
	struct token *at;
	size_t count, room;
};

/* Adds the tokens of a source to a list. The text stays where it is, but for lines that go on. */
void lex_source(struct work *work, const char *text, size_t length, uint32_t file,
		struct tokens *into);

bool token_is(const struct token *token, const char *text);

/* How strongly an operator with two sides binds, of the language and of #if: 10 most; 0 for none.
 */
int token_strength(const struct token *token);

static inline bool is_punct(const struct token *token, uint32_t punct)
{
	return token->kind == TOKEN_PUNCTUATOR && token->punct == punct;
}

#endif
