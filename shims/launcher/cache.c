/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "stamp.h"
#include "sweep.h"
#include "tree.h"

#define LOCK ".lock"

/* How long to wait for another start that is unpacking; then this one runs from memory. */
#define LOCK_WAIT_MS 30000
#define LOCK_STEP_MS 20

static int open_directory(int at, const char *path, int flags)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
}

/*
 * Opens the directory that is to hold ours. It has to be the user's own, or sticky as /tmp is: else
 * others could exchange what is in it between the check and the start. Group-writable is let pass:
 * where each user has a group, umask 002 makes it so.
 */
static int open_base(const char *path, struct why *why)
{
	struct statvfs fs;
	struct stat st;
	int fd = open_directory(AT_FDCWD, path, 0);

	if (fd < 0)
		return because(why, "cannot open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0)
		because(why, "cannot examine %s: %s", path, strerror(errno));
	else if (fs.f_flag & ST_NOEXEC)
		because(why, "%s is on a file system mounted noexec", path);
	else if (!(st.st_mode & S_ISVTX) && st.st_uid != geteuid())
		because(why, "%s belongs to another user", path);
	else if (!(st.st_mode & S_ISVTX) && (st.st_mode & S_IWOTH))
		because(why, "%s can be written by everyone", path);
	else
		return fd;
	close(fd);
	return -1;
}

/* A link counts as what it leads to if the user made it: the cache may live on another disk. */
static int open_own(int base, const char *name, struct why *why)
{
	struct stat st;
	int flags = O_NOFOLLOW, fd;

	if (fstatat(base, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) &&
	    st.st_uid == geteuid())
		flags = 0;
	fd = open_directory(base, name, flags);
	if (fd < 0)
		return because(why, "cannot open %s: %s", name, strerror(errno));
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid())
		because(why, "%s belongs to another user", name);
	else if ((st.st_mode & 07777) != 0700 && fchmod(fd, 0700) < 0)
		because(why, "cannot make %s private: %s", name, strerror(errno));
	else
		return fd;
	close(fd);
	return -1;
}

/* Moves something away under a name that no start looks for, and removes it as far as rights go. */
static int put_aside(int dir, const char *name, const char *prefix, struct why *why)
{
	char aside[64];

	snprintf(aside, sizeof(aside), "%s%ld", prefix, (long)getpid());
	tree_remove(dir, aside);
	if (renameat(dir, name, dir, aside) < 0 && errno != ENOENT)
		return because(why, "cannot replace %s: %s", name, strerror(errno));
	tree_remove(dir, aside);
	return 0;
}

/* Opens the directory of all versions, made or replaced where it has to be. */
static int open_store(int base, const char *name, struct why *why)
{
	int fd;

	if (mkdirat(base, name, 0700) < 0 && errno != EEXIST)
		return because(why, "cannot create %s: %s", name, strerror(errno));
	fd = open_own(base, name, why);
	if (fd >= 0)
		return fd;
	if (put_aside(base, name, ".mvgal-old-", why) < 0)
		return -1;
	if (mkdirat(base, name, 0700) < 0 && errno != EEXIST)
		return because(why, "cannot create %s: %s", name, strerror(errno));
	return open_own(base, name, why);
}

/* The kernel releases the lock with the descriptor, also when the process is killed. */
static int lock(int store, struct why *why)
{
	struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};
	int fd = openat(store, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return because(why, "cannot open the lock: %s", strerror(errno));
	for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		nanosleep(&step, NULL);
	}
	because(why, "cannot lock it: %s", strerror(errno));
	close(fd);
	return -1;
}

