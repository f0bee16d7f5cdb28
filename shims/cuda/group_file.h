/* SPDX-License-Identifier: MIT */
/*
 * The file of a group (docs/sessions.md): opened for each use, and read and written as a file,
 * never mapped. Whoever cuts it short or removes it does the program no harm.
 */
#ifndef MVGAL_CUDA_GROUP_FILE_H
#define MVGAL_CUDA_GROUP_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "mvgal_session.h"

#define GROUP_FILE_NO_ROW UINT32_MAX

enum group_file_state {
	GROUP_FILE_OPEN,
	GROUP_FILE_NONE, /* there is none, or no sound one */
	GROUP_FILE_BUSY, /* somebody else has had its lock for too long */
};

/* What was read; and under the lock, nobody else allocates meanwhile. */
struct group_file {
	int descriptor;
	struct mvgal_group group;
};

enum group_file_state group_file_open(struct group_file *file, const char *name, bool lock);
void group_file_close(struct group_file *file);

/* Row of a GPU, by its stable name. */
uint32_t group_file_row(const struct group_file *file, const char *id);

/* The slot of this process; -1 where it has none. */
int group_file_slot(const struct group_file *file);

/*
 * Takes a slot, the own one that is left of a program before exec first, and writes what it uses.
 * Under the lock. -1 where all are taken by processes that live.
 */
int group_file_take_slot(struct group_file *file, const uint64_t used[MVGAL_SESSION_GPUS]);

/* Writes one number of the own slot. */
bool group_file_write(struct group_file *file, int slot, uint32_t row, uint64_t used);

/*
 * What the slots but the own one use of a GPU; those of processes that ended are told from the
 * others only where `living` asks for it, which takes reading /proc.
 */
uint64_t group_file_others(const struct group_file *file, uint32_t row, bool living);

/* In a child after fork: it is another process, and has no lock. */
void group_file_after_fork(void);

#endif
