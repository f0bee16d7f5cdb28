/* SPDX-License-Identifier: MIT */
/*
 * What the environment asks of the shim: read once, at the first question, by whatever thread.
 * docs/run.md has the variables.
 *
 * Three may speak: mvgal, TENSOR_FUSION (vgpu.rs up to 1.23) and HAMi. Of one of them the value for
 * a GPU holds before that for all; of several the strictest, which is told on stderr where they
 * differ. A value that cannot be read is told on stderr and is no limit.
 */
#ifndef MVGAL_CUDA_SETTINGS_H
#define MVGAL_CUDA_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_LIMITS 64
#define SETTINGS_NO_BYTES UINT64_MAX
#define SETTINGS_FULL_SM 100

enum settings_source {
	SETTINGS_MVGAL,
	SETTINGS_TENSOR_FUSION,
	SETTINGS_HAMI,
	SETTINGS_SOURCES,
};

/* What one source says of one GPU, or of all. */
struct gpu_limit {
	char id[64]; /* UUID as it was written, CUDA ordinal, or empty for all */
	enum settings_source source;
	bool has_bytes, has_sm; /* what it says nothing of has the value for none */
	uint64_t bytes;		/* SETTINGS_NO_BYTES: no limit */
	uint32_t sm_pct;	/* 1 to 100, which is no limit */
};

struct settings {
	bool enabled; /* false: every call passes through */
	bool pool;
	bool work_conserving;
	bool log;	       /* MVGAL_LOG */
	char group[65];	       /* empty: none */
	char runtime_dir[256]; /* MVGAL_RUNTIME_DIR; empty: unset */
	struct gpu_limit limits[SETTINGS_LIMITS];
	int count;
};

/* Never NULL, and always the same. */
const struct settings *settings(void);

/*
 * The limits of a GPU, per process or group. It compares text: ask once a GPU, not at each call.
 *
 * `index` is its CUDA ordinal in this process, -1 where unknown; `uuid` is `GPU-...`, with or
 * without the prefix, in any case, or NULL.
 */
void settings_for(int index, const char *uuid, uint64_t *bytes, uint32_t *sm_pct);

#endif
