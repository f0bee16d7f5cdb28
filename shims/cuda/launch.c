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

#include "gate.h"
#include "gate_clock.h"
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

#define FREE_STREAMS 4

/* What a thread launched last, and where that was. In the thread's static block: the shim is there
 * when the program starts. */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct {
	/* So many launches pass without a look at the time, if they are free. */
	uint32_t left;
	/* They are free whatever their stream and context: no other GPU is there. */
	bool all_free;
	bool no_wait;
	/* Counts launches on the GPU. */
	_Atomic uint64_t *launches;
	const struct cuda_real *real;
	/* Streams and a context of a GPU without a limit, and since when that is known. */
	CUstream free_streams[FREE_STREAMS];
	CUcontext free_context;
	uint64_t free_from;
	/* When the time was last looked at. */
	uint64_t looked;
	CUcontext context;
	struct gate *gate;
	uint64_t checked;
	uint64_t id;
} own;

/*
 * For so many ticks what was found of a stream is believed: 2 to 10 ms. A clock of the system takes
 * longer to ask than the rest of a launch that is free, and on virtual machines as much as a call
 * of the kernel.
 */
#define FREE_TICKS 10000000u
/* Launches that follow each other more quickly than FREE_TICKS / 16 in this number look no more
 * often. */
#define FREE_LAUNCHES 16

static uint64_t ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t now;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(now));
	/* It counts at 25 MHz to 1 GHz. */
	return now * 16;
#else
	return gate_now_roughly();
#endif
}

