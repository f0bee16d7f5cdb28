/* SPDX-License-Identifier: MIT */
/*
 * Limits as they are written in variables. lib/launch/limit_text.ts has the same for `mvgal run`,
 * and a test holds them together.
 */
#ifndef MVGAL_CUDA_LIMIT_TEXT_H
#define MVGAL_CUDA_LIMIT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `8GiB`, `8g`, `1.5G`, `8GB` (which is 8e9), `none`: bytes, UINT64_MAX for none. */
bool limit_bytes(const char *text, size_t length, uint64_t *bytes);

/* `30%`, `30`, `none`: 1 to 100. */
bool limit_percent(const char *text, size_t length, uint64_t *percent);

/* Whether text can name a GPU: a CUDA ordinal, or a UUID with or without `GPU-` or `MIG-`. */
bool limit_is_id(const char *text, size_t length);

/*
 * Takes the entries of a list or map: `id` is empty for all GPUs. Returns NULL, or why it does not
 * take one.
 */
typedef const char *limit_taker(void *to, const char *id, size_t length, uint64_t value);

/*
 * `8GiB`, `0=8GiB,1=4GiB`, `8GiB,1=none`. Nothing is taken of a list that is not sound. Returns
 * NULL or the reason.
 */
const char *limit_list(const char *text, bool (*value)(const char *, size_t, uint64_t *),
		       limit_taker *take, void *to);

/*
 * A JSON object of whole numbers: {"0": 50, "gpu-...": 30}. Nothing is taken of text that is none.
 * Returns NULL or the reason.
 */
const char *limit_json(const char *text, limit_taker *take, void *to);

#endif
