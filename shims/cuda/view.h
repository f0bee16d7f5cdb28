/* SPDX-License-Identifier: MIT */
/* How much memory of a GPU a program is to see. */
#ifndef MVGAL_CUDA_VIEW_H
#define MVGAL_CUDA_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices.h"
#include "group.h"

struct memory_view {
	/* Bytes. What is used is what the limit counts, or what the driver says where there is
	 * none. */
	uint64_t total, unused, used;
	bool is_limited;
};

/* What is left below the limits, of what the driver says there is. */
struct memory_view view_of(struct group_use use, uint64_t own_limit, uint64_t total,
			   uint64_t unused);

/* Of a GPU; NULL for one on which nothing is limited. */
struct memory_view view_of_device(const struct device *device, uint64_t total, uint64_t unused);

/* The same, in place of what the driver says. */
void account_view(CUdevice device, size_t *unused, size_t *total);

/* By names, for a process that may have no CUDA. `index` is the CUDA ordinal, -1 where unknown. */
struct memory_view view_of_named(int index, const char *id, const char *uuid, uint64_t total,
				 uint64_t unused);

#endif
