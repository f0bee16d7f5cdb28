/* SPDX-License-Identifier: MIT */
/* A library that is linked with the driver, and looks behind itself. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

int cuMemAlloc_v2(unsigned long long *pointer, size_t bytes);

void *linked(const char *name)
{
	(void)name;
	return (void *)cuMemAlloc_v2;
}

int interposed(void)
{
	return 1;
}

void *next(const char *name)
{
	void *volatile found = dlsym(RTLD_NEXT, name);

	return found;
}
