/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "settings.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "limit_text.h"

/* HAMi has 16; nobody has more GPUs than this in a host. */
#define HAMI_DEVICES 32

static const char *const MEMORY_VARIABLES[SETTINGS_SOURCES] = {
    "MVGAL_VRAM_LIMIT", "TENSOR_FUSION_CUDA_MEM_LIMIT", "CUDA_DEVICE_MEMORY_LIMIT"};
static const char *const SM_VARIABLES[SETTINGS_SOURCES] = {
    "MVGAL_SM_LIMIT", "TENSOR_FUSION_CUDA_UP_LIMIT", "CUDA_DEVICE_SM_LIMIT"};

static struct {
	pthread_once_t once;
	struct settings settings;
	/* By ordinal, what was told of already. */
	atomic_uint_least64_t told_bytes, told_sm;
} state = {.once = PTHREAD_ONCE_INIT};

/* One line, in one write. */
__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	char line[512] = "mvgal: ";
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line + 7, sizeof(line) - 8, format, args);
	va_end(args);
	if (length < 0)
		return;
	length = (int)strlen(line);
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return; /* nobody reads it */
}

/* Unset and empty are the same. */
static const char *variable(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}

static bool is_off(const char *value)
{
	return !strcmp(value, "0") || !strcasecmp(value, "false") || !strcasecmp(value, "no") ||
	       !strcasecmp(value, "off");
}

/* Whether a switch is on; one that is unset is off. */
static bool is_on(const char *name)
{
	const char *value = variable(name);

	return value && !is_off(value);
}

/* Without `GPU-`, which one may write and another leave out. */
static const char *bare(const char *uuid)
{
	return strncasecmp(uuid, "gpu-", 4) ? uuid : uuid + 4;
}

/* Where the values of one variable go. */
struct taking {
	enum settings_source source;
	bool is_sm;
};

static struct gpu_limit *row_of(enum settings_source source, const char *id, size_t length)
{
	struct settings *all = &state.settings;
	struct gpu_limit *row;
	char text[sizeof(row->id)];

	/* Ordinals without zeros before them, so that they can be compared as text. */
	if (length > 0 && length <= 4)
		snprintf(text, sizeof(text), "%d", atoi(id));
	else
		snprintf(text, sizeof(text), "%.*s", (int)length, id);
	for (int i = 0; i < all->count; i++) {
		row = &all->limits[i];
		if (row->source == source && !strcasecmp(bare(row->id), bare(text)))
			return row;
	}
	if (all->count == SETTINGS_LIMITS)
		return NULL;
	row = &all->limits[all->count++];
	*row = (struct gpu_limit){
	    .source = source, .bytes = SETTINGS_NO_BYTES, .sm_pct = SETTINGS_FULL_SM};
	strcpy(row->id, text);
	return row;
}

static const char *take_limit(void *to, const char *id, size_t length, uint64_t value)
{
	const struct taking *taking = to;
	struct gpu_limit *row = row_of(taking->source, id, length);

	if (!row)
		return "there are more limits than GPUs that a host has";
	/* A GPU that is named twice: the stricter. */
	if (taking->is_sm) {
		row->sm_pct = row->has_sm && row->sm_pct < value ? row->sm_pct : (uint32_t)value;
		row->has_sm = true;
	} else {
		row->bytes = row->has_bytes && row->bytes < value ? row->bytes : value;
		row->has_bytes = true;
	}
	return NULL;
}

/* TENSOR_FUSION says nothing of what its 0 stands for: it is none of our limits. */
static const char *take_json(void *to, const char *id, size_t length, uint64_t value)
{
	const struct taking *taking = to;

	if (value == 0 || (taking->is_sm && value > 100) || value == UINT64_MAX) {
		tell("%s: %llu for GPU %.*s is no %s: no limit is taken for it",
		     taking->is_sm ? SM_VARIABLES[SETTINGS_TENSOR_FUSION]
				   : MEMORY_VARIABLES[SETTINGS_TENSOR_FUSION],
		     (unsigned long long)value, (int)length, id,
		     taking->is_sm ? "percentage from 1 to 100" : "number of bytes from 1 on");
		return NULL;
	}
	return take_limit(to, id, length, value);
}

static void tell_refused(const char *name, const char *value, const char *why, bool is_sm)
{
	tell("%s=%.128s: %s: no limit is taken from it (write %s)", name, value, why,
	     is_sm ? "a percentage, such as 30%" : "a size, such as 8GiB");
}

static void read_list(const char *name, bool is_sm)
{
	struct taking taking = {SETTINGS_MVGAL, is_sm};
	const char *value = variable(name);
	const char *why =
	    value ? limit_list(value, is_sm ? limit_percent : limit_bytes, take_limit, &taking)
		  : NULL;

	if (why)
		tell_refused(name, value, why, is_sm);
}

static void read_json(const char *name, bool is_sm)
{
	struct taking taking = {SETTINGS_TENSOR_FUSION, is_sm};
	const char *value = variable(name);
	const char *why = value ? limit_json(value, take_json, &taking) : NULL;

	if (why)
		tell("%s=%.128s: %s: no limit is taken from it (write a map, such as {\"0\": %s})",
		     name, value, why, is_sm ? "30" : "8589934592");
}

