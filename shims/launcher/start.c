/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "start.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN "MVGAL_LAUNCHER_"
#define KEEP OWN "KEEP_"

/* Stands for a directory where there is none: nothing can be created below /proc. */
#define NO_DIRECTORY "/proc/mvgal"

/* An argv or environment being built. Once an allocation failed it stays failed. */
struct vector {
	char **at;
	size_t count, room;
	bool failed;
};

static void push(struct vector *vector, char *text)
{
	if (vector->count + 1 >= vector->room) {
		size_t room = vector->room ? vector->room * 2 : 64;
		char **at = realloc(vector->at, room * sizeof(*at));

		if (!at) {
			vector->failed = true;
			return;
		}
		vector->at = at;
		vector->room = room;
	}
	if (!text)
		vector->failed = true;
	vector->at[vector->count++] = text;
	vector->at[vector->count] = NULL;
}

/* Text that lives until the process becomes another; NULL without memory. */
__attribute__((format(printf, 1, 2))) static char *text_of(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return text;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && strcmp(text + n - m, suffix) == 0;
}

/* Where the runtime finds the script: at its descriptor, or without /proc in the directory. */
static char *script_path(const struct start *start)
{
	for (size_t i = 0; i < start->payload->n_files; i++) {
		const struct file *file = &start->payload->files[i];

		if (file->role != ROLE_SCRIPT)
			continue;
		return start->files.fd[i] >= 0 ? text_of("/proc/self/fd/%d", start->files.fd[i])
					       : text_of("%s/%s", start->dir, file->name);
	}
	return text_of("%s", "");
}

/* Fills in the first of "{dir}" and "{script}" that `template` has. */
static char *expand(const struct start *start, const char *template)
{
	static const char dir[] = "{dir}", script[] = "{script}";
	const char *at = strstr(template, dir);

	if (at)
		return text_of("%.*s%s%s", (int)(at - template), template,
			       start->dir ? start->dir : NO_DIRECTORY, at + strlen(dir));
	at = strstr(template, script);
	if (at) {
		char *path = script_path(start);

		return path ? text_of("%.*s%s%s", (int)(at - template), template, path,
				      at + strlen(script))
			    : NULL;
	}
	return text_of("%s", template);
}

static char *shown_argv0(const struct start *start)
{
	const struct words *mask = &start->payload->mask;

	for (size_t i = 0; i < mask->count; i++)
		if (ends_with(start->argv[0], mask->at[i]))
			return text_of("%s", payload_find(start->payload, ROLE_RUNTIME)->name);
	return start->argv[0];
}

static void build_argv(const struct start *start, struct vector *argv)
{
	push(argv, shown_argv0(start));
	for (size_t i = 0; i < start->payload->args.count; i++)
		push(argv, expand(start, start->payload->args.at[i]));
	for (char **arg = start->argv + 1; *arg; arg++)
		push(argv, *arg);
}

/* The variables that the runtime alone is to see, as NAME=VALUE. */
static void build_own(const struct start *start, struct vector *own)
{
	for (size_t i = 0; i < start->payload->env.count; i++)
		push(own, expand(start, start->payload->env.at[i]));
	if (start->preload) {
		const char *before = getenv("LD_PRELOAD");

		push(own, text_of("LD_PRELOAD=%s%s%s", start->preload, before ? ":" : "",
				  before ? before : ""));
	}
}

/* Whether both are NAME=VALUE of one NAME. */
static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n) == 0 && b[n] == '=';
}

static bool is_hidden(const struct start *start, const struct vector *own, const char *variable)
{
	const struct words *hide = &start->payload->hide;

	for (size_t i = 0; i < hide->count; i++)
		if (starts_with(variable, hide->at[i]))
			return true;
	for (size_t i = 0; i < own->count; i++)
		if (same_name(own->at[i], variable))
			return true;
	return false;
}

/* "FD:NAME FD:NAME" of what is passed as descriptors. */
static char *list_descriptors(const struct start *start)
{
	char *list = text_of("%s", "");

	for (size_t i = 0; list && i < start->payload->n_files; i++)
		if (start->files.fd[i] >= 0 && start->payload->files[i].role != ROLE_RUNTIME)
			list = text_of("%s%s%d:%s", list, *list ? " " : "", start->files.fd[i],
				       start->payload->files[i].name);
	return list;
}

static char *list_names(const struct vector *own)
{
	char *list = text_of("%s", "");

	for (size_t i = 0; list && i < own->count; i++)
		list = text_of("%s%s%.*s", list, *list ? " " : "", (int)strcspn(own->at[i], "="),
			       own->at[i]);
	return list;
}

static void build_env(const struct start *start, struct vector *env)
{
	struct vector own = {0};
	char *fds = list_descriptors(start), *set;

	build_own(start, &own);
	if (own.failed) {
		env->failed = true;
		return;
	}
	set = list_names(&own);
	for (char **variable = start->env; *variable; variable++) {
		/* Left from another launcher: not about this start. */
		if (starts_with(*variable, OWN))
			continue;
		push(env,
		     is_hidden(start, &own, *variable) ? text_of(KEEP "%s", *variable) : *variable);
	}
	for (size_t i = 0; i < own.count; i++)
		push(env, own.at[i]);
	push(env, text_of(OWN "ARGV0=%s", start->argv[0]));
	if (start->self)
		push(env, text_of(OWN "SELF=%s", start->self));
	if (start->dir)
		push(env, text_of(OWN "DIR=%s", start->dir));
	push(env, fds ? text_of(OWN "FDS=%s", fds) : NULL);
	push(env, set ? text_of(OWN "SET=%s", set) : NULL);
}

int start_runtime(const struct start *start, int fd, const char *path, struct why *why)
{
	struct vector argv = {0}, env = {0};
	mode_t ours;

	build_argv(start, &argv);
	build_env(start, &env);
	if (argv.failed || env.failed) {
		because(why, "not enough memory");
		errno = ENOMEM;
		return -1;
	}
	ours = umask(start->umask);
	if (fd >= 0)
		fexecve(fd, argv.at, env.at);
	else
		execve(path, argv.at, env.at);
	umask(ours);
	/* The file is there, so what is missing is what it names as its interpreter. */
	if (errno == ENOENT && (fd >= 0 || access(path, F_OK) == 0))
		because(
		    why,
		    "this host lacks the dynamic loader of the GNU C library, which mvgal needs");
	else
		because(why, "cannot execute %s: %s", path ? path : "it from memory",
			strerror(errno));
	return -1;
}
