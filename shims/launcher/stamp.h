/* SPDX-License-Identifier: MIT */
/*
 * How a start knows, without reading 90 MB, that a cache still holds what was put there: a stamp
 * file with device, inode, size, mtime and ctime of each file, written when the content had been
 * compared. No one but the kernel sets a ctime, and every write, truncation, chmod or replacement
 * through the file system changes it or the inode; setting the mtime back does too. Where the stamp
 * does not match, the content is compared again, byte for byte, with what the executable holds:
 * stronger than any hash, and no slower.
 *
 * This finds damage and other people's files. It does not keep out a program that runs as the same
 * user.
 */
#ifndef MVGAL_LAUNCHER_STAMP_H
#define MVGAL_LAUNCHER_STAMP_H

#include <stdbool.h>

#include "payload.h"

/* Whether `dir` is a directory of ours and no one else can reach into it. */
bool stamp_is_private(int dir);

/* Whether every file is as it was when the stamp was written. */
bool stamp_matches(int dir, const struct payload *payload);

/* Compares every file with the payload, then writes the stamp. -1 when one differs. */
int stamp_verify(int dir, const struct payload *payload, struct why *why);

/* Writes the stamp of files just written. */
int stamp_write(int dir, const struct payload *payload, struct why *why);

/* Notes that the cache is in use, at most once a day: see sweep.h. */
void stamp_touch(int dir);

/* When the cache was last started, within a day, in seconds since 1970; -1 when unknown. */
long long stamp_last_use(int dir);

#endif
