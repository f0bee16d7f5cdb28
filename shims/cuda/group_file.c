/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "group_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

/* Who has the lock reads and writes some KiB: longer than this, and the process does not run. */
#define LOCK_NS 2000000000u
#define NAP_LEAST_NS 20000
#define NAP_MOST_NS 1000000

static struct {
	/* That which this process has open, whose lock a child of fork would keep. */
	atomic_int descriptor;
} group_file = {.descriptor = -1};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int open_below(const char *base, const char *name)
{
	char path[512];
	int length = snprintf(path, sizeof(path), "%s/groups/%s", base, name);

	if (base[0] != '/' || length < 0 || (size_t)length >= sizeof(path))
		return -1;
	return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

/* As shims/session/place.c looks for the sessions. */
static int open_named(const char *name)
{
	const char *chosen = secure_getenv("MVGAL_RUNTIME_DIR");
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	char base[384];
	int file;

	if (chosen && chosen[0])
		return open_below(chosen, name);
	file = open_below("/run/mvgal", name);
	if (file >= 0 || !runtime ||
	    (size_t)snprintf(base, sizeof(base), "%s/mvgal", runtime) >= sizeof(base))
		return file;
	return open_below(base, name);
}

/* The kernel gives the lock up when its holder dies. */
static bool take_lock(int file)
{
	uint64_t until = now_ns() + LOCK_NS;
	struct timespec nap = {.tv_nsec = NAP_LEAST_NS};

	while (flock(file, LOCK_EX | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || now_ns() > until)
			return false;
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < NAP_MOST_NS)
			nap.tv_nsec *= 2;
	}
	return true;
}

static bool is_sound(const struct mvgal_group *group)
{
	return group->magic == MVGAL_GROUP_MAGIC &&
	       group->layout_version == MVGAL_SESSION_LAYOUT_VERSION &&
	       group->file_bytes == sizeof(*group) && group->gpu_count <= MVGAL_SESSION_GPUS;
}

enum group_file_state group_file_open(struct group_file *file, const char *name, bool lock)
{
	enum group_file_state state = GROUP_FILE_NONE;
	struct stat info;

	file->descriptor = open_named(name);
	if (file->descriptor < 0)
		return state;
	atomic_store(&group_file.descriptor, lock ? file->descriptor : -1);
	if (fstat(file->descriptor, &info) < 0 || !S_ISREG(info.st_mode) ||
	    info.st_size != sizeof(file->group))
		goto fail;
	if (lock && !take_lock(file->descriptor)) {
		state = GROUP_FILE_BUSY;
		goto fail;
	}
	if (pread(file->descriptor, &file->group, sizeof(file->group), 0) == sizeof(file->group) &&
	    is_sound(&file->group))
		return GROUP_FILE_OPEN;
fail:
	group_file_close(file);
	return state;
}

void group_file_close(struct group_file *file)
{
	atomic_store(&group_file.descriptor, -1);
	/* Not by closing alone: a child that was forked meanwhile has the same file open. */
	flock(file->descriptor, LOCK_UN);
	close(file->descriptor);
	file->descriptor = -1;
}

void group_file_after_fork(void)
{
	int descriptor = atomic_exchange(&group_file.descriptor, -1);

	if (descriptor >= 0)
		close(descriptor);
}

uint32_t group_file_row(const struct group_file *file, const char *id)
{
	for (uint32_t row = 0; row < file->group.gpu_count; row++)
		if (!strncmp(file->group.gpus[row].id, id, sizeof(file->group.gpus[row].id)))
			return row;
	return GROUP_FILE_NO_ROW;
}

int group_file_slot(const struct group_file *file)
{
	const struct process *own = process_own();

	for (int slot = 0; own->start_time && slot < MVGAL_GROUP_SLOTS; slot++)
		if (file->group.slots[slot].pid == own->pid &&
		    file->group.slots[slot].start_time == own->start_time)
			return slot;
	return -1;
}

static off_t slot_at(int slot)
{
	return (off_t)(offsetof(struct mvgal_group, slots) +
		       (size_t)slot * sizeof(struct mvgal_group_slot));
}

static bool is_living(const struct mvgal_group_slot *slot)
{
	return slot->pid && process_lives(slot->pid, slot->start_time);
}

static bool write_slot(struct group_file *file, int slot, const struct mvgal_group_slot *row)
{
	const size_t pid_bytes = sizeof(row->pid);

	/* The pid last: until then nobody takes the rest for what a process uses. */
	return pwrite(file->descriptor, &(uint32_t){0}, pid_bytes, slot_at(slot)) ==
		   (ssize_t)pid_bytes &&
	       pwrite(file->descriptor, (const char *)row + pid_bytes, sizeof(*row) - pid_bytes,
		      slot_at(slot) + (off_t)pid_bytes) == (ssize_t)(sizeof(*row) - pid_bytes) &&
	       pwrite(file->descriptor, &row->pid, pid_bytes, slot_at(slot)) == (ssize_t)pid_bytes;
}

int group_file_take_slot(struct group_file *file, const uint64_t used[MVGAL_SESSION_GPUS])
{
	const struct process *own = process_own();
	struct mvgal_group_slot row = {.pid = own->pid, .start_time = own->start_time};
	int slot = group_file_slot(file);

	if (!own->start_time)
		return -1;
	for (int i = 0; slot < 0 && i < MVGAL_GROUP_SLOTS; i++)
		if (!file->group.slots[i].pid)
			slot = i;
	for (int i = 0; slot < 0 && i < MVGAL_GROUP_SLOTS; i++)
		if (!is_living(&file->group.slots[i]))
			slot = i;
	for (int i = 0; i < MVGAL_SESSION_GPUS; i++)
		atomic_init(&row.used_bytes[i], used[i]);
	if (slot < 0 || !write_slot(file, slot, &row))
		return -1;
	memcpy(&file->group.slots[slot], &row, sizeof(row));
	return slot;
}

bool group_file_write(struct group_file *file, int slot, uint32_t row, uint64_t used)
{
	off_t at = slot_at(slot) +
		   (off_t)(offsetof(struct mvgal_group_slot, used_bytes) + row * sizeof(used));

	return pwrite(file->descriptor, &used, sizeof(used), at) == sizeof(used);
}

uint64_t group_file_others(const struct group_file *file, uint32_t row, bool living)
{
	int own = group_file_slot(file);
	uint64_t sum = 0;

	for (int i = 0; i < MVGAL_GROUP_SLOTS; i++) {
		const struct mvgal_group_slot *slot = &file->group.slots[i];
		uint64_t used = slot->used_bytes[row];

		if (i == own || !slot->pid || !used || (living && !is_living(slot)))
			continue;
		if (__builtin_add_overflow(sum, used, &sum))
			return UINT64_MAX;
	}
	return sum;
}
