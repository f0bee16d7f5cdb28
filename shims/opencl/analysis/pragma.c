/* SPDX-License-Identifier: MIT */
/* Pragmas that are passed on as they are: none of them says what the program's text is, or where
 * its structures have their members. */
#include <string.h>

#include "preprocess.h"

static const char *const KNOWN[][2] = {
    {"OPENCL", "EXTENSION"},
    {"OPENCL", "FP_CONTRACT"},
    {"OPENCL", "SELECT_ROUNDING_MODE"},
    {"STDC", "FP_CONTRACT"},
    {"clang", "loop"},
    {"clang", "diagnostic"},
    {"clang", "fp"},
    {"GCC", "diagnostic"},
    {"GCC", "unroll"},
    {"GCC", "ivdep"},
    {"unroll", NULL},
    {"nounroll", NULL},
    {"unroll_and_jam", NULL},
    {"nounroll_and_jam", NULL},
    {"ivdep", NULL},
    {"loop_count", NULL},
    {"message", NULL},
    {"region", NULL},
    {"endregion", NULL},
    {"mark", NULL},
    /* CLBlast's, for itself. */
    {"promote_to_registers", NULL},
};

bool pragma_is_known(const struct token *at, size_t count)
{
	size_t i;

	if (!count)
		return true;
	for (i = 0; i < sizeof(KNOWN) / sizeof(*KNOWN); i++) {
		if (token_is(at, KNOWN[i][0]) &&
		    (!KNOWN[i][1] || (count > 1 && token_is(&at[1], KNOWN[i][1]))))
			return true;
	}
	return false;
}

/* `_Pragma("...")`, of which nothing but a plain text is read. */
static bool is_known_operator(struct preprocessor *pp, const struct token *at)
{
	struct tokens words = {0};

	if (!is_punct(&at[1], '(') || at[2].kind != TOKEN_STRING || !is_punct(&at[3], ')') ||
	    memchr(at[2].text, '\\', at[2].length))
		return false;
	lex_source(pp->work, at[2].text + 1, at[2].length - 2, at->place.file, &words);
	return pragma_is_known(words.at, words.count);
}

void pragma_check_operators(struct preprocessor *pp, const struct tokens *tokens)
{
	size_t i;

	for (i = 0; i < tokens->count; i++) {
		const struct token *at = &tokens->at[i];

		if (token_is(at, "__pragma") ||
		    (token_is(at, "_Pragma") &&
		     (i + 3 >= tokens->count || !is_known_operator(pp, at))))
			work_fail(pp->work, at->place, "a _Pragma that is not known");
	}
}
