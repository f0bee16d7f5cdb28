/* SPDX-License-Identifier: MIT */
/* A program that knows nothing of the shim, on cards of 64 MiB: it prints what it sees, one thing a
 * line. Its argument is how many MiB it allocates; a second one how often. */
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

/* Writes all of it, and counts the words that are not read back. */
static size_t wrong_in(unsigned long long pointer, size_t bytes)
{
	size_t wrong = 0, *written = malloc(bytes), *read = calloc(1, bytes);

	for (size_t i = 0; i < bytes / sizeof(*written); i++)
		written[i] = i * 2654435761u;
	driver("cuMemcpyHtoD_v2")(pointer, written, bytes);
	driver("cuMemcpyDtoH_v2")(read, pointer, bytes);
	for (size_t i = 0; i < bytes / sizeof(*written); i++)
		wrong += written[i] != read[i];
	free(written);
	free(read);
	return wrong;
}

int main(int count, char **arguments)
{
	size_t bytes = count > 1 ? (size_t)atoi(arguments[1]) * MIB : 0, total = 0;
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
	for (int round = count > 2 ? atoi(arguments[2]) - 1 : 0; round >= 0; round--) {
		/* Of another size each time: the shim keeps what was freed for the same. */
		result = driver("cuMemAlloc_v2")(&pointer, bytes - (size_t)round * 4 * MIB);
		printf("allocated: %d\n", result);
		if (result)
			return 0;
		printf("wrong: %zu\n", wrong_in(pointer, bytes - (size_t)round * 4 * MIB));
		show_info("allocated");
		printf("freed: %d\n", driver("cuMemFree_v2")(pointer));
		show_info("after");
		fflush(stdout);
		getchar();
	}
	return 0;
}
