/* SPDX-License-Identifier: MIT */
/* What the program may use of a GPU. */
#ifndef MVGAL_CUDA_DEVICE_LIMITS_H
#define MVGAL_CUDA_DEVICE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "devices.h"

struct limits {
	/* UINT64_MAX for none. */
	uint64_t bytes;
	/* Share of the GPU's time, 1 to 100; 100 for none. */
	uint32_t compute_pct;
	/* Whether time that nobody else wants may be used beyond the share. */
	bool work_conserving;
};

/*
 * The strictest of what the environment (settings.h), the group's file and the policy of the
 * session's page say now. Cheap: it is called before each launch.
 */
struct limits limits_of(const struct device *device);

#endif
