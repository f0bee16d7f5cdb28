/* SPDX-License-Identifier: MIT */
/*
 * Memory that streams allocate from pools. What is asked for is reserved before, where the pool may
 * have to grow; what it grew by is charged after. Memory of graphs is the driver's own: it shows in
 * NVML's figure alone.
 */
#include <stdlib.h>

#include "async.h"
#include "async_pool.h"
#include "charge.h"
#include "charged.h"

struct request {
	CUmemoryPool pool; /* NULL: the one of the stream's GPU */
	CUstream stream;
	size_t bytes;
	bool per_thread;
	CUdeviceptr made;
};

static CUresult allocate_of_driver(struct request *request)
{
	const struct cuda_real *real = cuda_real();

	if (request->pool)
		return (request->per_thread ? real->cuMemAllocFromPoolAsync_ptsz
					    : real->cuMemAllocFromPoolAsync)(
		    &request->made, request->bytes, request->pool, request->stream);
	return (request->per_thread ? real->cuMemAllocAsync_ptsz : real->cuMemAllocAsync)(
	    &request->made, request->bytes, request->stream);
}

static bool is_capturing(const struct request *request)
{
	const struct cuda_real *real = cuda_real();
	CUresult (*ask)(CUstream, int *) =
	    request->per_thread ? real->cuStreamIsCapturing_ptsz : real->cuStreamIsCapturing;
	int status = CU_STREAM_CAPTURE_STATUS_NONE;

	return ask && (ask(request->stream, &status) != CUDA_SUCCESS ||
		       status != CU_STREAM_CAPTURE_STATUS_NONE);
}

static const struct device *device_of_context(CUcontext context)
{
	const struct cuda_real *real = cuda_real();
	const struct device *device = NULL;
	CUcontext popped;

	if (!real->cuCtxPushCurrent_v2 || !real->cuCtxPopCurrent_v2 ||
	    real->cuCtxPushCurrent_v2(context) != CUDA_SUCCESS)
		return NULL;
	device = account_current();
	real->cuCtxPopCurrent_v2(&popped);
	return device;
}

static const struct device *device_of_stream(CUstream stream)
{
	const struct cuda_real *real = cuda_real();
	CUcontext context, current = NULL;

	if (!stream || stream == CU_STREAM_LEGACY || stream == CU_STREAM_PER_THREAD ||
	    !real->cuStreamGetCtx || real->cuStreamGetCtx(stream, &context) != CUDA_SUCCESS)
		return account_current();
	if (real->cuCtxGetCurrent)
		real->cuCtxGetCurrent(&current);
	return context == current ? account_current() : device_of_context(context);
}

static const struct device *device_of_pool(CUmemoryPool pool, const struct device *streams)
{
	const struct cuda_real *real = cuda_real();
	int count = 0;

	if (!real->cuDeviceGetCount || real->cuDeviceGetCount(&count) != CUDA_SUCCESS)
		return streams;
	for (int i = 0; i < count; i++) {
		CUmemoryPool current = NULL, first = NULL;
		CUdevice device;

		if (!real->cuDeviceGet || real->cuDeviceGet(&device, i) != CUDA_SUCCESS)
			continue;
		if (real->cuDeviceGetMemPool)
			real->cuDeviceGetMemPool(&current, device);
		if (real->cuDeviceGetDefaultMemPool)
			real->cuDeviceGetDefaultMemPool(&first, device);
		if (pool == current || pool == first)
			return account_device(device);
	}
	return streams;
}

/* The pool that is meant; NULL where it cannot be told. */
static struct async_pool *pool_of(const struct request *request)
{
	const struct cuda_real *real = cuda_real();
	const struct device *device = device_of_stream(request->stream);
	CUmemoryPool pool = request->pool;
	struct async_pool *found;

	if (!device)
		return NULL;
	if (!pool && (!real->cuDeviceGetMemPool ||
		      real->cuDeviceGetMemPool(&pool, device->device) != CUDA_SUCCESS))
		return NULL;
	found = async_find(pool);
	if (found)
		return found;
	return async_add(pool, request->pool ? device_of_pool(pool, device) : device);
}

/* More than a limit has room for: the driver takes it back before anybody sees it. */
static void undo(const struct request *request, struct async_pool *pool, uint64_t keep)
{
	const struct cuda_real *real = cuda_real();
	CUresult (*free_async)(CUdeviceptr, CUstream) =
	    request->per_thread ? real->cuMemFreeAsync_ptsz : real->cuMemFreeAsync;
	CUresult (*synchronize)(CUstream) =
	    request->per_thread ? real->cuStreamSynchronize_ptsz : real->cuStreamSynchronize;

	if (free_async && free_async(request->made, request->stream) == CUDA_SUCCESS &&
	    synchronize && synchronize(request->stream) == CUDA_SUCCESS && real->cuMemPoolTrimTo)
		real->cuMemPoolTrimTo(pool->pool, keep);
	async_charge(pool, true);
}

