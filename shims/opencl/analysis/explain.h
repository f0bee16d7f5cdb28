/* SPDX-License-Identifier: MIT */
/* The launch that `mvgal explain` looks at, and its JSON. */
#ifndef MVGAL_ANALYSIS_EXPLAIN_H
#define MVGAL_ANALYSIS_EXPLAIN_H

#include "analysis.h"

#define NAMED_MOST 32

/* What was asked for. */
struct wish {
	/* The options without those that are explain's own. */
	char *options;
	uint64_t global[3], local[3];
	bool has_global, has_local;
	struct {
		char name[48];
		int64_t number;
	} named[NAMED_MOST];
	unsigned named_count;
};

/* False without memory. */
bool wish_read(struct wish *wish, const char *options);

/* A launch of a kernel, and what of it was made up. */
struct sample {
	struct analysis_launch launch;
	struct analysis_arg args[ANALYSIS_ARGS];
	int64_t numbers[ANALYSIS_ARGS];
	bool is_given[ANALYSIS_ARGS], is_assumed[ANALYSIS_ARGS];
	bool is_global_assumed, is_local_assumed;
};

/* The launch that shows most of a kernel, and its verdict. */
void sample_judge(const struct analysis *analysis, size_t kernel, const struct wish *wish,
		  struct sample *sample, struct analysis_verdict *verdict);

/* Text that counts on where it has no more room. */
struct json {
	char *out;
	size_t room, length;
};

__attribute__((format(printf, 2, 3))) void json_put(struct json *json, const char *format, ...);
void json_text(struct json *json, const char *text);

#endif