static void after_fork(void)
{
	unsigned int count = atomic_load(&launches.count);

	pthread_mutex_init(&launches.adding, NULL);
	for (unsigned int i = 0; i < count; i++)
		gate_after_fork(&launches.gates[i]);
	own.context = own.free_context = NULL;
	own.left = 0;
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

static bool is_default(CUstream stream)
{
	return stream == CU_STREAM_LEGACY || stream == CU_STREAM_PER_THREAD;
}

static CUstream *free_stream(CUstream stream)
{
	/* Streams are addresses, of things larger than these. */
	return &own.free_streams[(uintptr_t)stream / 64 % FREE_STREAMS];
}

/* A stream of its own belongs to one context: the default ones do not tell of which they are. */
static __attribute__((noinline)) bool is_free_stream(CUstream stream)
{
	const struct cuda_real *real = own.real;
	CUcontext current;

	if (stream && !is_default(stream))
		return *free_stream(stream) == stream;
	return real->cuCtxGetCurrent && real->cuCtxGetCurrent(&current) == CUDA_SUCCESS &&
	       current == own.free_context;
}

/* Whether the stream is known to be of a GPU without a limit. */
static inline bool is_free(CUstream stream)
{
	return own.all_free || is_free_stream(stream);
}

static inline void count_launch(void)
{
	atomic_fetch_add_explicit(own.launches, 1, memory_order_relaxed);
}

/* A launch into a stream that is_free, without a look at the time. */
static inline void pass(void)
{
	own.left--;
	count_launch();
}

/* Whether the launch is made at once; it is counted then. */
static bool is_still_free(CUstream stream)
{
	uint64_t now;

	if (own.left && is_free(stream)) {
		pass();
		return true;
	}
	now = ticks();
	if (!own.free_context || now - own.free_from >= FREE_TICKS || !is_free(stream))
		return false;
	own.left = now - own.looked < FREE_TICKS / 16 ? FREE_LAUNCHES : 0;
	own.looked = now;
	count_launch();
	return true;
}

static void set_free(struct gate *gate, CUstream stream, CUcontext context)
{
	const struct cuda_real *real = cuda_real();
	static _Thread_local _Atomic uint64_t nowhere;
	_Atomic uint64_t *launches = mvgal_session_launches(gate->device->row);
	uint64_t now = ticks();
	int gpus = 0;

	own.all_free =
	    real->cuDeviceGetCount && real->cuDeviceGetCount(&gpus) == CUDA_SUCCESS && gpus == 1;
	own.launches = launches ? launches : &nowhere;
	own.real = real;
	if (own.free_context != context || now - own.free_from >= FREE_TICKS) {
		memset(own.free_streams, 0, sizeof(own.free_streams));
		own.free_context = context;
		own.free_from = own.looked = now;
	}
	if (!is_default(stream))
		*free_stream(stream) = stream;
}

/* Between the two the launch is made. NULL where the launch is none of the gates'. */
static struct gate *before(struct gate_launch *launch, CUstream stream, bool per_thread,
			   uint64_t key)
{
	const struct cuda_real *real = cuda_real();
	CUcontext current, context;
	struct gate *gate;
	uint64_t roughly;

	if (is_still_free(stream))
		return NULL;
	own.left = 0;
	if (!real->cuCtxGetCurrent || real->cuCtxGetCurrent(&current) != CUDA_SUCCESS || !current)
		return NULL;
	if (!stream)
		stream = per_thread ? CU_STREAM_PER_THREAD : CU_STREAM_LEGACY;
	roughly = gate_now_roughly();
	context = current;
	if (atomic_load_explicit(&launches.limited, memory_order_relaxed) && !is_default(stream) &&
	    real->cuStreamGetCtx && real->cuStreamGetCtx(stream, &context) != CUDA_SUCCESS)
		return NULL;
	gate = gate_of_context(context, current, roughly);
	if (!gate)
		return NULL;
	mvgal_session_launched(gate->device->row, false);
	if (roughly < atomic_load_explicit(&gate->free_until, memory_order_relaxed)) {
		set_free(gate, stream, context);
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

#define BLOCKS ((uint64_t)grid_x * grid_y * grid_z)

#define LAUNCH(name, parameters, arguments, in, per_thread, what, blocks)                          \
	static __attribute__((noinline)) CUresult gated_##name parameters                          \
	{                                                                                          \
		const struct cuda_real *real = cuda_real();                                        \
		struct gate_launch launch;                                                         \
		struct gate *gate;                                                                 \
		CUresult result;                                                                   \
                                                                                                   \
		if (!real->name)                                                                   \
			return CUDA_ERROR_NOT_FOUND;                                               \
		gate = before(&launch, in, per_thread, kind_of(what, blocks));                     \
		result = real->name arguments;                                                     \
		after(gate, &launch);                                                              \
		return result;                                                                     \
	}                                                                                          \
                                                                                                   \
	/* Both are jumps: nothing of this function is left on the stack. */                       \
	EXPORT CUresult name parameters                                                            \
	{                                                                                          \
		if (own.left && own.all_free && own.real->name) {                                  \
			pass();                                                                    \
			return own.real->name arguments;                                           \
		}                                                                                  \
		return gated_##name arguments;                                                     \
	}

LAUNCH(cuLaunchKernel, MVGAL_LAUNCH_PARAMETERS, MVGAL_LAUNCH_ARGUMENTS, stream, false, function,
       BLOCKS)
LAUNCH(cuLaunchKernel_ptsz, MVGAL_LAUNCH_PARAMETERS, MVGAL_LAUNCH_ARGUMENTS, stream, true, function,
       BLOCKS)
LAUNCH(cuLaunchCooperativeKernel, MVGAL_COOPERATIVE_PARAMETERS, MVGAL_COOPERATIVE_ARGUMENTS, stream,
       false, function, BLOCKS)
LAUNCH(cuLaunchCooperativeKernel_ptsz, MVGAL_COOPERATIVE_PARAMETERS, MVGAL_COOPERATIVE_ARGUMENTS,
       stream, true, function, BLOCKS)

#define CONFIG_PARAMETERS                                                                          \
	(const CUlaunchConfig *config, CUfunction function, void **parameters, void **extra)
#define CONFIG_ARGUMENTS (config, function, parameters, extra)
#define CONFIG_STREAM (config ? config->hStream : NULL)
#define CONFIG_BLOCKS                                                                              \
	(config ? (uint64_t)config->gridDimX * config->gridDimY * config->gridDimZ : 0)

LAUNCH(cuLaunchKernelEx, CONFIG_PARAMETERS, CONFIG_ARGUMENTS, CONFIG_STREAM, false, function,
       CONFIG_BLOCKS)
LAUNCH(cuLaunchKernelEx_ptsz, CONFIG_PARAMETERS, CONFIG_ARGUMENTS, CONFIG_STREAM, true, function,
       CONFIG_BLOCKS)

/* The first of them stands for all: they run together. */
LAUNCH(cuLaunchCooperativeKernelMultiDevice,
       (struct CUlaunchParams * list, unsigned int count, unsigned int flags), (list, count, flags),
       count &&list ? list->stream : NULL, false, count &&list ? list->function : NULL, count)

LAUNCH(cuLaunch, (CUfunction function), (function), NULL, false, function, 1)
LAUNCH(cuLaunchGrid, (CUfunction function, int width, int height), (function, width, height), NULL,
       false, function, (uint64_t)width *(uint64_t)height)
LAUNCH(cuLaunchGridAsync, (CUfunction function, int width, int height, CUstream stream),
       (function, width, height, stream), stream, false, function,
       (uint64_t)width *(uint64_t)height)

LAUNCH(cuGraphLaunch, (CUgraphExec graph, CUstream stream), (graph, stream), stream, false, graph,
       0)
LAUNCH(cuGraphLaunch_ptsz, (CUgraphExec graph, CUstream stream), (graph, stream), stream, true,
       graph, 0)

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
