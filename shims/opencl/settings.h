/* SPDX-License-Identifier: MIT */
/* What the environment asks of the OpenCL shim. docs/opencl.md has the variables. */
#ifndef MVGAL_OPENCL_SETTINGS_H
#define MVGAL_OPENCL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum strategy {
	STRATEGY_SINGLE, /* the best member */
	STRATEGY_ROUND_ROBIN,
	STRATEGY_TASK,		  /* the member with the least contexts and queues */
	STRATEGY_COMPUTE_OFFLOAD, /* the best member but the first of the host, which may draw */
};

enum split {
	SPLIT_OFF,
	SPLIT_AUTO,   /* where it pays, by measured times */
	SPLIT_FORCE,  /* whatever may be split, in equal parts */
	SPLIT_STRICT, /* as AUTO, over members that are the same as the first */
};

struct settings {
	enum split split;  /* MVGAL_SPLIT */
	bool diff;	   /* it names diff: also what is not proved, compared afterwards */
	bool tells_splits; /* MVGAL_DEBUG names "split" */
	bool debug;	   /* MVGAL_DEBUG names "opencl", or is 1 */
	bool cpu;	   /* MVGAL_OPENCL_TYPE=cpu: where all members are CPUs, so is the device */
	enum strategy strategy;
	uint64_t mask;	     /* bit i: the i-th device of the host */
	const char *vendors; /* what OCL_ICD_VENDORS was; NULL: unset */
};

/* Never NULL, and always the same. */
const struct settings *settings(void);

/* What the user has to know: one line on stderr. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

#endif
