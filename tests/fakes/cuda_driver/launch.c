/* Kernels, and host functions on streams. */
#include "driver.h"
#include <stdlib.h>
#include <string.h>

CUresult launch_read(CUfunction function, void **params, void **extra, struct launch *out)
{
	int sizes[8], count = function_sizes(function, sizes);
	const char *buffer = NULL;

	out->function = function;
	memset(out->args, 0, sizeof(out->args));
	for (int i = 0; extra && extra[i]; i += 2)
		if (extra[i] == (void *)1)
			buffer = extra[i + 1];
	if (count && !params && !buffer)
		return CUDA_ERROR_INVALID_VALUE;
	for (int i = 0; i < count; i++)
		memcpy(&out->args[i], params ? params[i] : buffer + i * 8, (size_t)sizes[i]);
	return 0;
}

CUresult launch_check(const struct launch *launch)
{
	uint64_t threads = 1;

	for (int i = 0; i < 3; i++) {
		if (!launch->grid[i] || !launch->block[i])
			return CUDA_ERROR_INVALID_VALUE;
		threads *= launch->block[i];
	}
	return threads > 1024 ? CUDA_ERROR_INVALID_VALUE : 0;
}

struct run {
	const struct launch *launch;
	CUcontext context;
	struct point point;
	bool write, only_check;
	uint64_t sum, done;
};

static bool reach(struct piece *piece, char *bytes, uint64_t size, void *data)
{
	struct run *run = data;

	if (!piece_allows(piece, run->context, run->write))
		return false;
	piece->busy = run->point;
	piece->busy_context = run->context;
	if (run->only_check)
		return true;
	if (run->launch->function->action == FILL)
		memset(bytes, (int)run->launch->args[2], size);
	else
		for (uint64_t i = 0; i < size; i++)
			run->sum += (unsigned char)bytes[i];
	return true;
}

static bool touched(struct run *run, uint64_t va, uint64_t size, bool write, bool only_check)
{
	run->write = write;
	run->only_check = only_check;
	return space_walk(va, size, reach, run);
}

/* What the kernel does to memory. False: it touched what it may not. */
static bool act(struct run *run)
{
	const uint64_t *args = run->launch->args;

	switch (run->launch->function->action) {
	case SPIN:
		return true;
	case FILL:
		return touched(run, args[0], args[1], true, false);
	case COPY:
		return touched(run, args[0], args[2], true, true) &&
		       touched(run, args[1], args[2], false, true) &&
		       !copy_bytes(args[0], args[1], args[2], run->point, run->context);
	case SUM:
		if (!touched(run, args[0], args[1], false, false) ||
		    !touched(run, args[2], 8, true, true))
			return false;
		return !copy_bytes(args[2], (uint64_t)&run->sum, 8, run->point, run->context);
	}
	return false;
}

CUresult launch_run(struct stream *stream, const struct launch *launch)
{
	struct run run = {.launch = launch, .context = stream->context};
	CUresult failure = module_first_launch(launch->function, stream->context);

	if (failure)
		return failure;
	run.point = stream_work(stream, launch->function->duration);
	if (!act(&run)) {
		__atomic_fetch_add(&shared->illegal, 1, __ATOMIC_RELAXED);
		stream->context->fault = CUDA_ERROR_ILLEGAL_ADDRESS;
	}
	return 0;
}

static CUresult launch(CUcontext context, struct launch *launch, void **params, void **extra,
		       CUstream handle, bool per_thread)
{
	struct stream *stream;
	CUresult failure = stream_of(context, handle, per_thread, &stream);

	if (failure)
		return failure;
	if (!object_is(launch->function, FUNCTION))
		return CUDA_ERROR_INVALID_HANDLE;
	if (params && extra)
		return CUDA_ERROR_INVALID_VALUE;
	failure = launch_check(launch);
	if (!failure)
		failure = launch_read(launch->function, params, extra, launch);
	if (failure)
		return failure;
	if (stream->context != context)
		return CUDA_ERROR_INVALID_HANDLE;
	if (stream->capture)
		return capture_kernel(stream, launch);
	if (capture_implicit(stream))
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	return launch_run(stream, launch);
}

