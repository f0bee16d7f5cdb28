/* SPDX-License-Identifier: MIT */
/*
 * Launches in parts where it is not proved that work-groups write different bytes: opt-in.
 *
 * Each member runs its part on its own copy of the memory, which is compared with what was there
 * before: bytes that changed are taken from whoever changed them. Where two have changed one byte
 * to different values, all is put back, and the launch runs whole. It is right for kernels without
 * races that do not read what they write; all of the written memory is read and compared.
 */
#ifndef MVGAL_OPENCL_SPLIT_DIFF_H
#define MVGAL_OPENCL_SPLIT_DIFF_H

#include "split_part.h"

/* Judges the launch without the rules that this stands in for. */
bool split_diff_judge(const struct kernel *kernel, const struct analysis_launch *launch,
		      struct analysis_verdict *verdict);

/* Runs the parts to their end and puts their memory together at home. False: it is to run whole,
 * and nothing has changed. */
bool split_diff_run(const struct split_work *work, const struct split_part *parts,
		    unsigned int count);

#endif
