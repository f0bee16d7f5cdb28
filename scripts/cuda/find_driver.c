/* SPDX-License-Identifier: MIT */
/* The ways to the functions of the driver. With LINKED they are the program's own symbols. */
#define _GNU_SOURCE
#include "driver.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef CUresult resolver(const char *, void **, int, cuuint64_t);
typedef CUresult resolver_v2(const char *, void **, int, cuuint64_t, int *);

enum how { BY_NAME, BY_VERSION, BY_RESOLVER, BY_RESOLVER_V2 };

struct source {
	enum how how;
	void *handle;
	resolver *resolve;
	resolver_v2 *resolve_v2;
	bool threads;
};

static void *find(const struct source *source, const char *name, const char *symbol,
		  const char *of_threads)
{
	void *found = NULL;

	switch (source->how) {
	case BY_VERSION:
		/* The version is the driver's to have; where it has none, each is right. */
		return dlvsym(source->handle, symbol, "libcuda.so.1");
	case BY_RESOLVER:
		if (source->resolve(name, &found, 11030, source->threads ? 2 : 1))
			return NULL;
		return found;
	case BY_RESOLVER_V2:
		if (source->resolve_v2(name, &found, 12000, source->threads ? 2 : 1, NULL))
			return NULL;
		return found;
	default:
		return dlsym(source->handle, source->threads ? of_threads : symbol);
	}
}

static const char *find_all(struct driver *driver, const struct source *source)
{
#define FIND(name, symbol, suffix, parameters)                                                     \
	driver->name = (CUresult(*) parameters)find(source, #name, #symbol, #symbol #suffix);      \
	if (!driver->name)                                                                         \
		return #name;
	DRIVER_FUNCTIONS(FIND)
#undef FIND
	return NULL;
}

#ifdef LINKED
#define DECLARE(name, symbol, suffix, parameters) CUresult symbol parameters;
DRIVER_FUNCTIONS(DECLARE)
#undef DECLARE

static void link_all(struct driver *driver)
{
#define LINK(name, symbol, suffix, parameters) driver->name = symbol;
	DRIVER_FUNCTIONS(LINK)
#undef LINK
}
#endif

const char *find_driver(struct driver *driver, const char *way, const char *library)
{
	struct source source = {.threads = strstr(way, "threads") != NULL};
	int flags = RTLD_NOW;

#ifdef LINKED
	if (!strcmp(way, "linked") || !strcmp(way, "inside")) {
		link_all(driver);
		return NULL;
	}
	if (!strcmp(way, "next")) {
		source.handle = RTLD_NEXT;
		return find_all(driver, &source);
	}
#endif
	if (!strcmp(way, "deepbind"))
		flags |= RTLD_DEEPBIND;
	else if (!strcmp(way, "default"))
		flags |= RTLD_GLOBAL;
	source.handle = dlopen(strcmp(way, "path") ? "libcuda.so.1" : library, flags);
	if (!source.handle)
		return dlerror();
	if (!strcmp(way, "default"))
		source.handle = RTLD_DEFAULT;
	else if (!strcmp(way, "dlvsym"))
		source.how = BY_VERSION;
	else if (!strncmp(way, "resolver11", 10))
		source.how = BY_RESOLVER;
	else if (!strncmp(way, "resolver12", 10))
		source.how = BY_RESOLVER_V2;
	if (source.how == BY_RESOLVER) {
		source.resolve = (resolver *)dlsym(source.handle, "cuGetProcAddress");
		if (!source.resolve)
			return "cuGetProcAddress";
	}
	if (source.how == BY_RESOLVER_V2) {
		source.resolve_v2 = (resolver_v2 *)dlsym(source.handle, "cuGetProcAddress_v2");
		if (!source.resolve_v2)
			return "cuGetProcAddress_v2";
	}
	return find_all(driver, &source);
}
