/* SPDX-License-Identifier: MIT */
/* Damages modules of SPIR-V: see fuzz.h. */
#include "fuzz.h"

#define WORDS_MOST (FUZZ_BYTES / sizeof(uint32_t))

/* Where the instruction is that a word is of. */
static size_t instruction_at(const uint32_t *words, size_t count, size_t word)
{
	size_t at = 5, length;

	while (at < count) {
		length = words[at] >> 16;
		if (!length || at + length > word)
			break;
		at += length;
	}
	return at < count ? at : 5;
}

static uint32_t odd_word(uint32_t bound)
{
	static const uint32_t ODD[] = {0, 1, 2, 0xffffffff, 0x80000000, 0x7fffffff, 64, 0x10000};

	return below(3) ? below(bound + 2) : ODD[below(sizeof(ODD) / sizeof(*ODD))];
}

static size_t damage(void *bytes, size_t length)
{
	uint32_t *words = bytes;
	size_t count = length / sizeof(*words);
	unsigned times = 1 + below(3);

	while (times-- && count > 6) {
		size_t word = 5 + below((uint32_t)count - 5);
		size_t at = instruction_at(words, count, word), run = words[at] >> 16;
		size_t other = instruction_at(words, count, 5 + below((uint32_t)count - 5));

		if (!run || run > count - at)
			run = 1;
		switch (below(9)) {
		case 0: /* an instruction goes */
			memmove(words + at, words + at + run, (count - at - run) * sizeof(*words));
			count -= run;
			break;
		case 1: /* it is there twice */
			if (count + run > WORDS_MOST)
				break;
			memmove(words + other + run, words + other,
				(count - other) * sizeof(*words));
			if (other <= at)
				at += run;
			memmove(words + other, words + at, run * sizeof(*words));
			count += run;
			break;
		case 2: /* the end */
			if (!below(8))
				count = word;
			break;
		case 3: /* another instruction */
			words[at] = (words[at] & 0xffff0000) | below(410);
			break;
		case 4: /* another run */
			words[at] = (words[at] & 0xffff) | below(12) << 16;
			break;
		case 5: /* a bit */
			words[word] ^= (uint32_t)1 << below(32);
			break;
		case 6: /* the header */
			if (!below(8))
				words[below(5)] = odd_word(words[3]);
			break;
		default:
			words[run > 1 ? at + 1 + below((uint32_t)run - 1) : word] =
			    odd_word(words[3] < 100000 ? words[3] : 1000);
		}
	}
	return count * sizeof(*words);
}

static void judge_one(const struct analysis *analysis, size_t kernel)
{
	static const uint64_t number[16] = {64};
	static struct analysis_verdict verdict;
	struct analysis_arg args[ANALYSIS_ARGS] = {0};
	struct analysis_kernel_info info;
	struct analysis_instruction instruction;

	analysis_kernel_info(analysis, kernel, &info);
	for (size_t i = 0; i < ANALYSIS_ARGS; i++) {
		args[i].value = number;
		args[i].size = i < info.arg_count && info.args[i].size <= sizeof(number)
				   ? info.args[i].size
				   : 4;
	}
	judge(analysis, kernel, args, &verdict);
	analysis_instruction(analysis, verdict.line, &instruction);
}

static void look_at(const void *bytes, size_t length, bool is_written)
{
	const struct analysis_input input = {.source = bytes,
					     .length = length - (is_written && !below(50))};
	struct analysis *analysis = analysis_create(&input);
	unsigned line, column;
	const char *parts;
	size_t size;

	if (!analysis)
		return;
	fuzz.read += !analysis_error(analysis, &line, &column);
	for (size_t i = 0; i < analysis_kernel_count(analysis) && i < 10; i++)
		judge_one(analysis, i);
	/* What is written for parts is a module too. */
	parts = analysis_source(analysis, &size);
	if (parts && !is_written && !below(8))
		look_at(parts, size, true);
	analysis_free(analysis);
}

static void look(const void *bytes, size_t length)
{
	look_at(bytes, length, false);
}
