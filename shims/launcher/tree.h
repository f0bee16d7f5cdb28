/* SPDX-License-Identifier: MIT */
/* Files and directories below a directory that is open. No function follows a symbolic link. */
#ifndef MVGAL_LAUNCHER_TREE_H
#define MVGAL_LAUNCHER_TREE_H

#include <stddef.h>
#include <sys/types.h>

#include "why.h"

/* Creates a directory and those above it, each 0700 where it is missing. */
int tree_make(const char *path, struct why *why);

/* Removes what is there, file or directory, as far as rights go. */
void tree_remove(int dir, const char *name);

/*
 * Writes a file that does not exist yet, in a subdirectory of mode 0700 where the name has one, and
 * waits until it is on the disk: a directory that is renamed into place must not hold empty files
 * after a crash.
 */
int tree_write(int dir, const char *name, mode_t mode, const void *data, size_t size,
	       struct why *why);

/* write() of everything. */
int write_all(int fd, const void *data, size_t size);

#endif
