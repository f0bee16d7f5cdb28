/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "process.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD_STATE 3
#define FIELD_THREADS 20
#define FIELD_START 22

static struct {
	struct process own;
	pthread_once_t once;
} process = {.once = PTHREAD_ONCE_INIT};

/* proc(5): the name, in field 2, may hold spaces and parentheses. */
static const char *field_of(const char *text, int number)
{
	const char *at = strrchr(text, ')');

	for (int field = 2; at && field < number; field++)
		at = strchr(at + 1, ' ');
	return at ? at + 1 : NULL;
}

uint64_t process_start_time(uint32_t pid)
{
	const char *state, *threads, *start;
	char path[32], text[1024];
	ssize_t length;
	int file;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return 0;
	length = read(file, text, sizeof(text) - 1);
	close(file);
	if (length <= 0)
		return 0;
	text[length] = '\0';
	state = field_of(text, FIELD_STATE);
	threads = field_of(text, FIELD_THREADS);
	start = field_of(text, FIELD_START);
	if (!state || !threads || !start)
		return 0;
	/* The first thread may have ended before the others. */
	if ((*state == 'Z' || *state == 'X') && atoi(threads) <= 1)
		return 0;
	return strtoull(start, NULL, 10);
}

static void ask(void)
{
	process.own.pid = (uint32_t)getpid();
	process.own.start_time = process_start_time(process.own.pid);
}

const struct process *process_own(void)
{
	pthread_once(&process.once, ask);
	return &process.own;
}

void process_after_fork(void)
{
	process.once = (pthread_once_t)PTHREAD_ONCE_INIT;
}

bool process_lives(uint32_t pid, uint64_t start_time)
{
	return start_time && process_start_time(pid) == start_time;
}
