/* SPDX-License-Identifier: MIT */
/*
 * bench_sm KERNEL SECONDS: launches kernels of a length (20us, 1ms; empty) without a pause, and prints how many ran
 * a second. The driver is loaded by its name; nothing of CUDA is needed to compile this.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEEP 256

static void *library;

#define CALL(name, parameters, ...)                                                                \
	do {                                                                                       \
		static int(*call) parameters;                                                      \
		int code;                                                                          \
                                                                                                   \
		if (!call)                                                                         \
			call = (int(*) parameters)dlsym(library, #name);                           \
		code = call ? call(__VA_ARGS__) : -1;                                              \
		if (code) {                                                                        \
			fprintf(stderr, "%s: CUDA error %d\n", #name, code);                       \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A kernel that runs for its parameter's ns; a driver without a GPU goes by the name. */
static const char ptx[] = ".version 6.0\n"
			  ".target sm_50\n"
			  ".address_size 64\n"
			  ".visible .entry %s(.param .u64 length)\n"
			  "{\n"
			  "	.reg .pred %%p;\n"
			  "	.reg .u64 %%start, %%now, %%length;\n"
			  "	ld.param.u64 %%length, [length];\n"
			  "	setp.eq.u64 %%p, %%length, 0;\n"
			  "	@%%p bra done;\n"
			  "	mov.u64 %%start, %%globaltimer;\n"
			  "again:\n"
			  "	mov.u64 %%now, %%globaltimer;\n"
			  "	sub.u64 %%now, %%now, %%start;\n"
			  "	setp.lt.u64 %%p, %%now, %%length;\n"
			  "	@%%p bra again;\n"
			  "done:\n"
			  "	ret;\n"
			  "}\n";

static uint64_t length_of(const char *text)
{
	char unit[3] = "";
	unsigned int number = 0;

	if (sscanf(text, "%u%2s", &number, unit) != 2)
		return 0;
	return number * (strcmp(unit, "ms") ? UINT64_C(1000) : UINT64_C(1000000));
}

int main(int argc, char **argv)
{
	uint64_t began = 0, began_at = 0, first = 0, first_at = 0, last = 0, last_at = 0;
	uint64_t until, settled, length, count = 0;
	char image[2048], name[64];
	void *context, *module, *function, *events[DEEP] = { 0 };
	void *parameters[] = { &length };

	if (argc != 3)
		return 2;
	library = dlopen("libcuda.so.1", RTLD_NOW);
	if (!library) {
		fprintf(stderr, "there is no CUDA driver: %s\n", dlerror());
		return 1;
	}
	length = length_of(argv[1]);
	snprintf(name, sizeof(name), length ? "spin_%s" : "%s", argv[1]);
	snprintf(image, sizeof(image), ptx, name);
	CALL(cuInit, (unsigned int), 0);
	CALL(cuDevicePrimaryCtxRetain, (void **, int), &context, 0);
	CALL(cuCtxSetCurrent, (void *), context);
	CALL(cuModuleLoadData, (void **, const void *), &module, image);
	CALL(cuModuleGetFunction, (void **, void *, const char *), &function, module, name);
	for (int i = 0; i < DEEP; i++)
		CALL(cuEventCreate, (void **, unsigned int), &events[i], 2);
	settled = now_ns() + (length ? 2000000000u : 200000000u);
	until = settled + (uint64_t)(atof(argv[2]) * 1e9);
	for (;;) {
		uint64_t before = now_ns();

		if (before >= until)
			break;
		/* Short of what the driver would take: a few ms ahead, and one kernel at least. */
		if (length && count >= DEEP / 2) {
			uint64_t ahead = 20000000 / length < 2 ? 2 : 20000000 / length;

			if (ahead > DEEP / 2)
				ahead = DEEP / 2;
			CALL(cuEventSynchronize, (void *), events[(count - ahead) % DEEP]);
		}
		before = now_ns();
		CALL(cuLaunchKernel,
		     (void *, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int,
		      unsigned int, unsigned int, void *, void **, void **),
		     function, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL);
		if (length)
			CALL(cuEventRecord, (void *, void *), events[count % DEEP], NULL);
		count++;
		if (now_ns() < settled)
			continue;
		if (!began) {
			CALL(cuCtxSynchronize, (void));
			began = now_ns();
			began_at = count;
		} else if (length && now_ns() - before > 1000000) {
			/* Here a turn begins, whose pause was before. */
			last = now_ns();
			last_at = count;
			if (!first) {
				first = last;
				first_at = count;
			}
		}
	}
	CALL(cuCtxSynchronize, (void));
	if (last == first) {
		first = began;
		first_at = began_at;
		last = now_ns();
		last_at = count;
	}
	printf("rate=%.3f\n", (double)(last_at - first_at) * 1e9 / (double)(last - first));
	return 0;
}