static int open_version(int store, const char *hash)
{
	int fd = open_directory(store, hash, O_NOFOLLOW);

	if (fd >= 0 && !stamp_is_private(fd)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Writes every file to a new directory and stamps it. */
static int unpack_all(int dir, const struct payload *payload, struct why *why)
{
	for (size_t i = 0; i < payload->n_files; i++) {
		const struct file *file = &payload->files[i];
		void *data = payload_unpack(payload, file, why);
		int failed;

		if (!data)
			return -1;
		failed = tree_write(dir, file->name, file->mode, data, file->size, why);
		free(data);
		if (failed)
			return -1;
	}
	return stamp_write(dir, payload, why);
}

/* Puts a fresh directory in place of what is there. The caller holds the lock. */
static int replace(int store, const struct payload *payload, struct why *why)
{
	char fresh[32];
	int dir;

	snprintf(fresh, sizeof(fresh), SWEEP_NEW "%ld", (long)getpid());
	if (mkdirat(store, fresh, 0700) < 0)
		return because(why, "cannot create %s: %s", fresh, strerror(errno));
	dir = open_directory(store, fresh, O_NOFOLLOW);
	if (dir < 0) {
		because(why, "cannot open %s: %s", fresh, strerror(errno));
		goto fail;
	}
	if (unpack_all(dir, payload, why) < 0)
		goto fail;
	if (put_aside(store, payload->hash, SWEEP_OLD, why) < 0)
		goto fail;
	if (renameat(store, fresh, store, payload->hash) < 0) {
		because(why, "cannot rename %s: %s", fresh, strerror(errno));
		goto fail;
	}
	return dir;

fail:
	if (dir >= 0)
		close(dir);
	tree_remove(store, fresh);
	return -1;
}

/* Makes the version whole: by comparing it, or by unpacking it again. */
static int repair(int store, const struct payload *payload, struct why *why)
{
	int held = lock(store, why);
	int dir;

	if (held < 0)
		return -1;
	sweep_leftovers(store);
	dir = open_version(store, payload->hash);
	if (dir >= 0 && !stamp_matches(dir, payload) && stamp_verify(dir, payload, why) < 0) {
		close(dir);
		dir = -1;
	}
	if (dir < 0) {
		dir = replace(store, payload, why);
		if (dir >= 0)
			sweep_versions(store, payload->hash);
	}
	close(held);
	return dir;
}

/* `path`: the directory that holds ours; `name`: what ours is called in it. */
static int open_in(struct cache *cache, const char *path, const char *name,
		   const struct payload *payload, struct why *why)
{
	struct why inner;
	int base, store;

	base = open_base(path, why);
	if (base < 0)
		return -1;
	store = open_store(base, name, &inner);
	close(base);
	if (store < 0)
		return because_at(why, path, &inner);

	snprintf(cache->path, sizeof(cache->path), "%s/%s", path, name);
	cache->dir = open_version(store, payload->hash);
	if (cache->dir >= 0 && stamp_matches(cache->dir, payload)) {
		stamp_touch(cache->dir);
	} else {
		if (cache->dir >= 0)
			close(cache->dir);
		cache->dir = repair(store, payload, &inner);
		if (cache->dir < 0)
			because_at(why, cache->path, &inner);
	}
	close(store);
	if (cache->dir < 0)
		return -1;
	snprintf(cache->path, sizeof(cache->path), "%s/%s/%s", path, name, payload->hash);
	return 0;
}

/* The directory is the user's: not another's under sudo, and not one that no one made. */
static bool is_own_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

/* How many bytes follow the first of a character; -1 where none can start so. RFC 3629, section 4.
 */
static int bytes_after(unsigned char first)
{
	if (first < 0x80)
		return 0;
	if (first < 0xc2 || first > 0xf4)
		return -1;
	return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

/* Deno takes no other paths. Overlong forms and surrogates of three and four bytes are let pass. */
static bool is_utf8(const char *text)
{
	while (*text) {
		int more = bytes_after((unsigned char)*text++);

		if (more < 0)
			return false;
		for (; more > 0; more--)
			if (((unsigned char)*text++ & 0xc0) != 0x80)
				return false;
	}
	return true;
}

/* Absolute, with room for "/.cache", "/mvgal", the hash and a file's name behind it. */
static bool is_usable(const char *path)
{
	return path && *path == '/' && strlen(path) < PATH_MAX - 256 && is_utf8(path);
}

int cache_open_home(struct cache *cache, const struct payload *payload, struct why *why)
{
	/* secure_getenv: not where the file is setuid or has capabilities. */
	const char *xdg = secure_getenv("XDG_CACHE_HOME");
	const char *home = secure_getenv("HOME");
	char path[PATH_MAX];

	/* XDG Base Directory Specification 0.8: a relative path is invalid and is to be ignored. */
	if (is_usable(xdg)) {
		if (tree_make(xdg, why) < 0)
			return -1;
		return open_in(cache, xdg, "mvgal", payload, why);
	}
	if (!is_usable(home))
		return because(
		    why, "neither XDG_CACHE_HOME nor HOME is set to an absolute path in UTF-8");
	if (!is_own_directory(home))
		return because(why, "HOME=%s is not a directory of this user", home);
	snprintf(path, sizeof(path), "%s/.cache", home);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return because(why, "cannot create %s: %s", path, strerror(errno));
	return open_in(cache, path, "mvgal", payload, why);
}

int cache_open_temporary(struct cache *cache, const struct payload *payload, struct why *why)
{
	const char *tmp = secure_getenv("TMPDIR");
	char name[32];

	if (!is_usable(tmp))
		tmp = "/tmp";
	snprintf(name, sizeof(name), "mvgal-%ld", (long)geteuid());
	return open_in(cache, tmp, name, payload, why);
}
