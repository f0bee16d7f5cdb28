/* SPDX-License-Identifier: MIT */
/* A program that knows nothing of the shim, on cards of 64 MiB: it prints what it sees, one thing a
 * line. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

typedef int function();

static void *library;

static function *driver(const char *name)
{
	function *found = (function *)dlsym(library, name);

	if (!found)
		abort();
	return found;
}

static void show_info(const char *when)
{
	size_t unused = 0, total = 0;
	int result = driver("cuMemGetInfo_v2")(&unused, &total);

	printf("%s: %d, %zu of %zu MiB\n", when, result, unused / MIB, total / MIB);
}

int main(int count, char **arguments)
{
	size_t bytes = count > 1 ? (size_t)atoi(arguments[1]) * MIB : 0, total = 0, wrong = 0;
	unsigned long long pointer = 0;
	void *context;
	int gpus = 0, result;

	library = dlopen("libcuda.so.1", RTLD_LAZY);
	driver("cuInit")(0);
	driver("cuDeviceGetCount")(&gpus);
	driver("cuDeviceTotalMem_v2")(&total, 0);
	printf("GPUs: %d of %zu MiB\n", gpus, total / MIB);
	driver("cuDevicePrimaryCtxRetain")(&context, 0);
	driver("cuCtxPushCurrent_v2")(context);
	show_info("before");
	result = driver("cuMemAlloc_v2")(&pointer, bytes);
	printf("allocated: %d\n", result);
	if (result)
		return 0;
	for (size_t i = 0; i < bytes; i += 4096)
		memcpy((char *)(uintptr_t)pointer + i, &i, sizeof(i));
	for (size_t i = 0; i < bytes; i += 4096)
		wrong += memcmp((char *)(uintptr_t)pointer + i, &i, sizeof(i)) != 0;
	printf("wrong: %zu\n", wrong);
	show_info("allocated");
	printf("freed: %d\n", driver("cuMemFree_v2")(pointer));
	show_info("after");
	return 0;
}
