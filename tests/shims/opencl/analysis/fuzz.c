/* SPDX-License-Identifier: MIT */
/* Damages sources: see fuzz.h. */
#include "fuzz.h"

#define LENGTH_MOST ((size_t)64 << 10)

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

static size_t damage(void *bytes, size_t length)
{
	char *text = bytes;
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

static void look(const void *bytes, size_t length)
{
	static const char *const OPTIONS[] = {NULL, "-DN=4 -DM(x)=x",  "-cl-std=CL2.0 -I.", "-D",
					      "\"", "-DA=\\\" -U N -I"};
	static const uint64_t number = 64;
	static struct analysis_verdict verdict;
	const struct analysis_input input = {
	    .source = bytes, .length = length, .options = OPTIONS[below(6)]};
	struct analysis *analysis = analysis_create(&input);
	struct analysis_arg args[ANALYSIS_ARGS] = {0};
	unsigned line, column;
	size_t size;

	if (!analysis)
		return;
	for (size_t i = 0; i < ANALYSIS_ARGS; i++) {
		args[i].value = &number;
		args[i].size = 4;
	}
	fuzz.read += !analysis_error(analysis, &line, &column);
	analysis_source(analysis, &size);
	analysis_options(analysis);
	for (size_t i = 0; i < analysis_kernel_count(analysis) && i < 4; i++)
		judge(analysis, i, args, &verdict);
	analysis_free(analysis);
}
