/* SPDX-License-Identifier: MIT */
/* What split_memo.c judges anew, and what it knows: one line each. */
#include "split_memo.h"

#include <stdio.h>
#include <string.h>

static const char text[] =
    "__kernel void k(__global int *o, __global const int *i, int n) {\n"
    "  int s = 0; for (int x = 0; x < 100; x++) for (int y = 0; y < 20; y++) s += x * y + n;\n"
    "  o[get_global_id(0)] = s + i[get_global_id(0)]; }\n";

static struct split_memos memos;
static struct analysis *analysis;

/* Whether it was judged now, known, or left. */
static void ask(const char *name, uint64_t out, uint64_t in, uint64_t groups, int n, double seconds)
{
	const struct analysis_arg args[] = {{.size = 8, .bytes = 65536, .memory = out},
					    {.size = 8, .bytes = 65536, .memory = in},
					    {.size = 4, .value = &n}};
	const struct analysis_launch launch = {.dimensions = 1,
					       .global = {64 * groups, 1, 1},
					       .local = {64, 1, 1},
					       .args = args,
					       .arg_count = 3};
	const double judged = memos.judged;
	const struct analysis_verdict *verdict = memo_judge(&memos, analysis, 0, &launch, seconds);

	printf("%s %s %s\n", name,
	       !verdict		       ? "left"
	       : memos.judged > judged ? "judged"
				       : "known",
	       verdict ? analysis_rule_name(verdict->rule) : "-");
}

int main(void)
{
	const struct analysis_input input = {.source = text, .length = strlen(text)};

	analysis = analysis_create(&input);
	ask("first", 1, 2, 16, 5, 0);
	ask("again", 1, 2, 16, 5, 0);
	ask("others' memory", 7, 3, 16, 5, 0);
	ask("one memory, too soon", 4, 4, 16, 5, 0);
	ask("one memory, of long launches", 4, 4, 16, 5, 1);
	ask("a number, too soon", 1, 2, 16, 6, 0);
	ask("a number, of long launches", 1, 2, 16, 6, 1);
	ask("more groups", 1, 2, 17, 6, 1);
	ask("the first", 1, 2, 16, 5, 0);
	ask("one more", 1, 2, 18, 6, 1);
	ask("the first, kept", 1, 2, 16, 5, 0);
	ask("one memory, given up", 4, 4, 16, 5, 0);
	memo_forget(&memos);
	analysis_free(analysis);
	return 0;
}
