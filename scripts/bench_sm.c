/* SPDX-License-Identifier: MIT */
/*
 * bench_sm WORK: launches work without a pause until it is ended, and says how far it has come: a
 * line "T COUNT 1" where the next launch had to wait, with which a turn begins and all COUNT before
 * are done; and "T COUNT 0" now and then. T is the time of day in seconds. WORK is kernels of a
 * length, 20us or 1ms, or graph20us: graphs of 50 such kernels. The driver is loaded by its name;
 * nothing of CUDA is needed to compile this.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEEP 256
#define NODES 50
/* Launches are this far ahead of the GPU: short of what the driver would take. */
#define AHEAD_NS 20000000u
/* A launch that takes so long has waited for its turn. */
#define WAIT_NS 1000000u
#define SAY_NS 20000000u

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

	clock_gettime(CLOCK_REALTIME, &now);
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

static void launch(void *function, void *stream, uint64_t length)
{
	void *parameters[] = {&length};

	CALL(cuLaunchKernel,
	     (void *, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int,
	      unsigned int, unsigned int, void *, void **, void **),
	     function, 1, 1, 1, 1, 1, 1, 0, stream, parameters, NULL);
}

static void *graph_of(void *function, void *stream, uint64_t length)
{
	void *graph, *exec;

	CALL(cuStreamBeginCapture_v2, (void *, int), stream, 0);
	for (int i = 0; i < NODES; i++)
		launch(function, stream, length);
	CALL(cuStreamEndCapture, (void *, void **), stream, &graph);
	CALL(cuGraphInstantiateWithFlags, (void **, void *, unsigned long long), &exec, graph, 0);
	return exec;
}

static void *function_for(const char *kernel)
{
	char image[2048], name[64];
	void *context, *module, *function;

	snprintf(name, sizeof(name), "spin_%s", kernel);
	snprintf(image, sizeof(image), ptx, name);
	CALL(cuInit, (unsigned int), 0);
	CALL(cuDevicePrimaryCtxRetain, (void **, int), &context, 0);
	CALL(cuCtxSetCurrent, (void *), context);
	CALL(cuModuleLoadData, (void **, const void *), &module, image);
	CALL(cuModuleGetFunction, (void **, void *, const char *), &function, module, name);
	return function;
}

int main(int argc, char **argv)
{
	const char *kernel = argc == 2 ? argv[1] : "";
	bool is_graph = !strncmp(kernel, "graph", 5);
	uint64_t length, ahead, said = 0;
	void *function, *stream, *graph = NULL, *events[DEEP] = {0};

	kernel += is_graph ? 5 : 0;
	length = length_of(kernel);
	if (!length)
		return 2;
	library = dlopen("libcuda.so.1", RTLD_NOW);
	if (!library) {
		fprintf(stderr, "there is no CUDA driver: %s\n", dlerror());
		return 1;
	}
	function = function_for(kernel);
	CALL(cuStreamCreate, (void **, unsigned int), &stream, 1);
	if (is_graph)
		graph = graph_of(function, stream, length);
	for (int i = 0; i < DEEP; i++)
		CALL(cuEventCreate, (void **, unsigned int), &events[i], 2);
	ahead = AHEAD_NS / (is_graph ? NODES * length : length);
	ahead = ahead < 2 ? 2 : ahead > DEEP / 2 ? DEEP / 2 : ahead;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (uint64_t count = 0;; count++) {
		uint64_t before, now;
		bool has_waited;

		if (count >= ahead)
			CALL(cuEventSynchronize, (void *), events[(count - ahead) % DEEP]);
		before = now_ns();
		if (is_graph)
			CALL(cuGraphLaunch, (void *, void *), graph, stream);
		else
			launch(function, stream, length);
		now = now_ns();
		CALL(cuEventRecord, (void *, void *), events[count % DEEP], stream);
		has_waited = now - before > WAIT_NS;
		if (!has_waited && now - said < SAY_NS)
			continue;
		said = now;
		/* Nobody listens any more: that is the end. */
		if (printf("%.6f %llu %d\n", (double)now / 1e9, (unsigned long long)count,
			   has_waited) < 0)
			return 0;
	}
}
