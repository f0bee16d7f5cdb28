/* SPDX-License-Identifier: MIT */
/* What the environment asks of the shim: read once. */
#ifndef MVGAL_CUDA_SETTINGS_H
#define MVGAL_CUDA_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#define SETTINGS_LIMITS 64
#define SETTINGS_NO_BYTES UINT64_MAX
#define SETTINGS_ALL_TIME 100

struct settings {
	/* False: every call goes to the driver. */
	bool enabled;
	bool pool;
	bool work_conserving;
	/* Name of the group whose limits are shared; empty for none. */
	char group[65];
	struct {
		/* A UUID, an index as the program counts, or empty for every GPU. */
		char gpu[64];
		uint64_t bytes;
		uint32_t compute_pct;
	} limits[SETTINGS_LIMITS];
	int count;
};

const struct settings *settings(void);

/* What it says of one GPU. */
void settings_for(int index, const char *uuid, uint64_t *bytes, uint32_t *compute_pct);

#endif
