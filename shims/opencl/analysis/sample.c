/* SPDX-License-Identifier: MIT */
/* A launch for kernels of which nobody said how they are launched. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"

static bool read_sizes(const char *text, uint64_t sizes[3])
{
	unsigned d;

	for (d = 0; d < 3; d++)
		sizes[d] = 1;
	for (d = 0; d < 3; d++) {
		char *end;

		sizes[d] = strtoull(text, &end, 10);
		if (end == text || !sizes[d])
			return false;
		if (*end != 'x')
			return true;
		text = end + 1;
	}
	return true;
}

static void read_word(struct wish *wish, const char *word)
{
	const char *equals;

	if (!strncmp(word, "--global=", 9)) {
		wish->has_global = read_sizes(word + 9, wish->global);
	} else if (!strncmp(word, "--local=", 8)) {
		wish->has_local = read_sizes(word + 8, wish->local);
	} else if (!strncmp(word, "--arg=", 6) && (equals = strchr(word + 6, '=')) &&
		   wish->named_count < NAMED_MOST) {
		unsigned i = wish->named_count++;

		snprintf(wish->named[i].name, sizeof(wish->named[i].name), "%.*s",
			 (int)(equals - word - 6), word + 6);
		wish->named[i].number = strtoll(equals + 1, NULL, 0);
	}
}

bool wish_read(struct wish *wish, const char *options)
{
	size_t length = strlen(options), to = 0, i = 0;

	*wish = (struct wish){.options = malloc(length + 1)};
	if (!wish->options)
		return false;
	while (i < length) {
		size_t from = i, n;
		char word[128];

		while (i < length && !isspace((unsigned char)options[i]))
			i++;
		n = i - from;
		if (n > 2 && !strncmp(options + from, "--", 2)) {
			snprintf(word, sizeof(word), "%.*s", (int)n, options + from);
			read_word(wish, word);
		} else {
			memcpy(wish->options + to, options + from, n);
			to += n;
		}
		while (i < length && isspace((unsigned char)options[i]))
			wish->options[to++] = options[i++];
	}
	wish->options[to] = 0;
	return true;
}

static void set_sizes(const struct analysis_kernel_info *info, const struct wish *wish,
		      struct sample *s, bool is_grouped)
{
	static const uint64_t GLOBAL[3][3] = {{65536, 1, 1}, {1024, 1024, 1}, {256, 256, 64}};
	static const uint64_t LOCAL[3][3] = {{64, 1, 1}, {16, 16, 1}, {8, 8, 4}};
	unsigned shape = info->dimensions - 1, d;

	s->launch.dimensions = info->dimensions;
	s->is_global_assumed = !wish->has_global;
	memcpy(s->launch.global, wish->has_global ? wish->global : GLOBAL[shape],
	       sizeof(s->launch.global));
	for (d = 0; d < 3; d++) {
		if (s->launch.global[d] > 1 && d >= s->launch.dimensions)
			s->launch.dimensions = d + 1;
		s->launch.local[d] = wish->has_local	       ? wish->local[d]
				     : info->required_local[0] ? info->required_local[d]
				     : is_grouped	       ? LOCAL[shape][d]
							       : 0;
	}
	s->is_local_assumed = is_grouped && !wish->has_local && !info->required_local[0];
}

/* A number for an argument by what its name says, for the last attempt. */
static int64_t guess(const struct analysis_arg_info *info, int64_t size, bool by_name)
{
	const char *name = info->name;
	static const char *const SIZES[] = {"width", "height", "size", "cols", "rows", "count",
					    "len",   "num",    "wd",   "ht",   "dim"};
	size_t i;

	if (!by_name)
		return size;
	if (strstr(name, "off") || strstr(name, "start") || strstr(name, "begin"))
		return 0;
	for (i = 0; i < sizeof(SIZES) / sizeof(*SIZES); i++) {
		if (strstr(name, SIZES[i]))
			return size;
	}
	/* n, m, w, h. */
	return strlen(name) == 1 ? size : 1;
}

static void set_args(const struct analysis_kernel_info *info, const struct wish *wish,
		     struct sample *s, unsigned attempt)
{
	size_t i;
	unsigned j;

	s->launch.args = s->args;
	s->launch.arg_count = info->arg_count < ANALYSIS_ARGS ? info->arg_count : ANALYSIS_ARGS;
	for (i = 0; i < s->launch.arg_count; i++) {
		s->args[i] = (struct analysis_arg){0};
		s->is_given[i] = s->is_assumed[i] = false;
		if (!info->args[i].is_integer)
			continue;
		for (j = 0; j < wish->named_count; j++) {
			if (strcmp(wish->named[j].name, info->args[i].name))
				continue;
			s->numbers[i] = wish->named[j].number;
			s->is_given[i] = true;
		}
		if (!s->is_given[i] && attempt) {
			s->numbers[i] =
			    guess(&info->args[i], (int64_t)s->launch.global[0], attempt > 1);
			s->is_assumed[i] = true;
		}
		if (s->is_given[i] || s->is_assumed[i]) {
			s->args[i].value = &s->numbers[i];
			s->args[i].size = info->args[i].size;
		}
	}
}

void sample_judge(const struct analysis *analysis, size_t kernel, const struct wish *wish,
		  struct sample *s, struct analysis_verdict *verdict)
{
	struct analysis_kernel_info info;
	struct analysis_verdict *first = malloc(sizeof(*first));
	struct sample *shown = malloc(sizeof(*shown));
	bool is_grouped = false;
	unsigned attempt;

	*s = (struct sample){0};
	memset(verdict, 0, sizeof(*verdict));
	if (!first || !shown || !analysis_kernel_info(analysis, kernel, &info)) {
		verdict->rule = ANALYSIS_MALFORMED;
		free(first);
		free(shown);
		return;
	}
	for (attempt = 0; attempt < 3; attempt++) {
		set_sizes(&info, wish, s, is_grouped);
		set_args(&info, wish, s, attempt);
		analysis_judge(analysis, kernel, &s->launch, verdict);
		if (verdict->rule == ANALYSIS_NO_LOCAL_SIZE && !wish->has_local && !is_grouped) {
			is_grouped = true;
			attempt--;
			continue;
		}
		if (!verdict->rule)
			break;
		/* What is said of numbers that were made up last is said of the likeliest. */
		*first = *verdict;
		*shown = *s;
	}
	if (verdict->rule) {
		*verdict = *first;
		*s = *shown;
		s->launch.args = s->args;
	}
	free(first);
	free(shown);
}
