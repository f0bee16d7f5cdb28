/* SPDX-License-Identifier: MIT */
/* An analysis, as its own files see it. */
#ifndef MVGAL_ANALYSIS_PROGRAM_H
#define MVGAL_ANALYSIS_PROGRAM_H

#include "analysis.h"
#include "preprocess.h"
#include "tree.h"

struct kernel {
	const struct function *function;
	struct analysis_kernel_info info;
};

struct analysis {
	struct work work;
	bool has_failed;
	struct preprocessor pp;
	struct tokens tokens;
	struct tree tree;
	struct {
		struct kernel *at;
		size_t count, room;
	} kernels;
	/* Of a program that is SPIR-V; else null. */
	struct spirv_module *spirv;
	/* The text for a split, or the words. */
	char *text;
	size_t length;
	/* Names of functions that ask for the whole grid. */
	struct {
		const char **at;
		size_t count, room;
	} grid;
	/* Why those cannot be rewritten; null where they can. */
	const char *grid_reason;
	struct place grid_place;
};

/* rewrite.c: finds who asks for the whole grid, and writes the text for a split. */
void rewrite(struct analysis *analysis);
bool rewrite_asks(const struct analysis *analysis, const char *name);

/* kernels.c: fills the list of kernels. */
void list_kernels(struct analysis *analysis);
/* Adds one, of which ids are asked for in so many dimensions. */
void describe_kernel(struct analysis *analysis, const struct function *function,
		     unsigned dimensions);

/* windows.c: what each work-group touches, from all accesses of a dimension. */
struct evaluator;
struct refusal;
bool windows_of(const struct evaluator *e, const struct function *kernel, struct analysis_use *uses,
		struct refusal *refusal);
/* Of a kernel that runs whole: what it may touch at all. */
void whole_uses(const struct evaluator *e, struct analysis_use *uses);

/* fill.c: notes which of the windows are written without a gap. */
void fill_uses(const struct evaluator *e, const struct function *kernel, struct analysis_use *uses);

#endif
