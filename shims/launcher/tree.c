/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Deeper than anything that a cache of ours holds. */
#define MAX_DEPTH 8

int tree_make(const char *path, struct why *why)
{
	char part[PATH_MAX];
	size_t length = strlen(path);

	if (length >= sizeof(part))
		return because(why, "%.64s...: name too long", path);
	memcpy(part, path, length + 1);
	for (char *at = part + 1;; at++) {
		bool last = *at == '\0';

		if (!last && *at != '/')
			continue;
		*at = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return because(why, "cannot create %s: %s", part, strerror(errno));
		if (last)
			return 0;
		*at = '/';
	}
}

static void remove_at(int dir, const char *name, int depth)
{
	struct dirent *entry;
	DIR *stream;
	int fd;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT || depth == MAX_DEPTH)
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream) {
		if (fd >= 0)
			close(fd);
	} else {
		while ((entry = readdir(stream)))
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				remove_at(fd, entry->d_name, depth + 1);
		closedir(stream);
	}
	unlinkat(dir, name, AT_REMOVEDIR);
}

void tree_remove(int dir, const char *name)
{
	remove_at(dir, name, 0);
}

int write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* EINVAL: a file system that has nothing to wait for. */
static int flush(int fd)
{
	return fdatasync(fd) < 0 && errno != EINVAL ? -1 : 0;
}

int tree_write(int dir, const char *name, mode_t mode, const void *data, size_t size,
	       struct why *why)
{
	const char *slash = strchr(name, '/');
	int fd, failed;

	if (slash) {
		char parent[NAME_MAX + 1];

		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - name), name);
		if (mkdirat(dir, parent, 0700) < 0 && errno != EEXIST)
			return because(why, "cannot create %s: %s", parent, strerror(errno));
	}
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return because(why, "cannot create %s: %s", name, strerror(errno));
	failed = write_all(fd, data, size) < 0 || flush(fd) < 0;
	if (failed)
		because(why, "cannot write %s: %s", name, strerror(errno));
	/* Some network file systems report a full disk here. */
	if (close(fd) < 0 && !failed) {
		because(why, "cannot write %s: %s", name, strerror(errno));
		failed = 1;
	}
	return failed ? -1 : 0;
}
