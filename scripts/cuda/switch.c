/* SPDX-License-Identifier: MIT */
/*
 * Lets a program go by the shim and past it by turns, in one process: what it finds of the shim's
 * functions for launches, copies and fills of memory is one of this library's, which jumps where it
 * is told to. Preloaded before the shim: LD_PRELOAD="switch.so:libmvgal_cuda.so".
 *
 *     unsigned long mvgal_bench_switch(int to);    0 the driver, 1 the shim, 2 the shim and count
 *
 * gives how many calls were counted since it was last called. What keeps accounts of memory always
 * goes by the shim. Both sides pay the jump. Without the shim both sides are the driver.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "hooks.h"
#include "own_dlsym.h"

#define EXPORT __attribute__((visibility("default")))

/* PyTorch asks what pointers are when it copies. */
#define SWITCHED(X)                                                                                \
	MVGAL_COPY_HOOKS(X)                                                                        \
	MVGAL_WORK_HOOKS(X)                                                                        \
	MVGAL_LAUNCH_HOOKS(X)                                                                      \
	X(CUresult, cuPointerGetAttribute, (void *value, int attribute, CUdeviceptr pointer),      \
	  (value, attribute, pointer))                                                             \
	X(CUresult, cuPointerGetAttributes,                                                        \
	  (unsigned int count, int *attributes, void **values, CUdeviceptr pointer),               \
	  (count, attributes, values, pointer))

enum {
#define ROW(result, name, parameters, arguments) ROW_##name,
	SWITCHED(ROW)
#undef ROW
	    ROWS
};

enum { TO_DRIVER, TO_SHIM, TO_COUNTED };

typedef CUresult resolver(const char *, void **, int, cuuint64_t);
typedef CUresult resolver_v2(const char *, void **, int, cuuint64_t, int *);
typedef void *dlsym_function(void *, const char *);

static struct {
	pthread_once_t once;
	struct {
		void *shim, *driver;
		_Atomic(void *) target;
	} rows[ROWS];
	resolver *resolve;
	resolver_v2 *resolve_v2;
	_Atomic(dlsym_function *) next;
	atomic_ulong counted;
} switches = {.once = PTHREAD_ONCE_INIT};

#define TARGET(name) atomic_load_explicit(&switches.rows[ROW_##name].target, memory_order_relaxed)

#define JUMP(result, name, parameters, arguments)                                                  \
	static result jump_##name parameters                                                       \
	{                                                                                          \
		return ((result(*) parameters)TARGET(name))arguments;                              \
	}                                                                                          \
                                                                                                   \
	static result count_##name parameters                                                      \
	{                                                                                          \
		atomic_fetch_add_explicit(&switches.counted, 1, memory_order_relaxed);             \
		return ((result(*) parameters)switches.rows[ROW_##name].shim)arguments;            \
	}
SWITCHED(JUMP)
#undef JUMP

static const struct {
	const char *name;
	void *jump, *count;
} rows[ROWS] = {
#define ROW(result, name, parameters, arguments) {#name, (void *)jump_##name, (void *)count_##name},
    SWITCHED(ROW)
#undef ROW
};

static void find_all(void)
{
	void *handle = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);

	for (size_t i = 0; handle && i < ROWS; i++) {
		void *driver = own_dlsym(handle, rows[i].name);
		void *shim = own_dlsym(RTLD_NEXT, rows[i].name);

		switches.rows[i].driver = driver;
		switches.rows[i].shim = shim ? shim : driver;
		atomic_store(&switches.rows[i].target, switches.rows[i].shim);
	}
	switches.resolve = (resolver *)own_dlsym(RTLD_NEXT, "cuGetProcAddress");
	switches.resolve_v2 = (resolver_v2 *)own_dlsym(RTLD_NEXT, "cuGetProcAddress_v2");
	if (handle && !switches.resolve)
		switches.resolve = (resolver *)own_dlsym(handle, "cuGetProcAddress");
	if (handle && !switches.resolve_v2)
		switches.resolve_v2 = (resolver_v2 *)own_dlsym(handle, "cuGetProcAddress_v2");
}

EXPORT unsigned long mvgal_bench_switch(int to)
{
	pthread_once(&switches.once, find_all);
	for (size_t i = 0; i < ROWS; i++) {
		void *target = switches.rows[i].shim;

		/* The shim is to know which streams there are. */
		if (to == TO_DRIVER && i != ROW_cuStreamDestroy_v2)
			target = switches.rows[i].driver;
		else if (to == TO_COUNTED)
			target = rows[i].count;
		atomic_store(&switches.rows[i].target, target);
	}
	return atomic_exchange(&switches.counted, 0);
}

static void *exchange(void *found);

static CUresult resolve(const char *symbol, void **found, int version, cuuint64_t flags)
{
	CUresult result = switches.resolve(symbol, found, version, flags);

	if (result == CUDA_SUCCESS && found)
		*found = exchange(*found);
	return result;
}

static CUresult resolve_v2(const char *symbol, void **found, int version, cuuint64_t flags,
			   int *status)
{
	CUresult result = switches.resolve_v2(symbol, found, version, flags, status);

	if (result == CUDA_SUCCESS && found)
		*found = exchange(*found);
	return result;
}

/* What is given in place of what the program would have had. */
static void *exchange(void *found)
{
	pthread_once(&switches.once, find_all);
	if (!found)
		return NULL;
	if (found == (void *)switches.resolve)
		return (void *)resolve;
	if (found == (void *)switches.resolve_v2)
		return (void *)resolve_v2;
	for (size_t i = 0; i < ROWS; i++)
		if (switches.rows[i].shim == found && switches.rows[i].driver)
			return rows[i].jump;
	return found;
}

EXPORT void *dlsym(void *handle, const char *name)
{
	dlsym_function *next = switches.next;

	if (!next) {
		/* Called, not jumped to: it is to be what comes after this library. */
		next = (dlsym_function *)own_dlsym(RTLD_NEXT, "dlsym");
		switches.next = next;
	}
	/* A jump: RTLD_NEXT means the library behind the caller's. */
	if (strncmp(name, "cu", 2) || name[2] < 'A' || name[2] > 'Z')
		return next(handle, name);
	return exchange(next(handle, name));
}
