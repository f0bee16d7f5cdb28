/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* dladdr */
#include "vendors.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "icd.h"
#include "settings.h"

#define DIRECTORY "/etc/OpenCL/vendors"
#define PLATFORMS 16

/* clGetExtensionFunctionAddress: CL/cl_icd.h names its type since 2022 only. */
typedef void *CL_API_CALL address_of_fn(const char *name);

struct search {
	void (*found)(cl_platform_id platform, void *data);
	void *data;
};

/* Whether a library is this one: under whatever name it may lie. */
static bool is_own(const char *path)
{
	struct stat own, other;
	Dl_info info;

	if (!dladdr((void *)(uintptr_t)is_own, &info) || !info.dli_fname)
		return false;
	if (!strchr(path, '/')) {
		const char *name = strrchr(info.dli_fname, '/');

		return !strcmp(path, name ? name + 1 : info.dli_fname);
	}
	return !stat(info.dli_fname, &own) && !stat(path, &other) && own.st_dev == other.st_dev &&
	       own.st_ino == other.st_ino;
}

static bool has_dispatch(cl_platform_id platform)
{
	return platform && of(platform) && of(platform)->clGetDeviceIDs &&
	       of(platform)->clGetPlatformInfo;
}

/* A library stays open: its objects may live until the end. */
static void open_library(const char *path, const struct search *search)
{
	clIcdGetPlatformIDsKHR_fn list;
	cl_platform_id platforms[PLATFORMS] = {NULL};
	cl_uint count = 0;
	void *library;

	if (is_own(path))
		return;
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		if (settings()->debug)
			say("opencl: %s", dlerror());
		return;
	}
	list = (clIcdGetPlatformIDsKHR_fn)dlsym(library, "clIcdGetPlatformIDsKHR");
	if (!list) {
		address_of_fn *address =
		    (address_of_fn *)dlsym(library, "clGetExtensionFunctionAddress");

		if (address)
			list = (clIcdGetPlatformIDsKHR_fn)address("clIcdGetPlatformIDsKHR");
	}
	/* Another copy of this shim would open the vendors once more, and this one. */
	if (!list || dlsym(library, ICD_MARK))
		return;
	if (list(PLATFORMS, platforms, &count) != CL_SUCCESS)
		return;
	for (cl_uint i = 0; i < count && i < PLATFORMS; i++)
		if (has_dispatch(platforms[i]))
			search->found(platforms[i], search->data);
}

/* The first line is the library's name. */
static void open_icd(const char *path, const struct search *search)
{
	char line[PATH_MAX];
	FILE *file = fopen(path, "re");

	if (!file)
		return;
	if (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0])
			open_library(line, search);
	}
	fclose(file);
}

static bool ends_with(const char *text, const char *end)
{
	const size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

static int is_icd(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && ends_with(entry->d_name, ".icd");
}

static void open_directory(const char *directory, const struct search *search)
{
	struct dirent **entries;
	const int count = scandir(directory, &entries, is_icd, alphasort);

	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name) <
		    (int)sizeof(path))
			open_icd(path, search);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void vendors_each(const char *where, void (*found)(cl_platform_id platform, void *data), void *data)
{
	const struct search search = {.found = found, .data = data};
	char path[PATH_MAX];
	struct stat info;

	if (!where)
		open_directory(DIRECTORY, &search);
	else if (!stat(where, &info) && S_ISDIR(info.st_mode))
		open_directory(where, &search);
	else if (!ends_with(where, ".icd"))
		open_library(where, &search);
	else if (strchr(where, '/'))
		open_icd(where, &search);
	else if (snprintf(path, sizeof(path), DIRECTORY "/%s", where) < (int)sizeof(path))
		open_icd(path, &search);
}
