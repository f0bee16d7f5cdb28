/* SPDX-License-Identifier: MIT */
#ifndef MVGAL_ANALYSIS_SPIRV_BITS_H
#define MVGAL_ANALYSIS_SPIRV_BITS_H

#include "spirv_run.h"

/* What operations are of. */
struct operands {
	struct spirv_run *r;
	const uint32_t *at;
	double last;
	unsigned width;
};

/* Bits that either has; those that just one has. */
struct range spirv_either_bit(const struct operands *o, struct range a, struct range b, bool is_or);
struct range spirv_both_bits(const struct operands *o, struct range a, struct range b);

#endif
