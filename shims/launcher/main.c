/* SPDX-License-Identifier: MIT */
/*
 * The single file's own program: finds what is packed behind it, unpacks it once to the user's
 * cache or, where there can be none, to memory, and becomes it. No process stays behind, so
 * signals, exit status and descriptors are the runtime's own.
 *
 * Without /proc nothing in memory has a name by which it could be loaded: then a directory in /tmp
 * serves, and noproc.c tells the runtime where its executable is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "memory.h"
#include "payload.h"
#include "start.h"
#include "why.h"

#define SELF "/proc/self/exe"

extern char **environ;

struct launcher {
	struct payload payload;
	struct start start;
	char self[PATH_MAX]; /* empty: not known */
	bool has_proc;
};

/* The path that the kernel was given to execute; relative to the directory we are still in. */
static const char *given_path(void)
{
	return (const char *)getauxval(AT_EXECFN);
}

static bool is_open_at(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* The absolute path under which to start this same file again; empty when it has none any more. */
static void find_path(int fd, char path[PATH_MAX])
{
	ssize_t n = readlink(SELF, path, PATH_MAX - 1);

	path[n > 0 ? n : 0] = '\0';
	if (n > 0 && is_open_at(fd, path))
		return;
	if (!given_path() || !realpath(given_path(), path) || !is_open_at(fd, path))
		path[0] = '\0';
}

/*
 * Opens this executable and reads what is packed in it. /proc/self/exe is another program where an
 * emulator runs this one, and there is none without /proc: then the given path counts.
 */
static int open_self(struct launcher *launcher, struct why *why)
{
	const char *paths[] = {SELF, given_path()};

	because(why, "it cannot be found");
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		int fd = paths[i] ? open(paths[i], O_RDONLY | O_CLOEXEC) : -1;

		if (fd < 0)
			continue;
		if (payload_open(&launcher->payload, fd, why) == 0) {
			find_path(fd, launcher->self);
			return 0;
		}
		close(fd);
	}
	return -1;
}

static void no_descriptors(struct memory *files)
{
	for (size_t i = 0; i < MAX_FILES; i++)
		files->fd[i] = -1;
}

/*
 * Passes the script as a descriptor, so that its name is the same wherever the cache is: what the
 * runtime remembers of a script it remembers by name. Where that fails the script's own path does.
 */
static void pass_script(struct launcher *launcher, int dir)
{
	for (size_t i = 0; i < launcher->payload.n_files; i++) {
		const struct file *file = &launcher->payload.files[i];
		int fd;

		if (file->role != ROLE_SCRIPT || launcher->payload.script_fd < 0)
			continue;
		fd = openat(dir, file->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			launcher->start.files.fd[i] = memory_place(fd, launcher->payload.script_fd);
	}
}

/* Returns only on failure. */
static int start_from_cache(struct launcher *launcher, const struct cache *cache, struct why *why)
{
	const struct file *runtime = payload_find(&launcher->payload, ROLE_RUNTIME);
	const struct file *preload = payload_find(&launcher->payload, ROLE_PRELOAD);
	char path[PATH_MAX + NAME_MAX], preload_path[PATH_MAX + NAME_MAX];

	launcher->start.dir = cache->path;
	launcher->start.preload = NULL;
	no_descriptors(&launcher->start.files);
	if (launcher->has_proc) {
		pass_script(launcher, cache->dir);
	} else if (preload) {
		/* ld.so(8): these two separate entries of LD_PRELOAD and cannot be escaped. */
		if (strpbrk(cache->path, ": "))
			return because(
			    why, "without /proc, %s cannot be used: it has a space or a colon",
			    cache->path);
		snprintf(preload_path, sizeof(preload_path), "%s/%s", cache->path, preload->name);
		launcher->start.preload = preload_path;
	}
	snprintf(path, sizeof(path), "%s/%s", cache->path, runtime->name);
	start_runtime(&launcher->start, -1, path, why);
	memory_close(&launcher->start.files);
	return -1;
}

/* Returns only on failure. */
static int start_from_memory(struct launcher *launcher, struct why *why)
{
	const struct payload *payload = &launcher->payload;
	int runtime;

	if (!launcher->has_proc)
		return because(why, "without /proc it cannot run from memory");
	if (memory_open(&launcher->start.files, payload, why) < 0)
		return -1;
	launcher->start.dir = NULL;
	launcher->start.preload = NULL;
	runtime = launcher->start.files.fd[payload_find(payload, ROLE_RUNTIME) - payload->files];
	start_runtime(&launcher->start, runtime, NULL, why);
	memory_close(&launcher->start.files);
	return -1;
}

/* Prints one line; the exit status of a start that failed. */
__attribute__((format(printf, 1, 2))) static int complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("mvgal: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return 1;
}

static int complain_damaged(const char *name, const struct why *why)
{
	return complain("%s is damaged or incomplete, get a new copy: %s", name, why->text);
}

/* Deno does not start in a directory that was removed. What is relative to it is lost either way.
 */
static void leave_removed_directory(void)
{
	char path[PATH_MAX];

	if (!getcwd(path, sizeof(path)) && errno == ENOENT && chdir("/") < 0)
		return;
}

int main(int argc, char **argv)
{
	static char *no_arguments[] = {"mvgal", NULL};
	struct launcher launcher = {0};
	struct why home, memory, temporary;
	const char *debug;
	struct cache cache;

	if (argc < 1)
		argv = no_arguments;
	if (open_self(&launcher, &home) < 0)
		return complain_damaged(argv[0], &home);
	leave_removed_directory();
	/* What is made here is the user's alone, and theirs to open, whatever their umask. */
	launcher.start.umask = umask(077);
	launcher.start.payload = &launcher.payload;
	launcher.start.argv = argv;
	launcher.start.env = environ;
	launcher.start.self = launcher.self[0] ? launcher.self : NULL;
	launcher.has_proc = access(SELF, F_OK) == 0;

	if (cache_open_home(&cache, &launcher.payload, &home) == 0) {
		errno = 0;
		start_from_cache(&launcher, &cache, &home);
		/* Arguments that are too long would not fit from elsewhere either. */
		if (errno == E2BIG)
			return complain("cannot start: %s", home.text);
	} else if (home.damaged) {
		return complain_damaged(argv[0], &home);
	}
	debug = getenv("MVGAL_DEBUG");
	if (debug && strcmp(debug, "1") == 0)
		complain("runs without a cache: %s", home.text);

	start_from_memory(&launcher, &memory);
	if (memory.damaged)
		return complain_damaged(argv[0], &memory);
	if (cache_open_temporary(&cache, &launcher.payload, &temporary) == 0)
		start_from_cache(&launcher, &cache, &temporary);

	return complain("cannot start: %s; %s; %s", home.text, memory.text, temporary.text);
}
