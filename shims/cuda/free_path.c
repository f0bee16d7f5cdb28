/* SPDX-License-Identifier: MIT */
#include "free_path.h"

#include <string.h>

#include "gate_clock.h"
#include "session.h"
#include "settings.h"

/*
 * For so many ticks what was found of a stream is believed: 2 to 10 ms. A clock of the system takes
 * longer to ask than the rest of a launch that is free, and on virtual machines as much as a call
 * of the kernel.
 */
#define FREE_TICKS 10000000u
/* This many launches follow without a look at the time where those before came quickly. */
#define FREE_LAUNCHES 8
#define QUICK_TICKS (FREE_TICKS / 16)

_Thread_local struct free_path free_path;

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

static CUstream *place_of(CUstream stream)
{
	/* Streams are addresses, of things larger than these. */
	return &free_path.streams[(uintptr_t)stream / 64 % FREE_PATH_STREAMS];
}

/* A stream of its own belongs to one context: the default ones do not tell of which they are. */
static bool is_free(CUstream stream)
{
	const struct cuda_real *real = free_path.real;
	CUcontext current;

	if (free_path.all)
		return true;
	if (stream && !free_path_is_default(stream))
		return *place_of(stream) == stream;
	return real->cuCtxGetCurrent && real->cuCtxGetCurrent(&current) == CUDA_SUCCESS &&
	       current == free_path.context;
}

bool free_path_passes(CUstream stream)
{
	uint64_t now;

	if (!free_path.context)
		return false;
	if (free_path.left && is_free(stream)) {
		free_path_pass();
		return true;
	}
	now = ticks();
	free_path.left = 0;
	if (now - free_path.from >= FREE_TICKS || !is_free(stream))
		return false;
	free_path.left = 1 + (now - free_path.looked < QUICK_TICKS ? FREE_LAUNCHES : 0);
	free_path.looked = now;
	free_path_pass();
	return true;
}

void free_path_set(uint32_t row, CUstream stream, CUcontext context)
{
	const struct cuda_real *real = cuda_real();
	_Atomic uint64_t *launches = mvgal_session_launches(row);
	uint64_t now = ticks();
	int gpus = 0;

	/* Of launches that may refer to pooled memory more is asked. */
	free_path.all = !settings()->pool && real->cuDeviceGetCount &&
			real->cuDeviceGetCount(&gpus) == CUDA_SUCCESS && gpus == 1;
	free_path.launches = launches ? launches : &free_path.nowhere;
	free_path.real = real;
	if (free_path.context != context || now - free_path.from >= FREE_TICKS) {
		memset(free_path.streams, 0, sizeof(free_path.streams));
		free_path.context = context;
		free_path.from = free_path.looked = now;
	}
	if (!free_path_is_default(stream))
		*place_of(stream) = stream;
}

void free_path_forget(void)
{
	free_path.left = 0;
	free_path.context = NULL;
}
