/* SPDX-License-Identifier: MIT */
/*
 * Where the page is: in sealed memory of the program's own, which mvgal reaches through the ticket,
 * a small file in the directory of sessions that names the descriptor.
 *
 * The page is no file of that directory, since who cuts a mapped file short kills the program by
 * SIGBUS at its next count. Nobody can cut sealed memory.
 */
#ifndef MVGAL_SESSION_PLACE_H
#define MVGAL_SESSION_PLACE_H

#include "mvgal_session.h"

struct place {
	int descriptor;
	unsigned long long inode; /* of the memory: the program may have closed the descriptor */
	int pid;
	char ticket[512]; /* path; empty where there is none */
};

/* Makes the page, its header filled, and the ticket. NULL where that cannot be. */
struct mvgal_session_page *place_take(struct place *place, const char *api);

/* In a child after fork: leaves the parent's page alone. Safe in a signal handler. */
void place_leave(struct place *place, struct mvgal_session_page *page);

/* Removes the ticket of this process. The page stays mapped. */
void place_remove(struct place *place);

#endif
