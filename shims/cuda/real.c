/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "real.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define CUDA_LIBRARY "libcuda.so.1"
#define NVML_LIBRARY "libnvidia-ml.so.1"

/* A library, and its functions once they are known. */
struct library {
	const char *soname;
	/* Where the program has found it, if not by its name, once that is written. */
	char path[PATH_MAX];
	atomic_bool is_taken, has_path;
	pthread_once_t once;
};

static struct {
	struct library cuda_library, nvml_library;
	struct cuda_real cuda;
	struct nvml_real nvml;
	_Atomic(void *) dlsym;
} real = {
    .cuda_library = {.soname = CUDA_LIBRARY, .once = PTHREAD_ONCE_INIT},
    .nvml_library = {.soname = NVML_LIBRARY, .once = PTHREAD_ONCE_INIT},
};

void *real_dlsym(void *handle, const char *name)
{
	/* The newest first. Never the plain name: that is the shim's own. */
	static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
	typedef void *dlsym_function(void *, const char *);
	void *found = atomic_load_explicit(&real.dlsym, memory_order_acquire);

	for (size_t i = 0; !found && i < sizeof(versions) / sizeof(*versions); i++)
		found = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
	if (!found)
		return NULL;
	atomic_store_explicit(&real.dlsym, found, memory_order_release);
	/* A jump, not a call: RTLD_NEXT means the library behind the caller's, which is told by
	 * where the call returns to. */
	return ((dlsym_function *)found)(handle, name);
}

static struct library *library_named(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!strncmp(name, "libcuda.so", 10))
		return &real.cuda_library;
	if (!strncmp(name, "libnvidia-ml.so", 15))
		return &real.nvml_library;
	return NULL;
}

void real_seen(const char *path)
{
	struct library *library = library_named(path);

	if (!library || strlen(path) >= sizeof(library->path) || path[0] != '/')
		return;
	if (atomic_exchange(&library->is_taken, true))
		return;
	strcpy(library->path, path);
	atomic_store_explicit(&library->has_path, true, memory_order_release);
}

/* The library as the program has it, else as the loader finds it; it is not closed again. */
static void *open_library(struct library *library)
{
	void *handle = dlopen(library->soname, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);

	if (!handle && atomic_load_explicit(&library->has_path, memory_order_acquire))
		handle = dlopen(library->path, RTLD_LAZY | RTLD_LOCAL);
	return handle ? handle : dlopen(library->soname, RTLD_LAZY | RTLD_LOCAL);
}

#define MVGAL_TAKE(result, name, parameters, arguments)                                            \
	table->name = (result(*) parameters)real_dlsym(handle, #name);

static void find_cuda(void)
{
	struct cuda_real *table = &real.cuda;
	void *handle = open_library(&real.cuda_library);

	if (!handle)
		return;
	MVGAL_CUDA_HOOKS(MVGAL_TAKE)
	MVGAL_CUDA_USED(MVGAL_TAKE)
}

static void find_nvml(void)
{
	struct nvml_real *table = &real.nvml;
	void *handle = open_library(&real.nvml_library);

	if (!handle)
		return;
	MVGAL_NVML_HOOKS(MVGAL_TAKE)
	MVGAL_NVML_USED(MVGAL_TAKE)
}

#undef MVGAL_TAKE

const struct cuda_real *cuda_real(void)
{
	pthread_once(&real.cuda_library.once, find_cuda);
	return &real.cuda;
}

const struct nvml_real *nvml_real(void)
{
	pthread_once(&real.nvml_library.once, find_nvml);
	return &real.nvml;
}
