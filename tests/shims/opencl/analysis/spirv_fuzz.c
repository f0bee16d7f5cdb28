/* SPDX-License-Identifier: MIT */
/*
 * Damages modules of SPIR-V and lets the analysis read them: it may refuse them, no more.
 *
 *     spirv_fuzz ROUNDS SEED FILE...
 *
 * Prints how many could be read, how many kernels were judged, and how many of these may be split.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"

#define MODULES 16
#define WORDS_MOST ((size_t)1 << 16)

static struct {
	uint32_t random;
	uint32_t *modules[MODULES];
	size_t counts[MODULES];
	unsigned count;
	unsigned read, judged, split;
} state;

static uint32_t below(uint32_t limit)
{
	state.random = state.random * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(state.random >> 8) * limit) >> 24);
}

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

static size_t damage(uint32_t *words, size_t count)
{
	unsigned times = 1 + below(3);

	while (times-- && count > 6) {
		size_t word = 5 + below((uint32_t)count - 5);
		size_t at = instruction_at(words, count, word), length = words[at] >> 16;
		size_t other = instruction_at(words, count, 5 + below((uint32_t)count - 5));

		if (!length || length > count - at)
			length = 1;
		switch (below(9)) {
		case 0: /* an instruction goes */
			memmove(words + at, words + at + length,
				(count - at - length) * sizeof(*words));
			count -= length;
			break;
		case 1: /* it is there twice */
			if (count + length > WORDS_MOST)
				break;
			memmove(words + other + length, words + other,
				(count - other) * sizeof(*words));
			if (other <= at)
				at += length;
			memmove(words + other, words + at, length * sizeof(*words));
			count += length;
			break;
		case 2: /* the end */
			if (!below(8))
				count = word;
			break;
		case 3: /* another instruction */
			words[at] = (words[at] & 0xffff0000) | below(410);
			break;
		case 4: /* another length */
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
			words[length > 1 ? at + 1 + below((uint32_t)length - 1) : word] =
			    odd_word(words[3] < 100000 ? words[3] : 1000);
		}
	}
	return count;
}

static void judge(const struct analysis *analysis, size_t kernel)
{
	static struct analysis_verdict verdict;
	static const uint64_t number[16] = {64};
	struct analysis_arg args[ANALYSIS_ARGS] = {0};
	struct analysis_launch launch = {.dimensions = 2,
					 .global = {64, 64, 1},
					 .local = {below(2) * 8, 8, 1},
					 .offset = {below(3), 0, 0},
					 .args = args,
					 .arg_count = ANALYSIS_ARGS,
					 .without = below(3) ? 0 : below(1u << ANALYSIS_RULES)};
	struct analysis_kernel_info info;
	struct analysis_instruction instruction;
	uint64_t begin, end;
	size_t i;

	analysis_kernel_info(analysis, kernel, &info);
	for (i = 0; i < ANALYSIS_ARGS; i++) {
		args[i].value = number;
		args[i].size = i < info.arg_count && info.args[i].size <= sizeof(number)
				   ? info.args[i].size
				   : 4;
	}
	analysis_judge(analysis, kernel, &launch, &verdict);
	analysis_instruction(analysis, verdict.line, &instruction);
	state.judged++;
	state.split += !verdict.rule;
	for (i = 0; i < verdict.use_count && i < ANALYSIS_ARGS; i++) {
		analysis_slice(&verdict.uses[i].writes, 1, 3, 4096, &begin, &end);
		analysis_slice(&verdict.uses[i].reads, 0, 64, 4096, &begin, &end);
	}
}

static void look(const uint32_t *words, size_t count, unsigned depth)
{
	const struct analysis_input input = {.source = (const char *)words,
					     .length =
						 count * sizeof(*words) - (depth && !below(50))};
	struct analysis *analysis = analysis_create(&input);
	unsigned line, column;
	const char *parts;
	size_t i, size;

	if (!analysis)
		return;
	state.read += !analysis_error(analysis, &line, &column);
	for (i = 0; i < analysis_kernel_count(analysis) && i < 10; i++)
		judge(analysis, i);
	/* What is written for parts is a module too. */
	parts = analysis_source(analysis, &size);
	if (parts && !depth && !below(8))
		look((const uint32_t *)parts, size / sizeof(uint32_t), 1);
	analysis_free(analysis);
}

static void load(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file || state.count == MODULES)
		exit(2);
	state.modules[state.count] = malloc(WORDS_MOST * sizeof(uint32_t));
	state.counts[state.count] =
	    fread(state.modules[state.count], sizeof(uint32_t), WORDS_MOST / 2, file);
	state.count++;
	fclose(file);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 3 ? (unsigned)atoi(argv[1]) : 0, i;
	uint32_t *words = malloc(WORDS_MOST * sizeof(*words));
	int at;

	state.random = rounds ? (uint32_t)atoi(argv[2]) : 0;
	for (at = 3; at < argc; at++)
		load(argv[at]);
	for (i = 0; i < rounds; i++) {
		unsigned which = below(state.count);
		size_t count = state.counts[which];
		uint32_t *exact;

		memcpy(words, state.modules[which], count * sizeof(*words));
		count = damage(words, count);
		/* Just as long, so that the sanitizer sees who looks behind its end. */
		exact = malloc(count * sizeof(*words));
		memcpy(exact, words, count * sizeof(*words));
		look(exact, count, 0);
		free(exact);
	}
	while (state.count--)
		free(state.modules[state.count]);
	free(words);
	printf("%u read, %u judged, %u split\n", state.read, state.judged, state.split);
	return 0;
}