/* A number of HAMi's: what it takes for a percentage may be more than 100, which is off. */
static bool hami_percent(const char *text, uint64_t *value)
{
	char *end;

	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

static void read_hami(const char *name, const char *id, bool is_sm)
{
	struct taking taking = {SETTINGS_HAMI, is_sm};
	const char *text = variable(name);
	uint64_t value;

	if (!text)
		return;
	if (!(is_sm ? hami_percent(text, &value) : limit_bytes(text, strlen(text), &value))) {
		tell_refused(name, text, "it is no such amount", is_sm);
		return;
	}
	/* 0 is as if it were unset: the value for all GPUs holds, where there is one. */
	if (value == 0)
		return;
	if (is_sm && value > SETTINGS_FULL_SM)
		value = SETTINGS_FULL_SM;
	take_limit(&taking, id, strlen(id), value);
}

static void read_hami_all(const char *base, bool is_sm)
{
	char name[64], id[16];

	read_hami(base, "", is_sm);
	for (int i = 0; i < HAMI_DEVICES; i++) {
		snprintf(id, sizeof(id), "%d", i);
		snprintf(name, sizeof(name), "%s_%s", base, id);
		read_hami(name, id, is_sm);
	}
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The name is a file's: lib/session/group.ts has the same. */
static bool is_group_name(const char *name)
{
	if (!is_name_char(*name) || strlen(name) > 64)
		return false;
	for (; *name; name++)
		if (!is_name_char(*name) && !strchr("_.-", *name))
			return false;
	return true;
}

static void read_group(struct settings *to)
{
	const char *name = variable("MVGAL_GROUP");

	if (name && is_group_name(name))
		strcpy(to->group, name);
	else if (name)
		tell("MVGAL_GROUP=%.128s: it is no name of a group: the program is in none (write "
		     "letters, digits, '_', '-' and '.')",
		     name);
}

static void read_environment(void)
{
	struct settings *to = &state.settings;
	const char *enabled = variable("ENABLE_MVGAL");
	const char *runtime = variable("MVGAL_RUNTIME_DIR");

	to->log = is_on("MVGAL_LOG");
	to->enabled = !enabled || !is_off(enabled);
	if (!to->enabled)
		return;
	to->pool = is_on("MVGAL_POOL");
	to->work_conserving = is_on("MVGAL_WORK_CONSERVING");
	if (runtime && strlen(runtime) < sizeof(to->runtime_dir))
		strcpy(to->runtime_dir, runtime);
	read_group(to);
	read_list(MEMORY_VARIABLES[SETTINGS_MVGAL], false);
	read_list(SM_VARIABLES[SETTINGS_MVGAL], true);
	read_json(MEMORY_VARIABLES[SETTINGS_TENSOR_FUSION], false);
	read_json(SM_VARIABLES[SETTINGS_TENSOR_FUSION], true);
	read_hami_all(MEMORY_VARIABLES[SETTINGS_HAMI], false);
	read_hami_all(SM_VARIABLES[SETTINGS_HAMI], true);
}

const struct settings *settings(void)
{
	pthread_once(&state.once, read_environment);
	return &state.settings;
}

/* How near a row names a GPU: 3 by UUID, 2 by ordinal, 1 as one of all, 0 not. */
static int nearness(const struct gpu_limit *row, int index, const char *uuid)
{
	char ordinal[16];

	if (!row->id[0])
		return 1;
	snprintf(ordinal, sizeof(ordinal), "%d", index);
	if (index >= 0 && !strcmp(row->id, ordinal))
		return 2;
	return uuid && !strcasecmp(bare(row->id), bare(uuid)) ? 3 : 0;
}

/* What a source says of a GPU; false where it says nothing. */
static bool said(enum settings_source source, bool is_sm, int index, const char *uuid,
		 uint64_t *value)
{
	const struct settings *all = settings();
	int best = 0;

	for (int i = 0; i < all->count; i++) {
		const struct gpu_limit *row = &all->limits[i];
		int near = nearness(row, index, uuid);

		if (row->source != source || !(is_sm ? row->has_sm : row->has_bytes) ||
		    near <= best)
			continue;
		best = near;
		*value = is_sm ? row->sm_pct : row->bytes;
	}
	return best > 0;
}

/* Tells once a GPU that two sources differ. */
static void tell_conflict(bool is_sm, int index, enum settings_source one, uint64_t a,
			  enum settings_source other, uint64_t b)
{
	atomic_uint_least64_t *told = is_sm ? &state.told_sm : &state.told_bytes;
	uint64_t bit = UINT64_C(1) << (index >= 0 && index < 63 ? index : 63);
	const char *const *names = is_sm ? SM_VARIABLES : MEMORY_VARIABLES;

	if (atomic_fetch_or(told, bit) & bit)
		return;
	tell("GPU %d: %s says %llu%s and %s %llu%s: the stricter holds", index, names[one],
	     (unsigned long long)a, is_sm ? "%" : " bytes", names[other], (unsigned long long)b,
	     is_sm ? "%" : " bytes");
}

static uint64_t strictest(bool is_sm, uint64_t none, int index, const char *uuid)
{
	enum settings_source by = SETTINGS_SOURCES;
	uint64_t least = none, value = 0;

	for (enum settings_source source = 0; source < SETTINGS_SOURCES; source++) {
		if (!said(source, is_sm, index, uuid, &value))
			continue;
		if (by != SETTINGS_SOURCES && value != least && value != none && least != none)
			tell_conflict(is_sm, index, by, least, source, value);
		if (by == SETTINGS_SOURCES || value < least) {
			least = value;
			by = source;
		}
	}
	return least;
}

void settings_for(int index, const char *uuid, uint64_t *bytes, uint32_t *sm_pct)
{
	*bytes = strictest(false, SETTINGS_NO_BYTES, index, uuid);
	*sm_pct = (uint32_t)strictest(true, SETTINGS_FULL_SM, index, uuid);
}
