/* SPDX-License-Identifier: MIT */
/*
 * Damages sources and lets the analysis read them: it may refuse them, no more.
 *
 *     fuzz ROUNDS SEED FILE...
 *
 * Prints how many could be read, how many kernels were judged, and how many of these may be split.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"

#define SOURCES 64
#define LENGTH_MOST ((size_t)64 << 10)

static struct {
	uint32_t random;
	char *sources[SOURCES];
	size_t lengths[SOURCES];
	unsigned count;
	unsigned read, judged, split;
} state;

static uint32_t below(uint32_t limit)
{
	state.random = state.random * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(state.random >> 8) * limit) >> 24);
}

static const char *const WORDS[] = {
    "(",
    "((((((((",
    ")",
    "{",
    "}",
    "[",
    "]",
    "#define ",
    "\n#if ",
    "\n#endif\n",
    "\n#else\n",
    "##",
    "#",
    "__VA_ARGS__",
    "...",
    "\\\n",
    "/*",
    "*/",
    "//",
    "\"",
    "'",
    "int ",
    "*",
    "&",
    "__global ",
    "__local ",
    "struct ",
    "for(;;)",
    "switch(x){case 1:",
    "case 2:",
    "break;",
    "return ",
    "sizeof",
    "0x",
    "1e",
    "9999999999999999999",
    "-2147483648",
    "<<",
    ">>=",
    "?",
    ":",
    ",",
    ";",
    "goto x;",
    "get_group_id(0)",
    "get_global_id(0)",
    "mvgal_grid",
    "kernel void q(void){",
    "\n#include \"a\"\n",
    "\n#define f(x) f(x) f(x)\n",
    "f(f(f(1)))",
    "%",
    "vstore4(",
    "write_imagef(",
    "(int2)(",
    ".xyzw",
    ".s0123456789abcdef",
    "do{",
    "}while(1);",
    "\n#pragma x\n",
    "__attribute__((aligned(",
    "typedef ",
    "enum{",
    "union{",
    "/",
    "\0",
    "\377",
};

static size_t damage(char *text, size_t length)
{
	unsigned times = 1 + below(3);

	while (times--) {
		size_t at = length ? below((uint32_t)length) : 0, run = 1 + below(40), to;
		const char *word = WORDS[below(sizeof(WORDS) / sizeof(*WORDS))];
		size_t size = strlen(word) ? strlen(word) : 1;

		switch (below(5)) {
		case 0: /* goes */
			if (run > length - at)
				run = length - at;
			memmove(text + at, text + at + run, length - at - run);
			length -= run;
			break;
		case 1: /* another character */
			if (length)
				text[at] = (char)below(256);
			break;
		case 2: /* twice */
			to = length ? below((uint32_t)length) : 0;
			if (run > length - to)
				run = length - to;
			if (length + run > LENGTH_MOST)
				break;
			memmove(text + at + run, text + at, length - at);
			memmove(text + at, text + (to >= at ? to + run : to), run);
			length += run;
			break;
		case 3: /* the end */
			length = at;
			break;
		default:
			if (length + size > LENGTH_MOST)
				break;
			memmove(text + at + size, text + at, length - at);
			memcpy(text + at, word, size);
			length += size;
		}
	}
	return length;
}

static void judge(const struct analysis *analysis, size_t kernel)
{
	static struct analysis_verdict verdict;
	struct analysis_arg args[ANALYSIS_ARGS] = {0};
	struct analysis_launch launch = {.dimensions = 2,
					 .global = {64, 64, 1},
					 .local = {below(2) * 8, 8, 1},
					 .offset = {below(3), 0, 0},
					 .args = args,
					 .arg_count = ANALYSIS_ARGS,
					 .without = below(3) ? 0 : below(1u << ANALYSIS_RULES)};
	static const uint64_t number = 64;
	uint64_t begin, end;
	size_t i;

	for (i = 0; i < ANALYSIS_ARGS; i++) {
		args[i].value = &number;
		args[i].size = 4;
	}
	analysis_judge(analysis, kernel, &launch, &verdict);
	state.judged++;
	state.split += !verdict.rule;
	for (i = 0; i < verdict.use_count && i < ANALYSIS_ARGS; i++) {
		analysis_slice(&verdict.uses[i].writes, 1, 3, 4096, &begin, &end);
		analysis_slice(&verdict.uses[i].reads, 0, 64, 4096, &begin, &end);
	}
}

static void look(const char *text, size_t length)
{
	static const char *const OPTIONS[] = {NULL, "-DN=4 -DM(x)=x",  "-cl-std=CL2.0 -I.", "-D",
					      "\"", "-DA=\\\" -U N -I"};
	const struct analysis_input input = {
	    .source = text, .length = length, .options = OPTIONS[below(6)]};
	struct analysis *analysis = analysis_create(&input);
	unsigned line, column;
	size_t i, size;

	if (!analysis)
		return;
	state.read += !analysis_error(analysis, &line, &column);
	analysis_source(analysis, &size);
	analysis_options(analysis);
	for (i = 0; i < analysis_kernel_count(analysis) && i < 4; i++)
		judge(analysis, i);
	analysis_free(analysis);
}

static void load(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file || state.count == SOURCES)
		exit(2);
	state.sources[state.count] = malloc(LENGTH_MOST);
	state.lengths[state.count] = fread(state.sources[state.count], 1, LENGTH_MOST / 2, file);
	state.count++;
	fclose(file);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 3 ? (unsigned)atoi(argv[1]) : 0, i;
	char *text = malloc(LENGTH_MOST);
	int at;

	state.random = rounds ? (uint32_t)atoi(argv[2]) : 0;
	for (at = 3; at < argc; at++)
		load(argv[at]);
	for (i = 0; i < rounds; i++) {
		unsigned which = below(state.count);
		size_t length = state.lengths[which];
		char *exact;

		memcpy(text, state.sources[which], length);
		length = damage(text, length);
		/* Just as long, so that the sanitizer sees who looks behind its end. */
		exact = malloc(length ? length : 1);
		memcpy(exact, text, length);
		look(exact, length);
		free(exact);
	}
	while (state.count--)
		free(state.sources[state.count]);
	free(text);
	printf("%u read, %u judged, %u split\n", state.read, state.judged, state.split);
	return 0;
}
