/* SPDX-License-Identifier: MIT */
/*
 * Becoming the runtime: its arguments and its environment.
 *
 * What the program is to know of its start goes into variables, which lib/launch/self.ts reads and
 *removes:
 *
 *	MVGAL_LAUNCHER_ARGV0        argv[0] as it was
 *	MVGAL_LAUNCHER_SELF         the absolute path of this executable
 *	MVGAL_LAUNCHER_DIR          the directory of the files; absent when they are in memory
 *	MVGAL_LAUNCHER_FDS          "FD:NAME FD:NAME": files passed as open descriptors
 *	MVGAL_LAUNCHER_SET          "NAME NAME": variables that are for the runtime alone
 *	MVGAL_LAUNCHER_KEEP_NAME    the user's own variable NAME, hidden from the runtime
 */
#ifndef MVGAL_LAUNCHER_START_H
#define MVGAL_LAUNCHER_START_H

#include "memory.h"
#include "payload.h"

struct start {
	const struct payload *payload;
	char **argv;
	char **env;
	const char *self;    /* NULL: not known */
	const char *dir;     /* NULL: files are in memory */
	const char *preload; /* path of a library to load into the runtime, or NULL */
	mode_t umask;	     /* the user's */
	struct memory files; /* what is passed as descriptors; -1: not */
};

/* Executes the runtime open at `fd`, or at `path` where fd is -1. Returns only on failure, with
 * errno. */
int start_runtime(const struct start *start, int fd, const char *path, struct why *why);

#endif
