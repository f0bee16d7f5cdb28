/* SPDX-License-Identifier: MIT */
/*
 * Copies and fills of pooled memory. The driver is given the whole; where it refuses memory of
 * several cards in one call, the pieces one by one. What is no pooled memory never gets that far.
 */
#include "pool_near.h"
#include "pool_table.h"
#include "real.h"

#define ADDRESS(pointer) ((CUdeviceptr)(uintptr_t)(pointer))

/* From the pointer on, how much of it lies in one piece, `bytes` at most. */
static size_t run_at(CUdeviceptr pointer, size_t bytes)
{
	struct pool_block block;
	size_t left;

	if (!table_find(pointer, &block) || !block.piece)
		return bytes;
	left = block.piece - (pointer - block.base) % block.piece;
	return left < bytes ? left : bytes;
}

static size_t part_of(CUdeviceptr target, CUdeviceptr source, size_t bytes)
{
	return run_at(source, run_at(target, bytes));
}

/* Whether the driver has refused something that it may take in parts. */
static bool is_cut(CUresult result, CUdeviceptr target, CUdeviceptr source, size_t bytes)
{
	return result == CUDA_ERROR_INVALID_VALUE && part_of(target, source, bytes) < bytes;
}

/* A copy; `order` is what follows the bytes in the call. */
#define COPY_IN_PARTS(name, to, from, order)                                                       \
	__typeof__(cuda_real()->name) function = cuda_real()->name;                                \
	CUdeviceptr at = ADDRESS(target), of = ADDRESS(source);                                    \
	CUresult result;                                                                           \
	bool entered;                                                                              \
                                                                                                   \
	if (!function)                                                                             \
		return CUDA_ERROR_NOT_FOUND;                                                       \
	entered = near_enter();                                                                    \
	result = function(target, source, bytes order);                                            \
	if (is_cut(result, at, of, bytes)) {                                                       \
		result = CUDA_SUCCESS;                                                             \
		for (size_t part; bytes && result == CUDA_SUCCESS;                                 \
		     bytes -= part, at += part, of += part) {                                      \
			part = part_of(at, of, bytes);                                             \
			result = function((to)(uintptr_t)at, (from)(uintptr_t)of, part order);     \
		}                                                                                  \
	}                                                                                          \
	near_leave(entered);                                                                       \
	return result;

/* A fill: a piece holds a whole number of values. */
#define FILL_IN_PARTS(name, type, order)                                                           \
	__typeof__(cuda_real()->name) function = cuda_real()->name;                                \
	CUresult result;                                                                           \
	bool entered;                                                                              \
                                                                                                   \
	if (!function)                                                                             \
		return CUDA_ERROR_NOT_FOUND;                                                       \
	entered = near_enter();                                                                    \
	result = function(target, value, count order);                                             \
	if (is_cut(result, target, target, count * sizeof(type))) {                                \
		result = CUDA_SUCCESS;                                                             \
		for (size_t part; count && result == CUDA_SUCCESS; count -= part) {                \
			part = run_at(target, count * sizeof(type)) / sizeof(type);                \
			result = function(target, value, part order);                              \
			target += part * sizeof(type);                                             \
		}                                                                                  \
	}                                                                                          \
	near_leave(entered);                                                                       \
	return result;

#define EXPORT __attribute__((visibility("default"))) CUresult
#define WITH_STREAM , stream

#define COPY(name, to, from)                                                                       \
	EXPORT name(to target, from source, size_t bytes)                                          \
	{                                                                                          \
		COPY_IN_PARTS(name, to, from, )                                                    \
	}
#define COPY_ASYNC(name, to, from)                                                                 \
	EXPORT name(to target, from source, size_t bytes, CUstream stream)                         \
	{                                                                                          \
		COPY_IN_PARTS(name, to, from, WITH_STREAM)                                         \
	}
#define COPIES(X, function, thread, async, both, to, from)                                         \
	COPY(function, to, from)                                                                   \
	COPY(thread, to, from)                                                                     \
	COPY_ASYNC(async, to, from)                                                                \
	COPY_ASYNC(both, to, from)

#define FILL(name, type)                                                                           \
	EXPORT name(CUdeviceptr target, type value, size_t count)                                  \
	{                                                                                          \
		FILL_IN_PARTS(name, type, )                                                        \
	}
#define FILL_ASYNC(name, type)                                                                     \
	EXPORT name(CUdeviceptr target, type value, size_t count, CUstream stream)                 \
	{                                                                                          \
		FILL_IN_PARTS(name, type, WITH_STREAM)                                             \
	}
#define FILLS(X, function, thread, async, both, type)                                              \
	FILL(function, type)                                                                       \
	FILL(thread, type)                                                                         \
	FILL_ASYNC(async, type)                                                                    \
	FILL_ASYNC(both, type)

MVGAL_COPIES(, COPIES, FILLS)
