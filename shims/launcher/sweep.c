/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "payload.h"
#include "stamp.h"
#include "tree.h"

#define UNUSED_FOR (14 * 86400)

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A stream of its own: closing it leaves the store's descriptor open. */
static DIR *list(int store)
{
	int fd = openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (!stream && fd >= 0)
		close(fd);
	return stream;
}

void sweep_leftovers(int store)
{
	DIR *stream = list(store);
	struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream)))
		if (starts_with(entry->d_name, SWEEP_NEW) || starts_with(entry->d_name, SWEEP_OLD))
			tree_remove(store, entry->d_name);
	closedir(stream);
}

/* readlink() of a name in /proc, as text. */
static bool read_link(const char *name, char target[PATH_MAX])
{
	ssize_t n = readlink(name, target, PATH_MAX - 1);

	if (n < 0)
		return false;
	target[n] = '\0';
	return true;
}

/* Whether a process's executable lies in the directory; true too where that cannot be found out. */
static bool is_running(int dir)
{
	char link[NAME_MAX + 16], path[PATH_MAX], target[PATH_MAX];
	bool found = false;
	struct dirent *entry;
	DIR *stream;
	size_t length;

	/* The kernel's own name for it: the path that led here may hold symbolic links. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	if (!read_link(link, path))
		return true;
	length = strlen(path);
	stream = opendir("/proc");
	if (!stream)
		return true;
	while (!found && (entry = readdir(stream))) {
		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name))
			continue;
		snprintf(link, sizeof(link), "/proc/%s/exe", entry->d_name);
		/* Not readable: gone, or another user's, who cannot run from a private directory.
		 */
		if (read_link(link, target))
			found = starts_with(target, path) && target[length] == '/';
	}
	closedir(stream);
	return found;
}

static bool is_version(const char *name)
{
	return strlen(name) == HASH_LENGTH && strspn(name, "0123456789abcdef") == HASH_LENGTH;
}

/* No stamp (-1) counts as long ago: such a directory was never whole. */
static bool is_forgotten(int dir)
{
	return stamp_is_private(dir) && stamp_last_use(dir) + UNUSED_FOR < time(NULL);
}

void sweep_versions(int store, const char *keep)
{
	DIR *stream = list(store);
	struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		int dir;

		if (!is_version(entry->d_name) || strcmp(entry->d_name, keep) == 0)
			continue;
		dir = openat(store, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0)
			continue;
		if (is_forgotten(dir) && !is_running(dir))
			tree_remove(store, entry->d_name);
		close(dir);
	}
	closedir(stream);
}
