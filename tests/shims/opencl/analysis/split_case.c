/* SPDX-License-Identifier: MIT */
#include "split_case.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct argument *add(struct test_case *of, enum kind kind, size_t size)
{
	struct argument *arg = &of->args[of->count++];

	*arg = (struct argument){.kind = kind, .size = size, .alias = -1};
	if (kind <= IMAGE) {
		arg->initial = calloc(1, size);
		arg->whole = calloc(1, size);
		arg->gathered = calloc(1, size);
		arg->mirror = calloc(1, size);
	}
	return arg;
}

/* Small numbers, so that what is read can be an index. */
static void fill(struct argument *arg, unsigned seed)
{
	uint32_t state = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i + 4 <= arg->size; i += 4) {
		uint32_t word;

		state = state * 1664525u + 1013904223u;
		word = state >> 26;
		memcpy(arg->initial + i, &word, 4);
	}
}

void case_free(struct test_case *of)
{
	int i;

	for (i = 0; i < of->count; i++) {
		free(of->args[i].initial);
		free(of->args[i].whole);
		free(of->args[i].gathered);
		free(of->args[i].mirror);
	}
	free(of->source);
}

static void number(struct test_case *of, const void *value, size_t size)
{
	memcpy(add(of, VALUE, size)->value, value, size);
}

static void read_line(struct test_case *of, char *line)
{
	unsigned long long a = 0, b = 0, c = 0;
	double real;
	char word[32];
	int used = 0;

	if (sscanf(line, "%31s %n", word, &used) != 1)
		return;
	sscanf(line + used, "%llu %llu %llu", &a, &b, &c);
	if (!strcmp(word, "options"))
		snprintf(of->options, sizeof(of->options), "%s", line + used);
	else if (!strcmp(word, "spirv"))
		snprintf(of->spirv, sizeof(of->spirv), "%s", line + used);
	else if (!strcmp(word, "global"))
		memcpy(of->launch.global, (uint64_t[]){a, b, c}, 24);
	else if (!strcmp(word, "local"))
		memcpy(of->launch.local, (uint64_t[]){a, b, c}, 24);
	else if (!strcmp(word, "offset"))
		memcpy(of->launch.offset, (uint64_t[]){a, b, c}, 24);
	else if (!strcmp(word, "buffer"))
		fill(add(of, BUFFER, a), (unsigned)b);
	else if (!strcmp(word, "again"))
		add(of, BUFFER, of->args[a].size)->alias = (int)a;
	else if (!strcmp(word, "int"))
		number(of, &(int32_t){(int32_t)strtol(line + used, NULL, 0)}, 4);
	else if (!strcmp(word, "long"))
		number(of, &(int64_t){strtoll(line + used, NULL, 0)}, 8);
	else if (!strcmp(word, "float") && sscanf(line + used, "%lf", &real) == 1)
		number(of, &(float){(float)real}, 4);
	else if (!strcmp(word, "local_memory"))
		add(of, LOCAL, a);
	else if (!strcmp(word, "parts"))
		of->parts = (int)a;
	else if (!strcmp(word, "without"))
		of->launch.without = (uint32_t)a;
	if (!strcmp(word, "image")) {
		struct argument *arg = add(of, IMAGE, a * b * 16);

		arg->width = a;
		arg->height = b;
	}
	if (!strcmp(word, "source")) {
		of->source = malloc(a + 1);
		of->length = fread(of->source, 1, a, stdin);
		of->source[of->length] = 0;
	}
}

/* Sizes that were not given. */
static void complete(struct analysis_launch *launch)
{
	launch->dimensions = 1;
	for (unsigned d = 0; d < 3; d++) {
		if (!launch->global[d])
			launch->global[d] = 1;
		if (launch->global[d] > 1)
			launch->dimensions = d + 1;
		if (launch->local[0] && !launch->local[d])
			launch->local[d] = 1;
	}
}

bool case_read(struct test_case *of)
{
	char line[512];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "case ", 5)) {
			memset(of, 0, sizeof(*of));
			snprintf(of->name, sizeof(of->name), "%.60s", line + 5);
			continue;
		}
		read_line(of, line);
		if (!of->source)
			continue;
		complete(&of->launch);
		return true;
	}
	return false;
}
