/* SPDX-License-Identifier: MIT */
/* The options of clBuildProgram: those of the preprocessor are taken, the others kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preprocess.h"

/* The next word, without its quotes; false at the end. */
static bool next_word(struct preprocessor *pp, const char **at, char **word)
{
	const char *from = *at;
	char quote = 0;
	size_t length = 0;

	while (*from == ' ' || *from == '\t' || *from == '\n' || *from == '\r')
		from++;
	if (!*from)
		return false;
	*word = work_text(pp->work, from, strlen(from));
	for (; *from; from++) {
		/* Some drivers take it off, others do not. */
		if (*from == '\'')
			work_fail(pp->work, (struct place){0}, "a quote in the options");
		if (*from == '"')
			quote = quote ? 0 : *from;
		else if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
			(*word)[length++] = *++from;
		else if (!quote && strchr(" \t\r\n", *from))
			break;
		else
			(*word)[length++] = *from;
	}
	(*word)[length] = 0;
	*at = from;
	return true;
}

/* The value of -DNAME or -D NAME. */
static char *value_of(struct preprocessor *pp, char *word, const char **at)
{
	char *value = word + 2;

	if (!*value && !next_word(pp, at, &value))
		return NULL;
	return value;
}

/* That the option has the last word: compilers read headers of their own after it. */
static void check_name(struct preprocessor *pp, const char *value, bool is_undef)
{
	struct tokens name = {0};

	lex_source(pp->work, value, strlen(value), 0, &name);
	if (name.count && !macro_is_for_options(pp, &name.at[0], is_undef))
		work_fail(pp->work, (struct place){0}, "an option for what compilers define: %.60s",
			  value);
}

static void keep(struct preprocessor *pp, const char *word)
{
	size_t length = strlen(pp->options);

	/* All words together are no longer than what they came from, but for quotes put back. */
	snprintf(pp->options + length, strlen(word) + 4, strpbrk(word, " \t") ? "%s\"%s\"" : "%s%s",
		 length ? " " : "", word);
}

/* -cl-std=CL1.2; other languages than OpenCL C are not read. */
static void set_version(struct preprocessor *pp, const char *word)
{
	char *end;
	unsigned long major, minor;

	if (strncmp(word + 8, "CL", 2) && strncmp(word + 8, "cl", 2))
		return;
	major = strtoul(word + 10, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, &end, 10) : 0;
	if (*end || major < 1 || major > 99 || minor > 9)
		work_fail(pp->work, (struct place){0}, "the language of %.40s is not known", word);
	pp->version = (unsigned)(100 * major + 10 * minor);
	pp->has_version = true;
}

void preprocess_options(struct preprocessor *pp)
{
	const char *at = pp->input->options ? pp->input->options : "";
	char *word;

	pp->options = work_take(pp->work, 4 * strlen(at) + 8);
	while (next_word(pp, &at, &word)) {
		if (word[0] == '-' && (word[1] == 'D' || word[1] == 'I' || word[1] == 'U')) {
			char kind = word[1], *value = value_of(pp, word, &at);
			struct tokens name = {0};

			if (!value)
				work_fail(pp->work, (struct place){0},
					  "the option -%c has no value", kind);
			if (kind != 'I')
				check_name(pp, value, kind == 'U');
			if (kind == 'D') {
				macro_define_text(pp, value, strlen(value));
			} else if (kind == 'I') {
				LIST_ADD(pp->work, &pp->directories, value);
			} else {
				lex_source(pp->work, value, strlen(value), 0, &name);
				if (name.count)
					macro_remove(pp, &name.at[0]);
			}
			continue;
		}
		if (!strncmp(word, "-cl-std=", 8))
			set_version(pp, word);
		if (!strcmp(word, "-cl-fast-relaxed-math"))
			pp->is_fast = true;
		keep(pp, word);
	}
}
