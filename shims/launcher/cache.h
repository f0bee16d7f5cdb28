/* SPDX-License-Identifier: MIT */
/*
 * The directory in which the files of the payload lie unpacked between starts:
 *
 *	$XDG_CACHE_HOME/mvgal/HASH/	or $HOME/.cache/mvgal/HASH/
 *
 * Files appear there all at once: they are written to a directory beside it, which is then renamed.
 *Whoever unpacks, replaces or removes holds a lock; who only starts takes none. A directory that is
 *not ours or not private is put aside and removed, never used.
 */
#ifndef MVGAL_LAUNCHER_CACHE_H
#define MVGAL_LAUNCHER_CACHE_H

#include <limits.h>

#include "payload.h"

struct cache {
	int dir;	     /* open */
	char path[PATH_MAX]; /* absolute */
};

/* Opens the user's cache, unpacking the files first where they are missing or damaged. */
int cache_open_home(struct cache *cache, const struct payload *payload, struct why *why);

/*
 * The same in $TMPDIR or /tmp (mvgal-UID/HASH), for when there is neither a home directory nor a
 * way to run from memory.
 */
int cache_open_temporary(struct cache *cache, const struct payload *payload, struct why *why);

#endif
