/* SPDX-License-Identifier: MIT */
/*
 * launch_program GPUS ROUNDS: launches, in each round and on each GPU, an empty kernel in the
 * default stream and one in one of the GPU's streams, of which there are more than the shim keeps.
 * Says "done", and ends with stdin.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define STREAMS 7

static void *library;

#define CALL(name, parameters, ...)                                                                \
	do {                                                                                       \
		int(*call) parameters = (int(*) parameters)dlsym(library, #name);                  \
		int code = call ? call(__VA_ARGS__) : -1;                                          \
                                                                                                   \
		if (code) {                                                                        \
			fprintf(stderr, "%s: %d\n", #name, code);                                  \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

struct gpu {
	void *context, *function, *streams[STREAMS];
};

static void begin(struct gpu *gpu, int device)
{
	void *module;

	CALL(cuDevicePrimaryCtxRetain, (void **, int), &gpu->context, device);
	CALL(cuCtxSetCurrent, (void *), gpu->context);
	CALL(cuModuleLoadData, (void **, const void *), &module, "// empty");
	CALL(cuModuleGetFunction, (void **, void *, const char *), &gpu->function, module, "empty");
	for (int i = 0; i < STREAMS; i++)
		CALL(cuStreamCreate, (void **, unsigned int), &gpu->streams[i], 1);
}

static void launch(const struct gpu *gpu, void *stream)
{
	CALL(cuLaunchKernel,
	     (void *, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int,
	      unsigned int, unsigned int, void *, void **, void **),
	     gpu->function, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL);
}

int main(int argc, char **argv)
{
	static struct gpu gpus[8];
	int count = argc == 3 ? atoi(argv[1]) : 0, rounds = argc == 3 ? atoi(argv[2]) : 0;

	library = dlopen("libcuda.so.1", RTLD_NOW);
	if (!library || count < 1 || count > 8)
		return 2;
	CALL(cuInit, (unsigned int), 0);
	for (int i = 0; i < count; i++)
		begin(&gpus[i], i);
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < count; i++) {
			CALL(cuCtxSetCurrent, (void *), gpus[i].context);
			launch(&gpus[i], NULL);
			launch(&gpus[i], gpus[i].streams[round / 5 % STREAMS]);
		}
	printf("done\n");
	fflush(stdout);
	return getchar() != EOF;
}
