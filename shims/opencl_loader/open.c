/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* dladdr */
#include "open.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POOL "libmvgal_opencl.so"

static struct {
	pthread_once_t once;
	cl_platform_id platform;
} state = {.once = PTHREAD_ONCE_INIT};

/* A vendor's library that lists platforms while the pool opens it: it is asked, and must not wait.
 */
static _Thread_local bool is_opening;

/* In one write: lines of several processes do not mix. */
static void say(const char *what, const char *which)
{
	char line[PATH_MAX + 128];
	const int length = snprintf(line, sizeof(line), "mvgal: opencl: %s%s\n", what, which);
	const size_t end = (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1;

	if (length < 0 || write(STDERR_FILENO, line, end) < 0)
		return;
}

/* Whether a list with commas has a word. */
static bool has_word(const char *list, const char *word)
{
	const size_t length = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, word, length) && (!at[length] || at[length] == ','))
			return true;
	}
	return false;
}

static bool is_debugged(void)
{
	const char *debug = getenv("MVGAL_DEBUG");

	return debug && (has_word(debug, "1") || has_word(debug, "opencl"));
}

static bool path_beside(char *path, size_t room)
{
	Dl_info own;
	const char *name;
	int length;

	if (!dladdr((void *)(uintptr_t)path_beside, &own) || !own.dli_fname)
		return false;
	name = strrchr(own.dli_fname, '/');
	if (!name)
		return false;
	length = snprintf(path, room, "%.*s/" POOL, (int)(name - own.dli_fname), own.dli_fname);
	return length >= 0 && (size_t)length < room;
}

/* The library stays open: the program has its objects. */
static void open_pool(void)
{
	char path[PATH_MAX];
	clIcdGetPlatformIDsKHR_fn list;
	void *library;

	if (!path_beside(path, sizeof(path))) {
		say("no pool: the loader does not know where it lies", "");
		return;
	}
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		say("no pool: ", dlerror());
		return;
	}
	list = (clIcdGetPlatformIDsKHR_fn)dlsym(library, "clIcdGetPlatformIDsKHR");
	if (!list) {
		say("no pool: ", dlerror());
		return;
	}
	if (is_debugged())
		say("the loader shows the pool alone: ", path);
	is_opening = true;
	if (list(1, &state.platform, NULL) != CL_SUCCESS)
		state.platform = NULL;
	is_opening = false;
}

cl_platform_id pool_platform(void)
{
	if (is_opening)
		return NULL;
	pthread_once(&state.once, open_pool);
	return state.platform;
}
