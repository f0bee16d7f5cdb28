/* SPDX-License-Identifier: MIT */
/*
 * What is common to programs that damage files and let the analysis read them: it may refuse them,
 * no more. For one file alone, which has `damage` and `look`.
 *
 *     PROGRAM ROUNDS SEED FILE...
 *
 * Prints how many could be read, how many kernels were judged, and how many of these may be split.
 */
#ifndef MVGAL_TESTS_OPENCL_FUZZ_H
#define MVGAL_TESTS_OPENCL_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"

#define FUZZ_FILES 64
#define FUZZ_BYTES ((size_t)512 << 10)

static struct {
	uint32_t random;
	unsigned char *files[FUZZ_FILES];
	size_t lengths[FUZZ_FILES];
	unsigned count;
	unsigned read, judged, split;
} fuzz;

/* Damages so many of FUZZ_BYTES, and gives how many they are then. */
static size_t damage(void *bytes, size_t length);
/* Lets the analysis read them. */
static void look(const void *bytes, size_t length);

static uint32_t below(uint32_t limit)
{
	fuzz.random = fuzz.random * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(fuzz.random >> 8) * limit) >> 24);
}

/* A kernel with those arguments. */
static void judge(const struct analysis *analysis, size_t kernel, const struct analysis_arg *args,
		  struct analysis_verdict *verdict)
{
	const struct analysis_launch launch = {.dimensions = 2,
					       .global = {64, 64, 1},
					       .local = {below(2) * 8, 8, 1},
					       .offset = {below(3), 0, 0},
					       .args = args,
					       .arg_count = ANALYSIS_ARGS,
					       .without =
						   below(3) ? 0 : below(1u << ANALYSIS_RULES)};
	uint64_t begin, end;

	analysis_judge(analysis, kernel, &launch, verdict);
	fuzz.judged++;
	fuzz.split += !verdict->rule;
	for (size_t i = 0; i < verdict->use_count && i < ANALYSIS_ARGS; i++) {
		analysis_slice(&verdict->uses[i].writes, 1, 3, 4096, &begin, &end);
		analysis_slice(&verdict->uses[i].reads, 0, 64, 4096, &begin, &end);
	}
}

static void fuzz_load(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file || fuzz.count == FUZZ_FILES)
		exit(2);
	fuzz.files[fuzz.count] = malloc(FUZZ_BYTES);
	fuzz.lengths[fuzz.count] = fread(fuzz.files[fuzz.count], 1, FUZZ_BYTES / 4, file);
	fuzz.count++;
	fclose(file);
}

static void fuzz_once(unsigned char *bytes)
{
	const unsigned which = below(fuzz.count);
	size_t length = fuzz.lengths[which];
	unsigned char *exact;

	memcpy(bytes, fuzz.files[which], length);
	length = damage(bytes, length);
	/* Just as long, so that the sanitizer sees who looks behind its end. */
	exact = malloc(length ? length : 1);
	memcpy(exact, bytes, length);
	look(exact, length);
	free(exact);
}

int main(int argc, char **argv)
{
	const unsigned rounds = argc > 3 ? (unsigned)atoi(argv[1]) : 0;
	unsigned char *bytes = malloc(FUZZ_BYTES);

	fuzz.random = rounds ? (uint32_t)atoi(argv[2]) : 0;
	for (int at = 3; at < argc; at++)
		fuzz_load(argv[at]);
	for (unsigned i = 0; i < rounds; i++)
		fuzz_once(bytes);
	while (fuzz.count--)
		free(fuzz.files[fuzz.count]);
	free(bytes);
	printf("%u read, %u judged, %u split\n", fuzz.read, fuzz.judged, fuzz.split);
	return 0;
}

#endif
