/* SPDX-License-Identifier: MIT */
/*
 * A program with the launch hooks of the CUDA shim in it, on whatever driver the loader finds.
 *
 *     gate_program share KERNEL SECONDS     share of the time in which that kernel ran, launched
 * without pause gate_program graph KERNEL SECONDS     of a graph of ten of them gate_program
 * threads KERNEL SECONDS   of four threads, each with a stream that comes and goes gate_program
 * fork KERNEL SECONDS      of a program that forks in its turn gate_program change KERNEL SECONDS
 * without a limit, from half of the time on with GATE_PCT
 *
 * GATE_PCT is the limit, GATE_GROUP the group. KERNEL is spin_<n>us or spin_<n>ms, which names its
 * time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../shims/cuda/device_limits.h"
#include "../../../shims/cuda/gate_clock.h"
#include "../../../shims/cuda/pool_reads.h"
#include "../../../shims/cuda/real.h"
#include "../../../shims/cuda/settings.h"

#define DECLARE(result, name, parameters, arguments) result name parameters;
MVGAL_LAUNCH_HOOKS(DECLARE)

static _Atomic uint32_t limit = 100;

struct limits limits_of(const struct device *device)
{
	(void)device;
	return (struct limits){.bytes = UINT64_MAX, .compute_pct = limit};
}

const struct settings *settings(void)
{
	static struct settings asked = {.enabled = true};
	const char *group = getenv("GATE_GROUP");

	if (group && !asked.group[0])
		snprintf(asked.group, sizeof(asked.group), "%s", group);
	return &asked;
}

/* Nothing is pooled. */
struct reads reads_before(CUfunction function, void **parameters, void **extra, uint64_t kind,
			  CUstream stream)
{
	(void)function, (void)parameters, (void)extra, (void)kind, (void)stream;
	return reads_none();
}

struct reads reads_none(void)
{
	return (struct reads){.watch = -1};
}

void reads_after(struct reads reads, CUstream stream)
{
	(void)reads, (void)stream;
}

void *hook_named(const char *name)
{
	(void)name;
	return NULL;
}

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

#define EXPECT(what)                                                                               \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "%d: not so: %s\n", __LINE__, #what);                      \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/* What ran from the end of one long wait to that of another, which is whole turns with their
 * pauses. */
struct meter {
	uint64_t ns, first, last, done, done_at_last;
};

static void count(struct meter *meter, uint64_t before, uint64_t ns)
{
	uint64_t now = gate_now();

	if (now - before > 1000000 || !meter->first) {
		if (!meter->first) {
			meter->first = now;
			meter->done = 0;
		}
		meter->last = now;
		meter->done_at_last = meter->done;
	}
	meter->done += ns;
}

static double share(const struct meter *meter)
{
	return meter->last > meter->first
		   ? 100.0 * (double)meter->done_at_last / (double)(meter->last - meter->first)
		   : 0;
}

static void launch(CUfunction function, CUstream stream)
{
	EXPECT(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL) == CUDA_SUCCESS);
}

static uint64_t time_of(const char *kernel)
{
	char unit[3] = "";
	unsigned int number = 0;

	EXPECT(sscanf(kernel, "spin_%u%2s", &number, unit) == 2);
	return number * (strcmp(unit, "ms") ? UINT64_C(1000) : UINT64_C(1000000));
}

static struct {
	CUcontext context;
	CUfunction function;
	uint64_t ns, until;
} program;

static CUgraphExec make_graph(void)
{
	CUgraphExec exec;
	CUgraph graph;
	CUstream stream;
	uint64_t before;

	CALL(cuStreamCreate, (CUstream *, unsigned int), &stream, 1);
	/* A turn is over, and its pause has begun: what is captured waits for none of it. */
	for (int i = 0; i < 3; i++)
		launch(program.function, NULL);
	CALL(cuStreamBeginCapture_v2, (CUstream, int), stream, 0);
	before = gate_now();
	for (int i = 0; i < 10; i++)
		launch(program.function, stream);
	EXPECT(gate_now() - before < 50000000);
	CALL(cuStreamEndCapture, (CUstream, CUgraph *), stream, &graph);
	CALL(cuGraphInstantiateWithFlags, (CUgraphExec *, CUgraph, unsigned long long), &exec,
	     graph, 0);
	return exec;
}

