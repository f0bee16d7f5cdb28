/* SPDX-License-Identifier: MIT */
/* What spirv_rewrite.c and spirv_linear.c have of each other. */
#ifndef MVGAL_ANALYSIS_SPIRV_REWRITE_H
#define MVGAL_ANALYSIS_SPIRV_REWRITE_H

#include "spirv.h"

/* Types that the hidden argument needs: one of functions for each that changes. */
struct rewrite {
	struct analysis *analysis;
	struct spirv_module *m;
	uint32_t bound, number, vector;
	bool has_vector;
	/* Where linear numbers are asked for: three numbers, and the variable of global ids. */
	bool is_linear, has_triple, has_pointer, has_ids;
	uint32_t triple, pointer, ids;
	struct {
		struct changed_type {
			uint32_t from, to;
			bool is_there;
		} * at;
		size_t count, room;
	} types;
	struct {
		uint32_t *at;
		size_t count, room;
	} out;
};

void rewrite_put(struct rewrite *w, const uint32_t *words, uint32_t count);

#define PUT(w, op, ...)                                                                            \
	do {                                                                                       \
		const uint32_t put_[] = {0, __VA_ARGS__};                                          \
		uint32_t count_ = sizeof(put_) / sizeof(*put_);                                    \
		LIST_ADD((w)->m->work, &(w)->out, (uint32_t)(op) | count_ << 16);                  \
		rewrite_put(w, put_ + 1, count_ - 1);                                              \
	} while (0)

/* Finds what linear numbers need, or ids for it. */
void linear_find(struct rewrite *w);
/* Before types, with them, and of an entry point. */
void linear_put_decoration(struct rewrite *w);
void linear_put_types(struct rewrite *w);
void linear_put_entry(struct rewrite *w, const uint32_t *at);
/* In place of a load. */
void linear_put_load(struct rewrite *w, const uint32_t *at, uint32_t hidden);

#endif
