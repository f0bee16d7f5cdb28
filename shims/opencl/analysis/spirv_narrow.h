/* SPDX-License-Identifier: MIT */
/* What spirv_assume.c and spirv_narrow.c have of each other. */
#ifndef MVGAL_ANALYSIS_SPIRV_NARROW_H
#define MVGAL_ANALYSIS_SPIRV_NARROW_H

#include "spirv_run.h"

/* A comparison as it is said of its left side. */
enum relation {
	LESS,
	AT_MOST,
	GREATER,
	AT_LEAST,
	EQUAL,
	OTHER,
	NOTHING,
};

struct said {
	enum relation relation;
	bool is_signed;
	struct range other;
};

/* Says it of an id whose number is known to be in `seen`; the state may die of it. */
void spirv_narrow(struct spirv_run *r, uint32_t id, const struct said *said,
		  const struct range *seen);

#endif