static void *launch_in_streams(void *unused)
{
	CUstream stream;

	CALL(cuCtxSetCurrent, (CUcontext), program.context);
	while (gate_now() < program.until) {
		CALL(cuStreamCreate, (CUstream *, unsigned int), &stream, 1);
		for (int i = 0; i < 20; i++) {
			launch(program.function, stream);
			EXPECT(cuLaunchKernel_ptsz(program.function, 1, 1, 1, 1, 1, 1, 0, NULL,
						   NULL, NULL) == CUDA_SUCCESS);
		}
		EXPECT(cuStreamDestroy_v2(stream) == CUDA_SUCCESS);
	}
	return unused;
}

static void run_threads(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		EXPECT(pthread_create(&threads[i], NULL, launch_in_streams, NULL) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("threads done\n");
}

/* A child has no turn, and its launches do not hang: whether a driver takes them is not the shim's
 * to say. */
static void fork_once(void)
{
	pid_t child = fork();
	int status;

	if (!child) {
		cuLaunchKernel(program.function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL);
		_exit(0);
	}
	EXPECT(waitpid(child, &status, 0) == child && status == 0);
}

static void begin(const char *kernel)
{
	static const char ptx[] = ".version 7.0\n.target sm_50\n.address_size 64\n// %s\n";
	char image[256];
	CUmodule module;

	library = dlopen("libcuda.so.1", RTLD_NOW);
	EXPECT(library);
	CALL(cuInit, (unsigned int), 0);
	CALL(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice), &program.context, 0);
	CALL(cuCtxSetCurrent, (CUcontext), program.context);
	snprintf(image, sizeof(image), ptx, kernel);
	CALL(cuModuleLoadData, (CUmodule *, const void *), &module, image);
	CALL(cuModuleGetFunction, (CUfunction *, CUmodule, const char *), &program.function, module,
	     kernel);
	program.ns = time_of(kernel);
}

int main(int argc, char **argv)
{
	const char *pct = getenv("GATE_PCT");
	struct meter meter = {0};
	CUgraphExec graph = NULL;
	uint64_t half, before;
	bool has_forked = false;
	const char *what;

	EXPECT(argc == 4);
	what = argv[1];
	begin(argv[2]);
	if (pct && strcmp(what, "change"))
		limit = (uint32_t)atoi(pct);
	if (!strcmp(what, "graph"))
		graph = make_graph();
	half = gate_now() + (uint64_t)(atof(argv[3]) * 5e8);
	program.until = gate_now() + (uint64_t)(atof(argv[3]) * 1e9);
	if (!strcmp(what, "threads")) {
		run_threads();
		return 0;
	}
	while ((before = gate_now()) < program.until) {
		if (graph)
			EXPECT(cuGraphLaunch(graph, NULL) == CUDA_SUCCESS);
		else
			launch(program.function, NULL);
		if (before > half && !has_forked && !strcmp(what, "fork")) {
			fork_once();
			has_forked = true;
		}
		if (before > half && limit == 100 && pct && !strcmp(what, "change")) {
			limit = (uint32_t)atoi(pct);
			half = gate_now() + 300000000;
			meter.first = 0;
			program.until = gate_now() + (uint64_t)(atof(argv[3]) * 5e8);
		} else if (before > half || strcmp(what, "change")) {
			count(&meter, before, program.ns * (graph ? 10 : 1));
		} else {
			/* Without a limit nothing else keeps the queue short. */
			CALL(cuCtxSynchronize, (void));
		}
	}
	printf("share=%.2f\n", share(&meter));
	return 0;
}
