/* SPDX-License-Identifier: MIT */
#include "group.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "group_file.h"
#include "process.h"
#include "say.h"
#include "settings.h"

static struct {
	pthread_mutex_t lock;
	/* What this process has: the slot is a copy of it for the others. */
	struct {
		char id[64];
		_Atomic uint64_t used;
	} gpus[MVGAL_SESSION_GPUS];
	atomic_uint count;
	/* Whether the slot of this process in the file was written by it, and not before an exec.
	 */
	bool has_slot;
	struct group_file file;
	atomic_bool said_gone, said_full, said_busy;
} group = {.lock = PTHREAD_MUTEX_INITIALIZER, .file = {.descriptor = -1}};

static bool is_named(void)
{
	return settings()->group[0] != '\0';
}

static uint32_t find(const char *id, uint32_t count)
{
	for (uint32_t gpu = 0; gpu < count; gpu++)
		if (!strcmp(group.gpus[gpu].id, id))
			return gpu;
	return GROUP_NO_GPU;
}

uint32_t group_gpu(const char *id)
{
	uint32_t gpu = find(id, atomic_load_explicit(&group.count, memory_order_acquire));
	uint32_t count;

	if (gpu != GROUP_NO_GPU || strlen(id) >= sizeof(group.gpus[0].id))
		return gpu;
	pthread_mutex_lock(&group.lock);
	count = atomic_load_explicit(&group.count, memory_order_relaxed);
	gpu = find(id, count);
	if (gpu == GROUP_NO_GPU && count < MVGAL_SESSION_GPUS) {
		gpu = count;
		strcpy(group.gpus[gpu].id, id);
		atomic_store_explicit(&group.count, count + 1, memory_order_release);
	}
	pthread_mutex_unlock(&group.lock);
	return gpu;
}

/* Opens the file, and says once what is wrong with it. With the lock of this process. */
static enum group_file_state open_file(bool lock)
{
	const char *name = settings()->group;
	enum group_file_state state = group_file_open(&group.file, name, lock);

	if (state == GROUP_FILE_NONE && !atomic_exchange(&group.said_gone, true))
		say("group %s: its file is not there, or is none that this shim knows: its limits "
		    "are "
		    "not kept",
		    name);
	if (state == GROUP_FILE_BUSY && !atomic_exchange(&group.said_busy, true))
		say("group %s: another process has held its lock for 2 s: out of memory", name);
	return state;
}

/* The own slot in the file, which is taken where there is none. Under the lock of the file. */
static int own_slot(void)
{
	uint64_t used[MVGAL_SESSION_GPUS] = {0};
	uint32_t count = atomic_load(&group.count);
	int slot = group.has_slot ? group_file_slot(&group.file) : -1;

	if (slot >= 0)
		return slot;
	for (uint32_t gpu = 0; gpu < count; gpu++) {
		uint32_t row = group_file_row(&group.file, group.gpus[gpu].id);

		if (row != GROUP_FILE_NO_ROW)
			used[row] = group.gpus[gpu].used;
	}
	slot = group_file_take_slot(&group.file, used);
	group.has_slot = slot >= 0;
	if (slot < 0 && !atomic_exchange(&group.said_full, true))
		say("group %s: no slot for this process (%d processes, or no /proc): it gets no "
		    "memory "
		    "of limited GPUs",
		    settings()->group, MVGAL_GROUP_SLOTS);
	return slot;
}

/* Whether bytes more fit the limit, by what is true for sure first. */
static bool fits(uint32_t row, uint64_t own, uint64_t limit)
{
	uint64_t all;

	if (own > limit)
		return false;
	all = group_file_others(&group.file, row, false);
	if (all > limit - own)
		all = group_file_others(&group.file, row, true);
	return all <= limit - own;
}

/* The same amount into the file; says no where the group has no room for it. */
static bool take_of_file(uint32_t gpu, uint64_t own, bool must)
{
	uint64_t limit;
	bool taken = false;
	uint32_t row;
	int slot;

	switch (open_file(true)) {
	case GROUP_FILE_NONE:
		return true;
	case GROUP_FILE_BUSY:
		return must;
	case GROUP_FILE_OPEN:
		break;
	}
	row = group_file_row(&group.file, group.gpus[gpu].id);
	if (row == GROUP_FILE_NO_ROW) {
		group_file_close(&group.file);
		return true;
	}
	limit = group.file.group.gpus[row].memory_limit_bytes;
	slot = own_slot();
	if (must || limit == GROUP_NO_LIMIT || (slot >= 0 && fits(row, own, limit)))
		taken = slot < 0 || group_file_write(&group.file, slot, row, own);
	group_file_close(&group.file);
	return taken || must;
}

