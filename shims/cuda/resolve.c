/* SPDX-License-Identifier: MIT */
/*
 * How programs find the driver's functions: by dlsym, and by cuGetProcAddress.
 *
 * Names are taken for the driver's when they are exactly those of the table, and what is found is
 * in a library that is called libcuda or libnvidia-ml: whatever else a program looks for, it gets
 * from the C library as if the shim were not there.
 */
#define _GNU_SOURCE
#include "real.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct hook {
	const char *name;
	void *hook;
	/* Where the real one is in its table. */
	size_t at;
};

#define MVGAL_DECLARE(result, name, parameters, arguments) result name parameters;
MVGAL_CUDA_HOOKS(MVGAL_DECLARE)
MVGAL_NVML_HOOKS(MVGAL_DECLARE)
#undef MVGAL_DECLARE

#define MVGAL_CUDA_ROW(result, name, parameters, arguments)                                        \
	{#name, (void *)name, offsetof(struct cuda_real, name)},
#define MVGAL_NVML_ROW(result, name, parameters, arguments)                                        \
	{#name, (void *)name, offsetof(struct nvml_real, name)},

static const struct hook cuda_hooks[] = {MVGAL_CUDA_HOOKS(MVGAL_CUDA_ROW)};
static const struct hook nvml_hooks[] = {MVGAL_NVML_HOOKS(MVGAL_NVML_ROW)};

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static void *named(const struct hook *hooks, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(hooks[i].name, name))
			return hooks[i].hook;
	return NULL;
}

void *hook_named(const char *name)
{
	if (!strncmp(name, "cu", 2) && name[2] >= 'A' && name[2] <= 'Z')
		return named(cuda_hooks, COUNT(cuda_hooks), name);
	if (!strncmp(name, "nvml", 4) && name[4] >= 'A' && name[4] <= 'Z')
		return named(nvml_hooks, COUNT(nvml_hooks), name);
	return NULL;
}

void *hook_of(const void *function)
{
	const char *table = (const char *)cuda_real();

	for (size_t i = 0; function && i < COUNT(cuda_hooks); i++)
		if (*(void *const *)(table + cuda_hooks[i].at) == function)
			return cuda_hooks[i].hook;
	return NULL;
}

/* Whether a function is of NVIDIA's libraries, by the name of the file that it is in. */
static bool is_drivers(void *function)
{
	const char *name;
	Dl_info info;

	if (!dladdr(function, &info) || !info.dli_fname)
		return false;
	name = strrchr(info.dli_fname, '/');
	name = name ? name + 1 : info.dli_fname;
	if (strncmp(name, "libcuda.so", 10) && strncmp(name, "libnvidia-ml.so", 15))
		return false;
	real_seen(info.dli_fname);
	return true;
}

__attribute__((visibility("default"))) void *dlsym(void *handle, const char *name)
{
	void *hook = hook_named(name);
	void *found;

	if (!hook)
		return real_dlsym(handle, name);
	found = real_dlsym(handle, name);
	return found && is_drivers(found) ? hook : found;
}

/*
 * A library that is opened with RTLD_DEEPBIND finds the driver's functions before the shim's: it is
 * opened without.
 */
__attribute__((visibility("default"))) void *dlopen(const char *path, int flags)
{
	typedef void *dlopen_function(const char *, int);
	static _Atomic(dlopen_function *) next;
	dlopen_function *function = next;

	if (!function) {
		function = (dlopen_function *)real_dlsym(RTLD_NEXT, "dlopen");
		next = function;
	}
	if (!function)
		return NULL;
	/* A jump, as in real_dlsym: whose RUNPATH counts is told by where the call returns to. */
	return function(path, flags & ~RTLD_DEEPBIND);
}

/* What the driver has found is of one version of its ABI: the hook of that very one, or none. */
static void substitute(void **found)
{
	void *hook = found ? hook_of(*found) : NULL;

	if (hook)
		*found = hook;
}

__attribute__((visibility("default"))) CUresult cuGetProcAddress(const char *symbol, void **found,
								 int version, cuuint64_t flags)
{
	const struct cuda_real *real = cuda_real();
	CUresult result;

	if (!real->cuGetProcAddress)
		return CUDA_ERROR_NOT_FOUND;
	result = real->cuGetProcAddress(symbol, found, version, flags);
	if (result == CUDA_SUCCESS)
		substitute(found);
	return result;
}

__attribute__((visibility("default"))) CUresult
cuGetProcAddress_v2(const char *symbol, void **found, int version, cuuint64_t flags, int *status)
{
	const struct cuda_real *real = cuda_real();
	CUresult result;

	if (!real->cuGetProcAddress_v2)
		return CUDA_ERROR_NOT_FOUND;
	result = real->cuGetProcAddress_v2(symbol, found, version, flags, status);
	if (result == CUDA_SUCCESS)
		substitute(found);
	return result;
}
