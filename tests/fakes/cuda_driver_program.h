/*
 * For test programs that use the driver as the CUDA runtime does: they open libcuda.so.1 and ask
 * cuGetProcAddress_v2 for everything else.
 */
#pragma once
#include "cuda_driver/abi.h"
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef CUresult (*resolver)(const char *, void **, int, uint64_t, int *);

static int driver_version = 13000;
static void *cuda_library;

/* The function, of the newest kind that the driver has. */
static inline void *cuda_at(const char *name, uint64_t flags)
{
	static resolver resolve;
	void *found = NULL;
	int status;

	if (!resolve) {
		cuda_library = dlopen("libcuda.so.1", RTLD_NOW);
		if (!cuda_library) {
			fprintf(stderr, "%s\n", dlerror());
			exit(2);
		}
		((CUresult(*)(int *))dlsym(cuda_library, "cuDriverGetVersion"))(&driver_version);
		resolve = (resolver)dlsym(cuda_library, "cuGetProcAddress_v2");
	}
	if (!resolve)
		return dlsym(cuda_library, name);
	resolve(name, &found, driver_version, flags, &status);
	return found;
}

static inline void *cuda(const char *name)
{
	return cuda_at(name, 0);
}

/* CU(cuMemAlloc, &pointer, size): looked up once. Integers must be of their full type. */
#define CU(NAME, ...)                                                                              \
	__extension__({                                                                            \
		static CUresult (*function_)();                                                    \
		if (!function_)                                                                    \
			function_ = (CUresult(*)())cuda(#NAME);                                    \
		if (!function_) {                                                                  \
			fprintf(stderr, "%s is not there\n", #NAME);                               \
			exit(2);                                                                   \
		}                                                                                  \
		function_(__VA_ARGS__);                                                            \
	})

/* The call must return this. */
#define EXPECT(RESULT, CALL)                                                                       \
	do {                                                                                       \
		int result_ = (int)(CALL);                                                         \
		if (result_ != (int)(RESULT)) {                                                    \
			fprintf(stderr, "%s:%d: %s: %d, not %d\n", __FILE__, __LINE__, #CALL,      \
				result_, (int)(RESULT));                                           \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#define OK(NAME, ...) EXPECT(0, CU(NAME, __VA_ARGS__))

#define REQUIRE(CONDITION)                                                                         \
	do {                                                                                       \
		if (!(CONDITION)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #CONDITION);            \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#define MIB ((size_t)1 << 20)

static inline double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline CUcontext use_device(int ordinal)
{
	CUcontext context;

	EXPECT(0, CU(cuInit, 0));
	OK(cuDevicePrimaryCtxRetain, &context, ordinal);
	OK(cuCtxSetCurrent, context);
	return context;
}

static inline CUfunction kernel(const char *name)
{
	static CUmodule module;
	CUfunction function;

	if (!module)
		OK(cuModuleLoadData, &module, "\x7f" "ELF");
	OK(cuModuleGetFunction, &function, module, name);
	return function;
}

static inline CUresult launch(CUfunction function, CUstream stream, void **params)
{
	return CU(cuLaunchKernel, function, 1, 1, 1, 32, 1, 1, 0, stream, params, NULL);
}

static inline size_t free_memory(void)
{
	size_t left, total;

	OK(cuMemGetInfo, &left, &total);
	return left;
}

/* Says that it is there, and waits for the test's word. */
static inline void tell_and_wait(void)
{
	char word;

	puts("ready");
	fflush(stdout);
	if (read(0, &word, 1) != 1)
		exit(3);
}