static bool hold(struct async_pool *pool, uint64_t bytes)
{
	if (account_reserve(pool->device, bytes))
		return true;
	async_charge_all(pool->device);
	return account_reserve(pool->device, bytes);
}

static CUresult allocate_from(struct async_pool *pool, struct request *request,
			      struct ledger_entry *entry)
{
	uint64_t before, held;
	CUresult result;

	async_charge(pool, true);
	before = pool->charged;
	held = async_has_room(pool, request->bytes) ? 0 : request->bytes;
	if (!hold(pool, held))
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = allocate_of_driver(request);
	if (result != CUDA_SUCCESS) {
		account_cancel(pool->device, held);
		return result;
	}
	account_keep(pool->device, held);
	pool->charged += held;
	if (!async_charge(pool, false)) {
		undo(request, pool, before);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	pool->outstanding += request->bytes;
	*entry = (struct ledger_entry){
	    .kind = LEDGER_POOLED,
	    .key = request->made,
	    .bytes = request->bytes,
	    .device = pool->device,
	    .owner = pool,
	};
	ledger_put(entry);
	return result;
}

static CUresult allocate(CUdeviceptr *pointer, struct request request)
{
	struct ledger_entry *entry;
	struct async_pool *pool;
	CUresult result;

	if (!pointer || !account_current() || is_capturing(&request)) {
		result = allocate_of_driver(&request);
		if (result == CUDA_SUCCESS)
			*pointer = request.made;
		return result;
	}
	entry = ledger_new();
	if (!entry)
		return CUDA_ERROR_OUT_OF_MEMORY;
	account_look(device_of_stream(request.stream));
	account_busy();
	async_lock();
	pool = pool_of(&request);
	result = pool && pool->device ? allocate_from(pool, &request, entry)
				      : allocate_of_driver(&request);
	async_unlock();
	account_idle();
	if (result == CUDA_SUCCESS)
		*pointer = request.made;
	if (result != CUDA_SUCCESS || !pool || !pool->device)
		free(entry);
	return result;
}

CUresult charged_cuMemAllocAsync(CUdeviceptr *pointer, size_t bytes, CUstream stream)
{
	const struct cuda_real *real = cuda_real();

	if (!real->cuMemAllocAsync)
		return CUDA_ERROR_NOT_FOUND;
	if (!pointer)
		return real->cuMemAllocAsync(pointer, bytes, stream);
	return allocate(pointer, (struct request){.bytes = bytes, .stream = stream});
}

CUresult charged_cuMemAllocAsync_ptsz(CUdeviceptr *pointer, size_t bytes, CUstream stream)
{
	const struct cuda_real *real = cuda_real();

	if (!real->cuMemAllocAsync_ptsz)
		return CUDA_ERROR_NOT_FOUND;
	if (!pointer)
		return real->cuMemAllocAsync_ptsz(pointer, bytes, stream);
	return allocate(pointer,
			(struct request){.bytes = bytes, .stream = stream, .per_thread = true});
}

CUresult charged_cuMemAllocFromPoolAsync(CUdeviceptr *pointer, size_t bytes, CUmemoryPool pool,
					 CUstream stream)
{
	const struct cuda_real *real = cuda_real();

	if (!real->cuMemAllocFromPoolAsync)
		return CUDA_ERROR_NOT_FOUND;
	if (!pointer || !pool)
		return real->cuMemAllocFromPoolAsync(pointer, bytes, pool, stream);
	return allocate(pointer, (struct request){.bytes = bytes, .pool = pool, .stream = stream});
}

CUresult charged_cuMemAllocFromPoolAsync_ptsz(CUdeviceptr *pointer, size_t bytes, CUmemoryPool pool,
					      CUstream stream)
{
	const struct cuda_real *real = cuda_real();

	if (!real->cuMemAllocFromPoolAsync_ptsz)
		return CUDA_ERROR_NOT_FOUND;
	if (!pointer || !pool)
		return real->cuMemAllocFromPoolAsync_ptsz(pointer, bytes, pool, stream);
	return allocate(
	    pointer,
	    (struct request){.bytes = bytes, .pool = pool, .stream = stream, .per_thread = true});
}

CUresult charged_cuMemFreeAsync(CUdeviceptr pointer, CUstream stream)
{
	const struct cuda_real *real = cuda_real();
	struct ledger_entry *entry;

	if (!real->cuMemFreeAsync)
		return CUDA_ERROR_NOT_FOUND;
	entry = charge_free_begin(pointer);
	return charge_free_end(entry, real->cuMemFreeAsync(pointer, stream));
}

CUresult charged_cuMemFreeAsync_ptsz(CUdeviceptr pointer, CUstream stream)
{
	const struct cuda_real *real = cuda_real();
	struct ledger_entry *entry;

	if (!real->cuMemFreeAsync_ptsz)
		return CUDA_ERROR_NOT_FOUND;
	entry = charge_free_begin(pointer);
	return charge_free_end(entry, real->cuMemFreeAsync_ptsz(pointer, stream));
}