static bool take(uint32_t gpu, uint64_t bytes, uint64_t own_limit, bool must)
{
	bool taken = false;
	int error = errno;
	uint64_t own;

	if (gpu == GROUP_NO_GPU || !bytes)
		return true;
	pthread_mutex_lock(&group.lock);
	if (!__builtin_add_overflow(group.gpus[gpu].used, bytes, &own) &&
	    (must || own <= own_limit))
		taken = !is_named() || take_of_file(gpu, own, must);
	if (taken)
		group.gpus[gpu].used = own;
	pthread_mutex_unlock(&group.lock);
	errno = error;
	return taken;
}

bool group_take(uint32_t gpu, uint64_t bytes, uint64_t own_limit)
{
	return take(gpu, bytes, own_limit, false);
}

void group_add(uint32_t gpu, uint64_t bytes)
{
	take(gpu, bytes, GROUP_NO_LIMIT, true);
}

void group_give(uint32_t gpu, uint64_t bytes)
{
	int error = errno;
	uint64_t own;

	if (gpu == GROUP_NO_GPU || !bytes)
		return;
	pthread_mutex_lock(&group.lock);
	own = group.gpus[gpu].used;
	own -= bytes < own ? bytes : own;
	group.gpus[gpu].used = own;
	/* No lock of the file: nobody else writes to this slot, and less is never too much. */
	if (is_named() && group.has_slot && open_file(false) == GROUP_FILE_OPEN) {
		uint32_t row = group_file_row(&group.file, group.gpus[gpu].id);
		int slot = group_file_slot(&group.file);

		if (row != GROUP_FILE_NO_ROW && slot >= 0)
			group_file_write(&group.file, slot, row, own);
		group_file_close(&group.file);
	}
	pthread_mutex_unlock(&group.lock);
	errno = error;
}

struct group_use group_use_named(const char *id)
{
	struct group_use use = {.limit = GROUP_NO_LIMIT};
	uint32_t gpu = find(id, atomic_load_explicit(&group.count, memory_order_acquire));
	int error = errno;

	pthread_mutex_lock(&group.lock);
	use.own = gpu == GROUP_NO_GPU ? 0 : group.gpus[gpu].used;
	use.all = use.own;
	if (is_named() && open_file(false) == GROUP_FILE_OPEN) {
		uint32_t row = group_file_row(&group.file, id);

		if (row != GROUP_FILE_NO_ROW) {
			uint64_t others = group_file_others(&group.file, row, true);

			if (__builtin_add_overflow(use.own, others, &use.all))
				use.all = UINT64_MAX;
			use.limit = group.file.group.gpus[row].memory_limit_bytes;
		}
		group_file_close(&group.file);
	}
	pthread_mutex_unlock(&group.lock);
	errno = error;
	return use;
}

struct group_use group_use(uint32_t gpu)
{
	if (gpu == GROUP_NO_GPU)
		return (struct group_use){.limit = GROUP_NO_LIMIT};
	return group_use_named(group.gpus[gpu].id);
}

uint64_t group_own(uint32_t gpu)
{
	return gpu == GROUP_NO_GPU ? 0 : group.gpus[gpu].used;
}

void group_limits(const char *id, uint64_t *bytes, uint32_t *compute_pct)
{
	int error = errno;

	*bytes = GROUP_NO_LIMIT;
	*compute_pct = SETTINGS_FULL_SM;
	if (!is_named())
		return;
	pthread_mutex_lock(&group.lock);
	if (open_file(false) == GROUP_FILE_OPEN) {
		uint32_t row = group_file_row(&group.file, id);

		if (row != GROUP_FILE_NO_ROW) {
			const struct mvgal_group_gpu *gpu = &group.file.group.gpus[row];

			*bytes = gpu->memory_limit_bytes;
			if (gpu->compute_pct >= 1 && gpu->compute_pct <= SETTINGS_FULL_SM)
				*compute_pct = gpu->compute_pct;
		}
		group_file_close(&group.file);
	}
	pthread_mutex_unlock(&group.lock);
	errno = error;
}

void group_after_fork(void)
{
	group.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	group_file_after_fork();
	process_after_fork();
	group.has_slot = false;
	for (uint32_t gpu = 0; gpu < MVGAL_SESSION_GPUS; gpu++)
		atomic_store(&group.gpus[gpu].used, 0);
}
