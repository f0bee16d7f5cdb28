/* SPDX-License-Identifier: MIT */
/*
 * What makes a GPU work. A launch without a limit costs a count, and every few times a look at the
 * time; one with a limit goes through the GPU's gate. Copies and fills of memory pass by:
 * engines of their own do them.
 */
#define _GNU_SOURCE
#include "launch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "free_path.h"
#include "gate.h"
#include "gate_clock.h"
#include "pool_reads.h"
#include "real.h"
#include "session.h"
#include "settings.h"
#include "turns_file.h"

#define EXPORT __attribute__((visibility("default")))

struct CUlaunchParams {
	CUfunction function;
	unsigned int grid_x, grid_y, grid_z;
	unsigned int block_x, block_y, block_z;
	unsigned int shared;
	CUstream stream;
	void **parameters;
};

static struct {
	struct gate gates[MVGAL_SESSION_GPUS];
	atomic_uint count;
	pthread_mutex_t adding;
	pthread_once_t once;
	/* Whether any of them has a limit. */
	atomic_bool limited;
} launches = {.adding = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

/* What a thread launched last, and where that was. */
static _Thread_local struct {
	CUcontext context;
	struct gate *gate;
	uint64_t checked;
	uint64_t id;
	bool no_wait;
} own;

static void after_fork(void)
{
	unsigned int count = atomic_load(&launches.count);

	pthread_mutex_init(&launches.adding, NULL);
	for (unsigned int i = 0; i < count; i++)
		gate_after_fork(&launches.gates[i]);
	own.context = NULL;
	free_path_forget();
}

static void at_exit(void)
{
	unsigned int count = atomic_load(&launches.count);

	for (unsigned int i = 0; i < count; i++)
		gate_end(&launches.gates[i]);
}

static void begin(void)
{
	pthread_atfork(NULL, NULL, after_fork);
	atexit(at_exit);
}

struct turns_table *gate_table(const char *id)
{
	return turns_file_open(id);
}

uint64_t gate_owner(void)
{
	return turns_file_own();
}

bool gate_lives(uint64_t owner)
{
	return turns_file_lives(owner);
}

const char *gate_group(void)
{
	return settings()->group;
}

static struct gate *gate_of(const struct device *device)
{
	unsigned int count;
	struct gate *gate = NULL;

	pthread_once(&launches.once, begin);
	pthread_mutex_lock(&launches.adding);
	count = atomic_load(&launches.count);
	for (unsigned int i = 0; i < count && !gate; i++)
		if (launches.gates[i].device == device)
			gate = &launches.gates[i];
	if (!gate && count < MVGAL_SESSION_GPUS) {
		gate = &launches.gates[count];
		gate_init(gate, device);
		atomic_store(&launches.count, count + 1);
	}
	pthread_mutex_unlock(&launches.adding);
	return gate;
}

static const struct device *device_of_context(CUcontext context, CUcontext current)
{
	const struct cuda_real *real = cuda_real();
	const struct device *device;

	if (context == current)
		return device_current();
	if (!real->cuCtxPushCurrent_v2 || !real->cuCtxPopCurrent_v2 ||
	    real->cuCtxPushCurrent_v2(context) != CUDA_SUCCESS)
		return NULL;
	device = device_current();
	real->cuCtxPopCurrent_v2(&context);
	return device;
}

/* The gate of a context's GPU; what was found is asked for again every now and then: contexts come
 * and go. */
static struct gate *gate_of_context(CUcontext context, CUcontext current, uint64_t roughly)
{
	const struct device *device;

	if (context == own.context && own.gate && roughly - own.checked < 100000000u)
		return own.gate;
	device = device_of_context(context, current);
	own.gate = device ? gate_of(device) : NULL;
	own.context = context;
	own.checked = roughly;
	return own.gate;
}

/* The threads of the driver run the program's callbacks: they are not to wait for what comes after
 * these. */
static bool is_drivers_thread(void)
{
	char name[16] = "";

	prctl(PR_GET_NAME, name);
	return !strncmp(name, "cuda", 4);
}

static uint64_t thread_id(void)
{
	static _Atomic uint64_t threads;

	if (!own.id) {
		own.id = atomic_fetch_add(&threads, 1) + 1;
		own.no_wait = is_drivers_thread();
	}
	return own.id;
}

/* Between the two the launch is made. NULL where the launch is none of the gates'. */
static struct gate *before(struct gate_launch *launch, CUstream stream, bool per_thread,
			   uint64_t key)
{
	const struct cuda_real *real = cuda_real();
	CUcontext current, context;
	struct gate *gate;
	uint64_t roughly;

	if (free_path_passes(stream))
		return NULL;
	if (!real->cuCtxGetCurrent || real->cuCtxGetCurrent(&current) != CUDA_SUCCESS || !current)
		return NULL;
	if (!stream)
		stream = per_thread ? CU_STREAM_PER_THREAD : CU_STREAM_LEGACY;
	roughly = gate_now_roughly();
	context = current;
	if (atomic_load_explicit(&launches.limited, memory_order_relaxed) &&
	    !free_path_is_default(stream) && real->cuStreamGetCtx &&
	    real->cuStreamGetCtx(stream, &context) != CUDA_SUCCESS)
		return NULL;
	gate = gate_of_context(context, current, roughly);
	if (!gate)
		return NULL;
	mvgal_session_launched(gate->device->row, false);
	if (roughly < atomic_load_explicit(&gate->free_until, memory_order_relaxed)) {
		free_path_set(gate->device->row, stream, context);
		return NULL;
	}
	if (marks_is_capturing(stream))
		return NULL;
	launch->stream.stream = stream;
	launch->stream.context = context;
	launch->stream.thread = thread_id();
	if (stream != CU_STREAM_PER_THREAD)
		launch->stream.thread = 0;
	launch->current = current;
	launch->key = key;
	launch->no_wait = own.no_wait;
	gate_enter(gate, launch);
	if (launch->turn)
		atomic_store_explicit(&launches.limited, true, memory_order_relaxed);
	return gate;
}

static void after(struct gate *gate, const struct gate_launch *launch)
{
	if (gate)
		gate_leave(gate, launch);
}

/* What is launched, and roughly how much of it: not 0. */
static uint64_t kind_of(const void *what, uint64_t blocks)
{
	uint64_t size = 64 - (uint64_t)__builtin_clzll(blocks | 1);

	return ((uint64_t)(uintptr_t)what ^ size << 48) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

#define READS(parameters, extra, stream) reads_before(function, parameters, extra, kind, stream)
#define PER_THREAD(stream) ((stream) ? (stream) : CU_STREAM_PER_THREAD)

#define BLOCKS ((uint64_t)grid_x * grid_y * grid_z)

#define LAUNCH(name, list, arguments, in, per_thread, what, blocks, reads_of)                      \
	static __attribute__((noinline)) CUresult gated_##name list                                \
	{                                                                                          \
		const struct cuda_real *real = cuda_real();                                        \
		uint64_t kind = kind_of(what, blocks);                                             \
		struct gate_launch launch;                                                         \
		struct gate *gate;                                                                 \
		struct reads reads;                                                                \
		CUresult result;                                                                   \
                                                                                                   \
		if (!real->name)                                                                   \
			return CUDA_ERROR_NOT_FOUND;                                               \
		gate = before(&launch, in, per_thread, kind);                                      \
		reads = reads_of;                                                                  \
		result = real->name arguments;                                                     \
		reads_after(reads, per_thread && !(in) ? CU_STREAM_PER_THREAD : in);               \
		after(gate, &launch);                                                              \
		return result;                                                                     \
	}                                                                                          \
                                                                                                   \
	/* Both are jumps: nothing of this function is left on the stack. */                       \
	EXPORT CUresult name list                                                                  \
	{                                                                                          \
		if (free_path.left && free_path.all && free_path.real->name) {                     \
			free_path_pass();                                                          \
			return free_path.real->name arguments;                                     \
		}                                                                                  \
		return gated_##name arguments;                                                     \
	}

LAUNCH(cuLaunchKernel, MVGAL_LAUNCH_PARAMETERS, MVGAL_LAUNCH_ARGUMENTS, stream, false, function,
       BLOCKS, READS(parameters, extra, stream))
LAUNCH(cuLaunchKernel_ptsz, MVGAL_LAUNCH_PARAMETERS, MVGAL_LAUNCH_ARGUMENTS, stream, true, function,
       BLOCKS, READS(parameters, extra, PER_THREAD(stream)))
LAUNCH(cuLaunchCooperativeKernel, MVGAL_COOPERATIVE_PARAMETERS, MVGAL_COOPERATIVE_ARGUMENTS, stream,
       false, function, BLOCKS, READS(parameters, NULL, stream))
LAUNCH(cuLaunchCooperativeKernel_ptsz, MVGAL_COOPERATIVE_PARAMETERS, MVGAL_COOPERATIVE_ARGUMENTS,
       stream, true, function, BLOCKS, READS(parameters, NULL, PER_THREAD(stream)))

#define CONFIG_PARAMETERS                                                                          \
	(const CUlaunchConfig *config, CUfunction function, void **parameters, void **extra)
#define CONFIG_ARGUMENTS (config, function, parameters, extra)
#define CONFIG_STREAM (config ? config->hStream : NULL)
#define CONFIG_BLOCKS                                                                              \
	(config ? (uint64_t)config->gridDimX * config->gridDimY * config->gridDimZ : 0)

LAUNCH(cuLaunchKernelEx, CONFIG_PARAMETERS, CONFIG_ARGUMENTS, CONFIG_STREAM, false, function,
       CONFIG_BLOCKS, READS(parameters, extra, CONFIG_STREAM))
LAUNCH(cuLaunchKernelEx_ptsz, CONFIG_PARAMETERS, CONFIG_ARGUMENTS, CONFIG_STREAM, true, function,
       CONFIG_BLOCKS, READS(parameters, extra, PER_THREAD(CONFIG_STREAM)))

/* The first of them stands for all: they run together. */
LAUNCH(cuLaunchCooperativeKernelMultiDevice,
       (struct CUlaunchParams * list, unsigned int count, unsigned int flags), (list, count, flags),
       count &&list ? list->stream : NULL, false, count &&list ? list->function : NULL, count,
       reads_none())

LAUNCH(cuLaunch, (CUfunction function), (function), NULL, false, function, 1, reads_none())
LAUNCH(cuLaunchGrid, (CUfunction function, int width, int height), (function, width, height), NULL,
       false, function, (uint64_t)width *(uint64_t)height, reads_none())
LAUNCH(cuLaunchGridAsync, (CUfunction function, int width, int height, CUstream stream),
       (function, width, height, stream), stream, false, function,
       (uint64_t)width *(uint64_t)height, reads_none())

LAUNCH(cuGraphLaunch, (CUgraphExec graph, CUstream stream), (graph, stream), stream, false, graph,
       0, reads_none())
LAUNCH(cuGraphLaunch_ptsz, (CUgraphExec graph, CUstream stream), (graph, stream), stream, true,
       graph, 0, reads_none())

EXPORT CUresult cuStreamDestroy_v2(CUstream stream)
{
	const struct cuda_real *real = cuda_real();
	unsigned int count = atomic_load(&launches.count);
	CUcontext current = NULL;

	if (!real->cuStreamDestroy_v2)
		return CUDA_ERROR_NOT_FOUND;
	if (atomic_load_explicit(&launches.limited, memory_order_relaxed) && real->cuCtxGetCurrent)
		real->cuCtxGetCurrent(&current);
	for (unsigned int i = 0; current && i < count; i++)
		gate_stream_gone(&launches.gates[i], stream, current);
	return real->cuStreamDestroy_v2(stream);
}

void launch_context_gone(CUcontext context)
{
	unsigned int count = atomic_load(&launches.count);

	for (unsigned int i = 0; i < count; i++)
		gate_context_gone(&launches.gates[i], context);
}
