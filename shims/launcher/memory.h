/* SPDX-License-Identifier: MIT */
/* The files of the payload in memory: one sealed memfd each, for when no directory can hold them.
 */
#ifndef MVGAL_LAUNCHER_MEMORY_H
#define MVGAL_LAUNCHER_MEMORY_H

#include "payload.h"

struct memory {
	int fd[MAX_FILES]; /* as in payload->files; -1 where a file is of no use in memory */
};

/*
 * Unpacks the files. The runtime's descriptor closes when it is executed; the others stay open from
 * payload->script_fd upwards.
 */
int memory_open(struct memory *memory, const struct payload *payload, struct why *why);

void memory_close(struct memory *memory);

/* Moves a descriptor to `wanted`, or to a higher one where that is taken, open across execve(). -1:
 * errno. */
int memory_place(int fd, int wanted);

#endif