#define LAUNCHES(NAME, PER_THREAD)                                                                 \
	EXPORT CUresult NAME(CUfunction function, unsigned int gx, unsigned int gy,                \
			     unsigned int gz, unsigned int bx, unsigned int by, unsigned int bz,   \
			     unsigned int shared_bytes, CUstream stream, void **params,            \
			     void **extra)                                                         \
	{                                                                                          \
		CURRENT(context);                                                                  \
		struct launch one = {function,	   {gx, gy, gz}, {bx, by, bz},                     \
				     shared_bytes, {0},		 context};                         \
		return launch(context, &one, params, extra, stream, PER_THREAD);                   \
	}

#define COOPERATIVES(NAME, PER_THREAD)                                                             \
	EXPORT CUresult NAME(CUfunction function, unsigned int gx, unsigned int gy,                \
			     unsigned int gz, unsigned int bx, unsigned int by, unsigned int bz,   \
			     unsigned int shared_bytes, CUstream stream, void **params)            \
	{                                                                                          \
		CURRENT(context);                                                                  \
		struct launch one = {function,	   {gx, gy, gz}, {bx, by, bz},                     \
				     shared_bytes, {0},		 context};                         \
		return launch(context, &one, params, NULL, stream, PER_THREAD);                    \
	}

#define EXTENDED(NAME, PER_THREAD)                                                                 \
	EXPORT CUresult NAME(const CUlaunchConfig *config, CUfunction function, void **params,     \
			     void **extra)                                                         \
	{                                                                                          \
		CURRENT(context);                                                                  \
		if (!config || (config->count && !config->attributes))                             \
			return CUDA_ERROR_INVALID_VALUE;                                           \
		struct launch one = {function,                                                     \
				     {config->grid[0], config->grid[1], config->grid[2]},          \
				     {config->block[0], config->block[1], config->block[2]},       \
				     config->shared,                                               \
				     {0},                                                          \
				     context};                                                     \
		return launch(context, &one, params, extra, config->stream, PER_THREAD);           \
	}

LAUNCHES(cuLaunchKernel, false)
LAUNCHES(cuLaunchKernel_ptsz, true)
COOPERATIVES(cuLaunchCooperativeKernel, false)
COOPERATIVES(cuLaunchCooperativeKernel_ptsz, true)
EXTENDED(cuLaunchKernelEx, false)
EXTENDED(cuLaunchKernelEx_ptsz, true)

EXPORT CUresult cuLaunchCooperativeKernelMultiDevice(CUDA_LAUNCH_PARAMS *list, unsigned int count,
						     unsigned int flags)
{
	CURRENT(context);
	if (!list || !count || flags > 3)
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < count; i++) {
		struct launch one = {.function = list[i].function, .shared = list[i].shared};

		if (!object_is(list[i].stream, STREAM))
			return CUDA_ERROR_INVALID_VALUE;
		memcpy(one.grid, list[i].grid, sizeof(one.grid));
		memcpy(one.block, list[i].block, sizeof(one.block));
		one.context = list[i].stream->context;
		early_ = launch(one.context, &one, list[i].params, NULL, list[i].stream, false);
		if (early_)
			return early_;
	}
	return context->fault;
}

/* The interface of CUDA 3: the block's shape is the function's, and there are no arguments here. */
EXPORT CUresult cuLaunch(CUfunction function)
{
	CURRENT(context);
	struct launch one = {function, {1, 1, 1}, {1, 1, 1}, 0, {0}, context};

	return launch(context, &one, NULL, NULL, NULL, false);
}

EXPORT CUresult cuLaunchGrid(CUfunction function, int width, int height)
{
	CURRENT(context);
	struct launch one = {
	    function, {(unsigned int)width, (unsigned int)height, 1}, {1, 1, 1}, 0, {0}, context};

	return launch(context, &one, NULL, NULL, NULL, false);
}

EXPORT CUresult cuLaunchGridAsync(CUfunction function, int width, int height, CUstream stream)
{
	CURRENT(context);
	struct launch one = {
	    function, {(unsigned int)width, (unsigned int)height, 1}, {1, 1, 1}, 0, {0}, context};

	return launch(context, &one, NULL, NULL, stream, false);
}

EXPORT CUresult cuFuncSetBlockShape(CUfunction function, int x, int y, int z)
{
	INITIALISED();
	return x > 0 && y > 0 && z > 0 && object_is(function, FUNCTION) ? 0
									: CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks_out, CUfunction function,
							    int threads, size_t dynamic)
{
	INITIALISED();
	(void)dynamic;
	if (!object_is(function, FUNCTION) || threads < 1 || threads > 1024)
		return CUDA_ERROR_INVALID_VALUE;
	*blocks_out = 2048 / threads;
	return 0;
}
