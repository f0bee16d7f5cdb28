/* SPDX-License-Identifier: MIT */
/*
 * Processes that share a limit: children by fork, spawned ones, and those that are killed.
 *
 * A child waits for a letter: 'f' fills the memory up and answers how many blocks it got (a letter
 * from 'A', '!' for an error), 'q' ends it. The group's limit is what they have together.
 */
#define _GNU_SOURCE
#include "features.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct child {
	pid_t pid;
	int to;
	int from;
};

/* Made by fork, one a feature. */
static struct child forked, killed;

static int serve(const struct way *way, int from, int to)
{
	struct block blocks[MOST_BLOCKS];
	bool is_started = false;
	char letter;

	while (read(from, &letter, 1) == 1 && letter == 'f') {
		size_t limit;
		const char *what;
		int count;

		if (read(from, &limit, sizeof(limit)) != sizeof(limit))
			return 1;
		count = !is_started && way->start(&what) ? -1 : fill_up(way, PLAIN, limit, blocks);
		is_started = true;
		letter = count < 0 ? '!' : 'A' + count;
		if (write(to, &letter, 1) != 1)
			return 1;
	}
	return 0;
}

/* No child keeps the ends of another one. */
static bool open_pipes(int to[2], int from[2])
{
	if (pipe2(to, O_CLOEXEC))
		return false;
	if (pipe2(from, O_CLOEXEC)) {
		close(to[0]);
		close(to[1]);
		return false;
	}
	return true;
}

static void fork_child(const struct way *way, struct child *child)
{
	int to[2], from[2];

	if (!open_pipes(to, from))
		return;
	fflush(stdout);
	child->pid = fork();
	if (!child->pid) {
		close(to[1]);
		close(from[0]);
		_exit(serve(way, to[0], from[1]));
	}
	close(to[0]);
	close(from[1]);
	child->to = to[1];
	child->from = from[0];
}

void make_children(const struct way *way, int count, char **features)
{
	for (int i = 0; i < count; i++) {
		if (!strncmp(features[i], "fork=", 5))
			fork_child(way, &forked);
		if (!strncmp(features[i], "kill=", 5))
			fork_child(way, &killed);
	}
}

/* The arguments of this process and `child=FROM:TO`, which it finds in their place. */
static bool spawn_child(struct child *child)
{
	static char line[4096], last[64];
	char *arguments[64];
	FILE *file = fopen("/proc/self/cmdline", "re");
	size_t length = file ? fread(line, 1, sizeof(line) - 1, file) : 0;
	int to[2], from[2], count = 0, failure;

	if (file)
		fclose(file);
	/* The program and its way; the features are not the child's. */
	for (size_t at = 0; at < length && count < 60; at += strlen(line + at) + 1)
		if (!count || !strchr(line + at, '=') || !strncmp(line + at, "library=", 8))
			arguments[count++] = line + at;
	if (!length || !open_pipes(to, from))
		return false;
	snprintf(last, sizeof(last), "child=%d:%d", to[0], from[1]);
	arguments[count++] = last;
	arguments[count] = NULL;
	fcntl(to[0], F_SETFD, 0);
	fcntl(from[1], F_SETFD, 0);
	failure = posix_spawn(&child->pid, "/proc/self/exe", NULL, NULL, arguments, environ);
	close(to[0]);
	close(from[1]);
	child->to = to[1];
	child->from = from[0];
	return !failure;
}

int is_child(const struct way *way, int argc, char **argv)
{
	int from, to;

	if (argc < 1 || sscanf(argv[argc - 1], "child=%d:%d", &from, &to) != 2)
		return false;
	serve(way, from, to);
	return true;
}

/* Blocks that a child gets; -1 where it fails. */
static int filled(const struct child *child, size_t limit)
{
	char letter = 'f';

	if (child->pid <= 0 || write(child->to, &letter, 1) != 1 ||
	    write(child->to, &limit, sizeof(limit)) != sizeof(limit) ||
	    read(child->from, &letter, 1) != 1 || letter == '!')
		return -1;
	return letter - 'A';
}

static void end(struct child *child, bool by_signal)
{
	if (child->pid <= 0)
		return;
	if (by_signal || write(child->to, "q", 1) != 1)
		kill(child->pid, SIGKILL);
	close(child->to);
	close(child->from);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

int try_children(const struct way *way, const char *feature, size_t limit)
{
	struct block blocks[MOST_BLOCKS];
	struct child spawned = {0};
	struct child *child = !strcmp(feature, "fork")	 ? &forked
			      : !strcmp(feature, "kill") ? &killed
							 : &spawned;
	const char *what;
	int theirs, mine, after, result = 0;
	double ended;

	if (child == &spawned && !spawn_child(child))
		return why_not("no child could be spawned");
	theirs = filled(child, limit);
	if (theirs < 1) {
		end(child, true);
		return why_not("the child got no memory");
	}
	if (theirs > 16) {
		end(child, true);
		return why_not("the child got %d 16ths of the limit", theirs);
	}
	/* The parent's first call, after that of a child that was forked. */
	if (!strcmp(feature, "fork"))
		result = way->start(&what);
	if (result) {
		end(child, true);
		/* Its context is refused as well where there is no room for it. */
		return why_not("%s: error %d", what, result);
	}
	mine = fill_up(way, PLAIN, limit, blocks);
	if (mine > 0)
		give_back(way, PLAIN, blocks, mine);
	end(child, !strcmp(feature, "kill"));
	ended = now();
	if (mine < 0)
		return false;
	if (mine > 1)
		return why_not("the child has %d blocks of 16, and this process got %d", theirs,
			       mine);
	/* At once by the accounts; the driver may take its time. Contexts differ by less than a
	 * block. */
	do {
		after = fill_up(way, PLAIN, limit, blocks);
		if (after < 0)
			return false;
		give_back(way, PLAIN, blocks, after);
	} while (after + 1 < theirs && now() - ended < 1);
	if (after + 1 < theirs)
		return why_not("%d blocks 1 s after the child ended with %d", after, theirs);
	return true;
}
