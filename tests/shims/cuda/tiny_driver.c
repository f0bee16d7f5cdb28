/* SPDX-License-Identifier: MIT */
/*
 * A libcuda.so.1 with a few functions that do nothing: to be found in all the ways in which
 * programs find them. Which version of a name cuGetProcAddress gives follows NVIDIA's rules.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DRIVER __attribute__((visibility("default"), used))

typedef int CUresult;

DRIVER CUresult cuInit(unsigned int flags)
{
	(void)flags;
	return 0;
}

DRIVER CUresult cuMemAlloc(unsigned int *pointer, unsigned int bytes)
{
	*pointer = bytes;
	return 0;
}

DRIVER CUresult cuMemAlloc_v2(unsigned long long *pointer, size_t bytes)
{
	*pointer = bytes;
	return 0;
}

DRIVER CUresult cuMemAllocAsync(unsigned long long *pointer, size_t bytes, void *stream)
{
	(void)stream;
	*pointer = bytes;
	return 0;
}

DRIVER CUresult cuMemAllocAsync_ptsz(unsigned long long *pointer, size_t bytes, void *stream)
{
	(void)stream;
	*pointer = bytes + 1;
	return 0;
}

/* Not in the shim's table. */
DRIVER CUresult cuDriverGetVersion(int *version)
{
	*version = 12040;
	return 0;
}

struct row {
	const char *name;
	int since;
	void *function, *of_thread;
};

static void *lookup(const char *name, int version, uint64_t flags);

DRIVER CUresult cuGetProcAddress(const char *name, void **found, int version, uint64_t flags)
{
	*found = lookup(name, version, flags);
	return *found ? 0 : 500;
}

DRIVER CUresult cuGetProcAddress_v2(const char *name, void **found, int version, uint64_t flags,
				    int *status)
{
	*found = lookup(name, version, flags);
	if (status)
		*status = *found ? 0 : 1;
	return *found ? 0 : 500;
}

static void *lookup(const char *name, int version, uint64_t flags)
{
	/* The newest first. */
	const struct row rows[] = {
	    {"cuInit", 2000, (void *)cuInit, NULL},
	    {"cuMemAlloc", 3020, (void *)cuMemAlloc_v2, NULL},
	    {"cuMemAlloc", 2000, (void *)cuMemAlloc, NULL},
	    {"cuMemAllocAsync", 11020, (void *)cuMemAllocAsync, (void *)cuMemAllocAsync_ptsz},
	    {"cuDriverGetVersion", 2020, (void *)cuDriverGetVersion, NULL},
	    {"cuGetProcAddress", 12000, (void *)cuGetProcAddress_v2, NULL},
	    {"cuGetProcAddress", 11030, (void *)cuGetProcAddress, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].name, name) && rows[i].since <= version)
			return (flags & 2) && rows[i].of_thread ? rows[i].of_thread
								: rows[i].function;
	return NULL;
}
